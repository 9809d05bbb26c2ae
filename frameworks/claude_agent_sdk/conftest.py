"""Who the tests' users are, and that each test that awaits runs under asyncio and trio."""

import uuid
from collections.abc import Callable

import pytest

from chatstore.integrations.claude_agent_sdk import ClaudeSessionStore
from chatstore.protocol import MaintainedSessionStore

Make = Callable[[], ClaudeSessionStore]


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    """What runs a test that awaits."""
    return str(request.param)


@pytest.fixture
def make(store: MaintainedSessionStore) -> Make:
    """What makes a session store for a user of its own."""
    return lambda: ClaudeSessionStore(store, f"ana-{uuid.uuid4()}")
