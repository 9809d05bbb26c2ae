"""What the tests of the LlamaIndex adapter share: on which stores they run."""

import os
import sys
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from chatstore import MaintainedSessionStore
from chatstore.integrations.conversations import open_conversation_store

sys.path.insert(0, str(Path(__file__).parent))


def pytest_configure(config: pytest.Config) -> None:
    """Warnings are errors, but for what the framework itself still does with pydantic."""
    config.addinivalue_line("filterwarnings", "ignore:The `__fields:DeprecationWarning")
    config.addinivalue_line("filterwarnings", "ignore:Accessing the 'model_:DeprecationWarning")


_SERVERS = ("REDIS", "DYNAMODB", "POSTGRESQL")


@pytest.fixture(params=["SQLITE", *_SERVERS])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a store: a file, and each server that CHATSTORE_TEST_NAME_URL tells."""
    if request.param == "SQLITE":
        return f"sqlite:///{tmp_path}/chat.db"
    url = os.environ.get(f"CHATSTORE_TEST_{request.param}_URL")
    if url is None:
        pytest.skip(f"CHATSTORE_TEST_{request.param}_URL is not set")
    return url


@pytest.fixture
def store(store_url: str) -> Iterator[MaintainedSessionStore]:
    """A store at that URL."""
    with open_conversation_store(store_url, ttl=timedelta(hours=1)) as opened:
        yield opened


@pytest.fixture
def user_id() -> str:
    """A user whom nobody else has: the servers are shared."""
    return f"user-{uuid.uuid4()}"


@pytest.fixture
def key() -> str:
    """A key that nobody else has."""
    return f"chat-{uuid.uuid4()}"
