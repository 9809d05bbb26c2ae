"""Archived conversations: taken once and replaced whole, whatever is lost, and at no cost."""

from collections.abc import Callable
from typing import Any

import pytest

from chatstore import (
    BackendUnavailableError,
    MemorySessionStore,
    MemoryStorage,
    Message,
)
from chatstore.integrations.entries import ACTIVE, new_item
from chatstore.models import Page, Session, SessionInfo

from .archives import POLICY, add, archive_over, state, turns


class Requests(MemorySessionStore):
    """Counts the messages that are read, and notes what is written."""

    def __init__(self) -> None:
        super().__init__(policy=POLICY)
        self.read = 0
        self.written: list[Any] = []

    def get(self, session_id: str, **options: Any) -> Session:
        """The store's."""
        session = super().get(session_id, **options)
        self.read += len(session.messages)
        return session

    def list_messages(self, session_id: str, **options: Any) -> Page[Message]:
        """The store's."""
        page = super().list_messages(session_id, **options)
        self.read += len(page.items)
        return page

    def update(self, session_id: str, **options: Any) -> SessionInfo:
        """The store's."""
        self.written.append(options)
        return super().update(session_id, **options)


@pytest.mark.parametrize("active", [10, 60, 200])
def test_what_is_archived_costs_nothing(active: int) -> None:
    """Reading what is active, and archiving more, reads no more messages beside three thousand
    archived ones than beside a few hundred, and archiving writes one small mark."""
    costs = []
    for archived in (400, 3_000):
        store = Requests()
        archive = archive_over(store)
        add(store, turns((archived + active) // 2))
        archive.archive("chat", archived)
        store.read = 0
        store.written.clear()
        assert len(archive.snapshot("chat").active) == active
        assert archive.archive("chat", 2) == turns(1, archived // 2)
        costs.append(store.read)
        (write,) = store.written
        assert write.keys() == {"metadata", "user_id", "if_version"}
        assert len(str(write["metadata"])) < 200
        assert len(state(archive)[0]) == archived + 2
    assert costs[1] == costs[0]


class LossyStore(MemorySessionStore):
    """A store of whose writes by one name the next ones lose their answers, or fail before."""

    def __init__(self, storage: MemoryStorage | None = None) -> None:
        super().__init__(storage, policy=POLICY)
        self.faults: list[str] = []
        self.meanwhile: Callable[[], None] = lambda: None

    def update(self, *arguments: Any, **options: Any) -> SessionInfo:
        """The store's, with faults."""
        info: SessionInfo = self._spoilt(super().update, *arguments, **options)
        return info

    def rewrite(self, *arguments: Any, **options: Any) -> Session:
        """The store's, with faults."""
        session: Session = self._spoilt(super().rewrite, *arguments, **options)
        return session

    def _spoilt(self, call: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        fault = self.faults.pop(0) if self.faults else "none"
        if fault == "before":
            raise BackendUnavailableError("refused")
        if fault == "others first":
            self.meanwhile()
        if fault == "sent again":
            # As a driver does, which then meets its own result.
            call(*arguments, **options)
        if fault == "sent again, others between":
            call(*arguments, **options)
            self.meanwhile()
        result = call(*arguments, **options)
        if fault == "answer lost":
            raise BackendUnavailableError("no answer")
        if fault == "answer lost, others next":
            self.meanwhile()
            raise BackendUnavailableError("no answer")
        return result


FAULTS = (
    "before",
    "answer lost",
    "others first",
    "sent again",
    "answer lost, others next",
    "sent again, others between",
)
AFTER = FAULTS[-2:]
"""Others write after what was asked for has happened, and before that is known."""


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("long", [False, True])
@pytest.mark.parametrize("kind", ["archive", "remove", "remove all"])
def test_what_is_taken_is_taken_once(kind: str, fault: str, *, long: bool) -> None:
    """Whatever happens to the answer of a write, and whoever adds meanwhile: exactly the oldest are
    taken, and told; what others add stays."""
    store = LossyStore()
    archive = archive_over(store)
    others = archive_over(store)
    first = turns(100 if long else 4)
    add(store, first)

    def meanwhile() -> None:
        store.faults, kept = [], store.faults
        add(store, turns(1, 900))
        store.faults = kept

    store.meanwhile = meanwhile
    store.faults = [fault]
    added = turns(1, 900) if "others" in fault else []
    if kind == "archive":
        assert archive.archive("chat", 2) == first[:2]
        assert state(others) == (first[:2], first[2:] + added)
    elif kind == "remove":
        assert archive.remove("chat", lambda found: found.active[:2]) == first[:2]
        assert state(others) == ([], first[2:] + added)
    else:
        archive.remove("chat", lambda found: found.active)
        assert state(others) == ([], added if fault in AFTER else [])


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("exists", [False, True])
def test_replacing_is_one_write(fault: str, *, exists: bool) -> None:
    """All is replaced at once, the archived too: no reader ever sees less than the old or the new,
    and what others add after it stays."""
    store = LossyStore()
    archive = archive_over(store)
    if exists:
        add(store, turns(4))
        archive.archive("chat", 4)
    seen: list[tuple[list[str], list[str]]] = []

    def meanwhile() -> None:
        seen.append(state(archive_over(store)))
        add(store, turns(1, 900))

    store.meanwhile = meanwhile
    store.faults = [fault]
    new = turns(70, 100)
    archive.replace("chat", [new_item(text, "item", ACTIVE) for text in new])
    assert state(archive) == ([], new + (turns(1, 900) if fault in AFTER else []))
    old = (turns(4)[:4], turns(4)[4:]) if exists else ([], [])
    assert all(each in (old, ([], new)) for each in seen)
