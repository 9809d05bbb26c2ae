"""The pytest plug-in of every framework's tests: stores to run on, and the path of their folder."""

import sys
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from uuid import uuid4

import pytest

from chatstore import MaintainedSessionStore
from chatstore.integrations.conversations import open_conversation_store
from store_urls import SQLITE, prepared, server_urls, store_names

# pytest makes a package of a folder's name, which for some is the framework's, unless there is one.
for folder_of_tests in Path(__file__).parent.parent.iterdir():
    with suppress(ModuleNotFoundError):
        import_module(folder_of_tests.name)


def pytest_collect_file(file_path: Path) -> None:
    """Let a test import what lies beside it: `example`, `scripted`, `cost`."""
    folder = str(file_path.parent)
    if file_path.name.startswith("test_") and folder not in sys.path:
        sys.path.insert(0, folder)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that asks for a store on SQLite, and on each server that is named."""
    if "store_name" in metafunc.fixturenames:
        metafunc.parametrize("store_name", store_names(), scope="session")


@pytest.fixture
def store_url(store_name: str, tmp_path: Path) -> str:
    """The URL of a store that is ready: a file of the test's own, or a server, which is shared."""
    if store_name == SQLITE:
        return f"sqlite:///{tmp_path / 'chat.db'}"
    return prepared(server_urls()[store_name])


@pytest.fixture
def store(store_url: str) -> Iterator[MaintainedSessionStore]:
    """A store that keeps conversations for a month."""
    opened = open_conversation_store(store_url, ttl=timedelta(days=30))
    yield opened
    opened.close()


@pytest.fixture
def user_id() -> str:
    """A user whom no other test has."""
    return f"user-{uuid4().hex}"
