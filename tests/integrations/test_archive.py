"""Archived conversations: one mark, moved and read exactly, whatever others do meanwhile."""

import random
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from chatstore import (
    BackendUnavailableError,
    InvalidInputError,
    MemorySessionStore,
    MemoryStorage,
    Message,
    RetentionPolicy,
    SessionNotFoundError,
)
from chatstore.integrations.archive import MARK, Archive
from chatstore.integrations.conversations import Conversations
from chatstore.integrations.entries import ACTIVE, ARCHIVED, Kind, new_item
from chatstore.models import Page, Session, SessionInfo

POLICY = RetentionPolicy(max_messages=50, keep_history=True)
KINDS = {"u": Kind.BEGINS_TURN, "a": Kind.ANSWERS, "t": Kind.RESULT}


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests don't wait for what waits."""
    monkeypatch.setattr("chatstore.integrations.attempts._LONGEST_PAUSE", 0)


def archive_over(store: MemorySessionStore, user_id: str = "ana") -> Archive[str]:
    """An archive of texts whose first letter tells what they are."""
    return Archive(Conversations(store), user_id, str, lambda text: KINDS[text[0]])


def add(store: MemorySessionStore, texts: list[str], status: str = ACTIVE) -> None:
    """Add items."""
    Conversations(store).add("chat", "ana", [new_item(text, text[0], status) for text in texts])


def turns(count: int, first: int = 0) -> list[str]:
    """So many turns of two."""
    return [f"{kind}{number}" for number in range(first, first + count) for kind in "ua"]


def state(archive: Archive[str]) -> tuple[list[str], list[str]]:
    """What is archived, and what is active."""
    found = archive.snapshot("chat", whole=True)
    short = archive.snapshot("chat")
    assert [each.value for each in short.active] == [each.value for each in found.active]
    assert short.unread + len(short.of(ARCHIVED)) == len(found.of(ARCHIVED))
    return [each.value for each in found.of(ARCHIVED)], [each.value for each in found.active]


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


def test_what_is_read_is_of_one_moment() -> None:
    """If others replace everything between two pages of a long conversation, it is read anew."""
    new = turns(80, 500)

    class Hurried(Requests):
        def list_messages(self, session_id: str, **options: Any) -> Page[Message]:
            page = super().list_messages(session_id, **options)
            if not self.written:
                self.written.append("replaced")
                archive_over(self).replace("chat", [new_item(each, "u", ACTIVE) for each in new])
            return page

    store = Hurried()
    add(store, turns(200))
    found = archive_over(store).snapshot("chat")
    assert [each.value for each in found.active] == new


def test_what_was_archived_can_be_added_again() -> None:
    """A write whose outcome nobody knew is over once something was archived: equal items that come
    next are new ones."""
    store = MemorySessionStore(policy=POLICY)
    conversations = Conversations(store)
    archive: Archive[str] = Archive(conversations, "ana", str, lambda text: KINDS[text[0]])
    items = [new_item("u0", "u", ACTIVE)]
    with suppress(KeyboardInterrupt), conversations.writing("chat", "ana", items) as write:
        write.send()
        raise KeyboardInterrupt
    assert archive.archive("chat", 1) == ["u0"]
    conversations.add("chat", "ana", items)
    assert state(archive) == (["u0"], ["u0"])


def test_a_mark_whose_item_is_gone_counts_for_nothing() -> None:
    """After everything was replaced by another program, everything is active."""
    store = MemorySessionStore(policy=POLICY)
    archive = archive_over(store)
    add(store, turns(3))
    archive.archive("chat", 2)
    kept = store.get("chat").messages[2:]
    store.rewrite("chat", kept, if_version=None, whole=True)
    assert state(archive) == ([], turns(3)[2:])
    store.update("chat", metadata={MARK: "spoilt"})
    assert state(archive) == ([], turns(3)[2:])


