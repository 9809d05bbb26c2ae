"""One store under comparison: several clients on one harness, and steps that answer plainly."""

import copy
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from typing import Any
from uuid import uuid4

from chatstore import (
    ChatStoreError,
    CorruptSessionError,
    InvalidCursorError,
    ManualClock,
    Page,
    Session,
)
from chatstore_contract_tests.behaviour import START
from chatstore_contract_tests.comparing import plain
from chatstore_contract_tests.harness import Harness
from chatstore_contract_tests.namespaces import find_namespace
from chatstore_contract_tests.parity.material import POLICIES

_INDEXED = ("list_sessions", "delete_user")


class Subject:
    """A harness and its clients, one for each of `POLICIES`, each with a clock of its own.

    Every method is a step of a program. A step's answer is what must be alike on every backend: the
    result, the text of a cursor included, or the type of the error, with `texts` its text too.
    """

    def __init__(self, harness: Harness, *, texts: bool = True) -> None:
        self.harness = harness
        self._texts = texts
        self._cursors: list[str] = []
        self.clocks = [ManualClock(START) for _ in POLICIES]
        self.stores = [
            harness.open(policy=policy, clock=clock)
            for policy, clock in zip(POLICIES, self.clocks, strict=True)
        ]

    def call(self, client: int, method: str, *arguments: object, **options: object) -> object:
        """Call a method of one client's store."""
        if method in _INDEXED:
            self.harness.settle()
        call: Callable[..., object] = getattr(self.stores[client], method)
        return self._answer(lambda: call(*copy.deepcopy(arguments), **copy.deepcopy(options)))

    def list_messages(
        self, client: int, session_id: str, number: int | None, **options: object
    ) -> object:
        """A page of messages; with a `number`, from one of the last cursors that such a page had
        here. They are the store's own, since they tell of the session's life."""
        store = self.stores[client]

        def page() -> object:
            known = self._cursors[-10:]
            cursor = None if number is None or not known else known[number % len(known)]
            given: Any = {**options, "cursor": cursor}
            try:
                found = store.list_messages(session_id, **given)
            except InvalidCursorError:
                # Its text quotes the cursor.
                return InvalidCursorError.__name__
            if found.next_cursor is not None:
                self._cursors.append(found.next_cursor)
            return found

        return self._answer(page)

    def scan(self, client: int, limit: int) -> object:
        """Every session that a scan shows, sorted: order and cursor are the backend's own."""
        store = self.stores[client]

        def all_sessions() -> list[Session]:
            found: dict[str, Session] = {}
            cursor: str | None = None
            for _ in range(10_000):
                page: Page[Session] = store.scan(limit=limit, cursor=cursor)
                found |= {each.session_id: each for each in page.items}
                if (cursor := page.next_cursor) is None:
                    return [found[key] for key in sorted(found)]
            raise AssertionError("the scan does not end")

        return self._answer(all_sessions)

    def purge(self, client: int) -> object:
        """Reclaim what has expired; how many a call removes itself is the backend's own affair."""
        store = self.stores[client]
        return self._answer(lambda: store.purge_expired() >= 0)

    def set_clock(self, client: int, now: datetime) -> object:
        """Put one client's clock."""
        self.clocks[client].now = now
        return None

    def reset(self) -> None:
        """Put every client's clock to where programs begin, and forget what was listed."""
        self._cursors.clear()
        for clock in self.clocks:
            clock.now = START

    def raw_write(self, document: dict[str, object]) -> object:
        """Let another service write a record of which nothing is stored yet."""
        self.harness.raw_write(copy.deepcopy(document))
        return None

    def corrupt(self, session_id: str, part: str) -> object:
        """Make a stored record unreadable: its own attributes, or with `part` "message" one of its
        messages."""
        if part == "message":
            self.harness.corrupt_message(session_id)
        else:
            self.harness.corrupt(session_id)
        return None

    def clear(self, users: Iterable[str]) -> None:
        """Remove what there is of the users, corrupt records included."""
        self.reset()
        self.harness.settle()
        for user in users:
            self.stores[0].delete_user(user)

    def close(self) -> None:
        """Close the clients."""
        for store in self.stores:
            store.close()

    def _answer(self, call: Callable[[], object]) -> object:
        try:
            return plain(call())
        except ChatStoreError as error:
            if not self._texts:
                return type(error).__name__
            # A corrupt record's error names the backend, and why it can't be read is the backend's
            # own.
            text = error.session_id if isinstance(error, CorruptSessionError) else str(error)
            return type(error).__name__, text


@contextmanager
def opened(url: str) -> Iterator[Subject]:
    """A subject in a new namespace of the deployment that `url` names."""
    with (
        find_namespace(url)(url, f"chatstore-parity-{uuid4().hex[:12]}") as fresh_harness,
        closing(fresh_harness()) as harness,
        closing(Subject(harness)) as subject,
    ):
        yield subject
