"""A history is restored in chunks, and is nobody's until all of it is there."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest

from chatstore import (
    BackendUnavailableError,
    InvalidInputError,
    ManualClock,
    Message,
    RetentionPolicy,
    Session,
    SessionExistsError,
    SessionNotFoundError,
    open_store,
)
from chatstore_sql import SQLSessionStore, chunks, restoring
from chatstore_sql.harness import is_whole

HISTORY = RetentionPolicy(max_messages=3, keep_history=True)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "chat.db"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def store(
    path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> Iterator[SQLSessionStore]:
    """A store that writes four messages at a time."""
    monkeypatch.setattr(chunks, "CHUNK", 4)
    # The tables are made at once.
    path.touch()
    with open_store(f"sqlite:///{path}", policy=HISTORY, clock=clock) as store:
        assert isinstance(store, SQLSessionStore)
        yield store


def said(number: int) -> Message:
    return Message(message_id=f"m{number}", type="user", content=f"{number}")


def record(clock: ManualClock, session_id: str, messages: int) -> Session:
    """A session that has a history of so many messages, and none in its window."""
    return Session(
        session_id=session_id,
        user_id="ana",
        created_at=clock.now,
        updated_at=clock.now,
        creation_id="first",
        history=3,
        message_count=messages,
    )


def stored(path: Path) -> tuple[int, int, int]:
    """How many sessions, messages and leftovers there are, behind the store's back."""
    tables = ("chat_sessions", "chat_messages", "chat_leftovers")
    with closing(sqlite3.connect(path)) as connection:
        first, second, third = (
            connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608
            for table in tables
        )
    return first, second, third


@pytest.mark.parametrize("number", [0, 1, 3, 4, 5, 8, 9, 30])
def test_all_of_it_is_there(
    store: SQLSessionStore, clock: ManualClock, path: Path, number: int
) -> None:
    """However many chunks it takes, the history is there once and in order, and nothing else."""
    store.restore(record(clock, "chat", number), history=map(said, range(number)))
    found = list(store.iter_messages("chat", newest_first=False))
    assert [each.content for each in found] == [f"{each}" for each in range(number)]
    assert stored(path) == (1, number, 0)
    assert is_whole(path)


def test_nobody_sees_half_of_it(store: SQLSessionStore, clock: ManualClock, path: Path) -> None:
    """While a history is read, its session is not there; one that it replaces is there until all
    of the new one is. Others write meanwhile."""
    store.create("ana", session_id="replaced", messages=[said(0)])

    def source() -> Iterator[Message]:
        for number in range(9):
            assert store.get("replaced").message_count == 1
            assert store.get_many(["new"]) == []
            store.create("ben")
            yield said(number)

    store.restore(record(clock, "replaced", 9), history=source(), overwrite=True)
    assert store.get("replaced").message_count == 9
    store.delete_user("ben")
    assert stored(path) == (1, 9, 0)


def test_its_source_may_be_the_same_file(store: SQLSessionStore, clock: ManualClock) -> None:
    """A session is copied within one file: reading and writing take turns."""
    store.restore(record(clock, "chat", 30), history=map(said, range(30)))
    session = store.get("chat")
    copy = session.model_copy(update={"session_id": "copy"})
    shown = len(session.messages)
    before = list(store.iter_messages("chat", newest_first=False))[:-shown]
    walked = (each for each in store.iter_messages("chat", newest_first=False, page_size=2))
    store.restore(copy, history=(next(walked) for _ in before))
    assert list(store.iter_messages("copy")) == list(store.iter_messages("chat"))


@pytest.mark.parametrize("failing_at", [0, 3, 5, 9, 13])
def test_a_source_that_fails_leaves_nothing(
    store: SQLSessionStore, clock: ManualClock, path: Path, failing_at: int
) -> None:
    """Whatever the history raises, and whenever, nothing of it is stored, and a session that was to
    be replaced is as it was."""
    kept = store.create("ana", session_id="replaced", messages=[said(0)])

    def source() -> Iterator[Message]:
        for number in count():
            if number == failing_at:
                raise SessionNotFoundError("source")
            yield said(number)

    for session_id in ("replaced", "new"):
        with pytest.raises(SessionNotFoundError, match="source"):
            store.restore(record(clock, session_id, 40), history=source(), overwrite=True)
    assert stored(path) == (1, 1, 0)
    assert store.get("replaced") == kept


@pytest.mark.parametrize("given", [8, 10])
def test_a_history_of_another_length_is_refused(
    store: SQLSessionStore, clock: ManualClock, path: Path, given: int
) -> None:
    """A history of fewer or more messages than the record counts leaves nothing either."""
    with pytest.raises(InvalidInputError):
        store.restore(record(clock, "chat", 9), history=map(said, range(given)))
    assert stored(path) == (0, 0, 0)


def test_a_live_session_is_kept(store: SQLSessionStore, clock: ManualClock, path: Path) -> None:
    """A live session is refused to be replaced before much is read; one that was created while the
    history was read, too, and nothing of the history stays."""
    kept = store.create("ana", session_id="chat", messages=[said(0)])
    read: list[int] = []
    numbers = (read.append(number) or said(number) for number in range(40))  # type: ignore[func-returns-value]
    with pytest.raises(SessionExistsError):
        store.restore(record(clock, "chat", 40), history=numbers)
    assert len(read) < 10

    def source() -> Iterator[Message]:
        for number in range(9):
            if number == 8:
                store.create("ben", session_id="new")
            yield said(number)

    with pytest.raises(SessionExistsError):
        store.restore(record(clock, "new", 9), history=source())
    assert store.get("chat") == kept
    assert store.get("new").user_id == "ben"
    assert stored(path) == (2, 1, 0)


def test_what_a_dead_process_left_is_purged(
    store: SQLSessionStore, clock: ManualClock, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A restore that was killed leaves messages that nobody sees. They are not touched for a day,
    since it might go on; then `purge_expired` erases them."""

    def source() -> Iterator[Message]:
        yield from map(said, range(9))
        raise KeyboardInterrupt

    with monkeypatch.context() as killed:
        killed.setattr(restoring.Place, "abandon", lambda *_: None)
        with pytest.raises(KeyboardInterrupt):
            store.restore(record(clock, "chat", 40), history=source())
    left = stored(path)
    assert left == (0, 8, 1)
    clock.advance(timedelta(hours=23))
    store.purge_expired()
    assert stored(path) == left
    clock.advance(timedelta(hours=2))
    store.purge_expired()
    assert stored(path) == (0, 0, 0)


def test_a_restore_that_takes_days_is_told(
    store: SQLSessionStore, clock: ManualClock, path: Path
) -> None:
    """Where a purge has erased what a very slow restore had written, the restore fails, and a
    shorter session is never made of what is left."""

    def source() -> Iterator[Message]:
        for number in range(20):
            if number == 9:
                clock.advance(timedelta(days=2))
                store.purge_expired()
            yield said(number)

    with pytest.raises(BackendUnavailableError, match="longer than a day"):
        store.restore(record(clock, "chat", 20), history=source())
    assert stored(path) == (0, 0, 0)
