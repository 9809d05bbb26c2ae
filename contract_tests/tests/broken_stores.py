"""A third party's package: stores that each break one promise, and their harnesses. `contract` is
served from here through entry points, as any backend is."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
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


def harness_of(
    name: str, engine: type[MemoryEngine]
) -> Callable[[str, str], AbstractContextManager[FreshHarness]]:
    """The entry point of one of the stores."""

    class BrokenHarness(MemoryHarness):
        def open(
            self, *, policy: RetentionPolicy | None = None, clock: Clock = utc_now
        ) -> MemorySessionStore:
            return MemorySessionStore(engine(self.storage), policy=policy, clock=clock)

    BrokenHarness.name = name

    @contextmanager
    def namespace(_url: str, _name: str) -> Iterator[FreshHarness]:
        yield BrokenHarness

    return namespace


stored_twice = harness_of("stored-twice", StoredTwice)
short_pages = harness_of("short-pages", ShortPages)
deleted_by_anybody = harness_of("deleted-by-anybody", DeletedByAnybody)
