"""Where the tests' sessions are: a file of SQLite, or the place that CHATSTORE_URL names."""

import os
import sys
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from chatstore import MaintainedSessionStore
from chatstore.integrations.conversations import open_conversation_store
from chatstore.integrations.openai_agents import ChatStoreSession

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def anyio_backend() -> str:
    """The loop that the framework runs under."""
    return "asyncio"


@pytest.fixture(scope="session")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The place of the store."""
    default = f"sqlite:///{tmp_path_factory.mktemp('store')}/chat.db"
    return os.environ.get("CHATSTORE_URL", default)


@pytest.fixture
def store(url: str) -> Iterator[MaintainedSessionStore]:
    """A store there."""
    with open_conversation_store(url, ttl=timedelta(hours=1)) as opened:
        yield opened


@pytest.fixture
def make(store: MaintainedSessionStore) -> Callable[[], ChatStoreSession]:
    """What makes the object of a session that nobody else has, again and again."""
    session_id, user_id = f"chat-{uuid.uuid4()}", f"ana-{uuid.uuid4()}"
    return lambda: ChatStoreSession(session_id, store, user_id=user_id)


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests don't wait for what waits."""
    monkeypatch.setattr("chatstore.integrations.attempts._LONGEST_PAUSE", 0)