def test_a_result_whose_call_is_removed_is_archived() -> None:
    """It stays out of use whatever it comes to stand behind, and can still be read."""
    store = MemorySessionStore(policy=POLICY)
    archive = archive_over(store)
    add(store, ["u0", "a1", "u2", "a3", "t4", "a5"])
    archive.remove("chat", lambda found: found.active[3:4])
    assert state(archive) == (["t4"], ["u0", "a1", "u2", "a5"])
    archive.remove("chat", lambda found: found.active[2:3])
    assert state(archive) == (["t4"], ["u0", "a1", "a5"])
    add(store, ["u6", "t7"])
    archive.remove("chat", lambda found: found.active[3:4])
    assert state(archive) == (["t4", "t7"], ["u0", "a1", "a5"])


def test_what_is_left_of_a_cut_turn_is_archived() -> None:
    """It goes out of use for good, whatever is added later."""
    store = MemorySessionStore(policy=POLICY)
    archive = archive_over(store)
    add(store, ["u0", "a1", "t2", "a3"])
    assert archive.remove("chat", lambda found: found.active[:1], is_cut=True) == ["u0"]
    add(store, ["a4", "u5"])
    assert state(archive) == (["a1", "t2", "a3"], ["a4", "u5"])


def test_a_large_item_across_the_mark_is_whole() -> None:
    """An item of several writes, between which another's was archived, is read whole."""
    store = MemorySessionStore(policy=POLICY)
    archive = archive_over(store)
    large = "u" + "x" * 700_000
    parts = Conversations(store)
    with parts.writing("chat", "ana", [new_item(large, "u", ACTIVE)]) as write:
        unsent = [piece.message for piece in write._unsent]
        store.create("ana", session_id="chat", messages=unsent[:5])
        add(store, ["u0", "a0"])
        archive.archive("chat", 2)
        for message in unsent[5:]:
            store.append("chat", message)
        del write._unsent[:]
        write._info = store.get("chat")
    assert state(archive) == (["u0", "a0"], [large])


def test_two_archive_at_once() -> None:
    """Archivers and writers at work at the same time: each message is archived by one of them, and
    nothing is lost or out of order."""
    storage = MemoryStorage()
    add(MemorySessionStore(storage, policy=POLICY), turns(30))
    taken: list[str] = []

    def work(seed: int) -> None:
        choose = random.Random(seed)  # noqa: S311  no secret
        store = MemorySessionStore(storage, policy=POLICY)
        archive = archive_over(store)
        for _ in range(10):
            if choose.random() < 0.5:
                taken.extend(archive.archive("chat", 2))
            else:
                add(store, ["u900", "a900"])

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    archived, active = state(archive_over(MemorySessionStore(storage, policy=POLICY)))
    assert sorted(taken) == sorted(archived)
    assert (archived + active)[:60] == turns(30)


def test_a_rewrite_that_no_store_takes_is_refused() -> None:
    """Removing from far back in a conversation of more than 6,000 messages is an error that says
    what to do; in what `get` shows of it, it is done."""
    store = MemorySessionStore(policy=POLICY)
    archive = archive_over(store)
    add(store, turns(3_100))
    with pytest.raises(InvalidInputError, match="archive instead"):
        archive.remove("chat", lambda found: found.active[:2])
    archive.archive("chat", 6_190)
    assert archive.remove("chat", lambda found: found.active[:2]) == turns(1, 3_095)
    assert len(state(archive)[1]) == 8


def test_somebody_elses_session_is_not_there() -> None:
    """Every call says so, and emptying it, or one that is not there, does nothing."""
    store = MemorySessionStore(policy=POLICY)
    add(store, turns(1))
    archive = archive_over(store, "ben")
    for call in (
        lambda: archive.snapshot("chat"),
        lambda: archive.archive("chat", 1),
        lambda: archive.remove("chat", lambda found: found.active),
        lambda: archive.replace("chat", [new_item("u", "u", ACTIVE)]),
    ):
        with pytest.raises(SessionNotFoundError):
            call()
    archive.replace("chat", [])
    archive.replace("none", [])
    assert [each.value for each in archive_over(store).snapshot("chat").active] == turns(1)
    with pytest.raises(SessionNotFoundError):
        store.get("none")
