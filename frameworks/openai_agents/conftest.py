"""What the tests of the sessions are given."""

import uuid

import pytest

from chatstore import MaintainedSessionStore
from chatstore.integrations.openai_agents import ChatStoreSession
from sessions import Make


@pytest.fixture
def make(store: MaintainedSessionStore, user_id: str) -> Make:
    """What makes the object of a session that nobody else has, again and again."""
    session_id = f"chat-{uuid.uuid4()}"
    return lambda: ChatStoreSession(session_id, store, user_id=user_id)


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests don't wait for what waits."""
    monkeypatch.setattr("chatstore.integrations.attempts._LONGEST_PAUSE", 0)
