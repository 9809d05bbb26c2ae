"""The harness of the reference store; the shortest example of one."""

import copy
from collections.abc import Iterator
from contextlib import contextmanager

from chatstore import (
    Clock,
    ConfigurationError,
    JsonObject,
    MemorySessionStore,
    MemoryStorage,
    RetentionPolicy,
    utc_now,
)
from chatstore_contract_tests.harness import Harness
from chatstore_contract_tests.namespaces import FreshHarness


class MemoryHarness(Harness):
    """Stores that share one `MemoryStorage`."""

    name = "memory"

    def __init__(self) -> None:
        self.storage = MemoryStorage()

    def open(
        self, *, policy: RetentionPolicy | None = None, clock: Clock = utc_now
    ) -> MemorySessionStore:
        return MemorySessionStore(self.storage, policy=policy, clock=clock)

    def raw_write(self, document: JsonObject) -> None:
        self.storage.documents[document["sessionId"]] = copy.deepcopy(document)

    def raw_read(self, session_id: str) -> object:
        return copy.deepcopy(self.storage.documents.get(session_id))

    def corrupt(self, session_id: str) -> None:
        self.storage.documents[session_id]["userPreferences"] = "no object"

    def corrupt_message(self, session_id: str) -> None:
        self.storage.documents[session_id]["messages"][-1]["content"] = 7


@contextmanager
def namespace(url: str, name: str) -> Iterator[FreshHarness]:  # noqa: ARG001 - of its protocol
    """For `chatstore contract memory://`: there is nothing to take, and nothing is left."""
    if url != "memory://":
        raise ConfigurationError("the URL of a store in memory is memory:// alone")
    yield MemoryHarness
