"""A repository with one session."""

from uuid import uuid4

import pytest

from chatstore import MaintainedSessionStore
from chatstore.integrations.strands import ChatStoreSessionRepository
from messages import begin


@pytest.fixture
def session_id() -> str:
    """The id of a session that nobody else has."""
    return f"chat-{uuid4()}"


@pytest.fixture
def repository(
    store: MaintainedSessionStore, user_id: str, session_id: str
) -> ChatStoreSessionRepository:
    """A repository with that session."""
    made = ChatStoreSessionRepository(store, user_id=user_id)
    begin(made, session_id)
    return made
