"""A third party's package: a store that breaks three promises, and its harness. `contract` is
served from here through an entry point, as any backend is."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from chatstore import Clock, MemorySessionStore, RetentionPolicy, utc_now
from chatstore.engine.cursor import Position
from chatstore.engine.query import PageQuery
from chatstore.engine.write import Write
from chatstore.memory import MemoryEngine
from chatstore.record.stored import Body, Stored, StoredMessage
from chatstore_contract_tests.memory import MemoryHarness
from chatstore_contract_tests.namespaces import FreshHarness


class StoredTwice(MemoryEngine):
    """What is sent again counts again."""

    def append(self, write: Write, messages: Sequence[StoredMessage], **options: Any) -> Stored:
        with self.storage.lock:
            for stored in self._live(write)["messages"]:
                stored["messageId"] = f"{stored['messageId']} once"
        return super().append(write, messages, **options)


class ShortPages(MemoryEngine):
    """A page stops one short."""

    def page(self, query: PageQuery) -> Sequence[tuple[Position, Body]]:
        found = super().page(query)
        return found[:-1] if len(found) > 1 else found


class DeletedByAnybody(MemoryEngine):
    """Anybody may delete."""

    def delete(self, write: Write) -> bool:
        with self.storage.lock:
            return self.storage.documents.pop(write.session_id, None) is not None


class BrokenEngine(StoredTwice, ShortPages, DeletedByAnybody):
    """All three."""


class BrokenHarness(MemoryHarness):
    """The reference's harness, over the broken engine."""

    name = "broken"

    def open(
        self, *, policy: RetentionPolicy | None = None, clock: Clock = utc_now
    ) -> MemorySessionStore:
        return MemorySessionStore(BrokenEngine(self.storage), policy=policy, clock=clock)


@contextmanager
def namespace(_url: str, _name: str) -> Iterator[FreshHarness]:
    """The entry point."""
    yield BrokenHarness
