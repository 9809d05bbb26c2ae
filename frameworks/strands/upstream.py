"""The framework's own tests, over our repository: a plug-in of pytest, for its source distribution.

Puts our repository in the place of the one in memory that its tests use, over the store at
CHATSTORE_URL. Which of its tests are run is in `upstream.toml`.
"""

import os
import tempfile
from datetime import timedelta

import pytest

from chatstore.integrations.conversations import open_conversation_store
from chatstore.integrations.items import composed_id
from chatstore.integrations.strands import ChatStoreSessionRepository
from chatstore.models import new_id

FOLDER = tempfile.TemporaryDirectory()
URL = os.environ.get("CHATSTORE_URL") or f"sqlite:///{FOLDER.name}/chat.db"
STORE = open_conversation_store(URL, ttl=timedelta(hours=1))
USED_BY: set[str] = set()
"""The tests that made a repository: the others prove nothing of it."""


class OurRepository(ChatStoreSessionRepository):
    """In the place of MockedSessionRepository: each object has sessions of its own."""

    def __init__(self) -> None:
        super().__init__(STORE, user_id=new_id())
        self._apart = new_id()
        USED_BY.add(os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" ")[0])

    def _place(self, *names: str) -> str:
        return composed_id(self._apart, *names)


def pytest_configure() -> None:
    """Replace the class, before a test module imports it."""
    from tests.fixtures import (  # type: ignore[import-untyped]  # theirs
        mock_session_repository,
    )

    mock_session_repository.MockedSessionRepository = OurRepository


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many of the tests had to do with our repository."""
    terminalreporter.write_line(f"{len(USED_BY)} tests used our repository")


def pytest_unconfigure() -> None:
    """Leave nothing open."""
    STORE.close()
    FOLDER.cleanup()
