"""A plug-in of pytest: stores for these tests, each as another process would open it."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from chatstore import MaintainedSessionStore
from chatstore.integrations.conversations import open_conversation_store
from sides import OpenStore


@pytest.fixture
def open_store(store_url: str) -> Iterator[OpenStore]:
    """Opens the store at one URL, a new object each time."""
    opened: list[MaintainedSessionStore] = []

    def opening() -> MaintainedSessionStore:
        opened.append(open_conversation_store(store_url, ttl=timedelta(hours=1)))
        return opened[-1]

    yield opening
    for store in opened:
        store.close()
