"""A session with many messages is gone at once, and erased in chunks."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from chatstore import (
    BackendUnavailableError,
    ManualClock,
    Message,
    RetentionPolicy,
    open_store,
)
from chatstore_sql import SQLSessionStore, erasing

MANY = RetentionPolicy(max_messages=None, ttl=timedelta(hours=1))


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "chat.db"


@pytest.fixture
def store(
    path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> Iterator[SQLSessionStore]:
    """A store that erases three messages at a time, with sessions of none to nine."""
    monkeypatch.setattr(erasing, "MESSAGES", 3)
    with open_store(f"sqlite:///{path}", policy=MANY, clock=clock) as store:
        assert isinstance(store, SQLSessionStore)
        for count in range(10):
            store.create("ana", session_id=f"{count}", messages=messages(count))
        store.create("ben", session_id="ben's", messages=messages(9))
        yield store


def messages(count: int) -> list[Message]:
    return [Message(type="user", content=f"{number}") for number in range(count)]


def count_of(path: Path, table: str) -> int:
    """How many rows a table has, behind the store's back."""
    with closing(sqlite3.connect(path)) as connection:
        found = connection.execute(f"SELECT count(*) FROM {table}")  # noqa: S608
        return int(found.fetchone()[0])


def rows_in(path: Path) -> tuple[int, int, int]:
    return (
        count_of(path, "chat_sessions"),
        count_of(path, "chat_messages"),
        count_of(path, "chat_leftovers"),
    )


def delete_each(store: SQLSessionStore, _: ManualClock) -> int:
    return sum(store.delete(f"{count}") for count in range(10))


def delete_user(store: SQLSessionStore, _: ManualClock) -> int:
    return store.delete_user("ana")


def purge(store: SQLSessionStore, clock: ManualClock) -> int:
    clock.advance(timedelta(minutes=30))
    store.update("ben's")
    clock.advance(timedelta(minutes=31))
    return store.purge_expired()


def create_again(store: SQLSessionStore, clock: ManualClock) -> int:
    clock.advance(timedelta(minutes=30))
    store.update("ben's")
    clock.advance(timedelta(minutes=31))
    for count in range(10):
        store.create("ana", session_id=f"{count}")
        assert store.get(f"{count}").messages == []
    return sum(store.delete(f"{count}") for count in range(10))


Erase = Callable[[SQLSessionStore, ManualClock], int]
WAYS: tuple[Erase, ...] = (delete_each, delete_user, purge, create_again)


@pytest.mark.parametrize("erase", WAYS)
def test_nothing_is_left(
    store: SQLSessionStore, clock: ManualClock, path: Path, erase: Erase
) -> None:
    """However many messages it has, nothing of an erased session is stored, and all of others'."""
    assert erase(store, clock) == 10
    assert rows_in(path) == (1, 9, 0)
    assert len(store.get("ben's").messages) == 9


@pytest.mark.parametrize("erase", WAYS)
def test_no_transaction_erases_more_than_a_chunk(
    store: SQLSessionStore, clock: ManualClock, path: Path, erase: Erase
) -> None:
    """Other writers wait for one chunk at most, whichever way a session is erased."""
    seen = [rows_in(path)[1]]
    write = store.engine.database.write

    def write_and_look(**options: Any) -> Any:
        seen.append(rows_in(path)[1])
        return write(**options)

    store.engine.database.write = write_and_look  # type: ignore[method-assign]
    erase(store, clock)
    seen.append(rows_in(path)[1])
    assert max(before - after for before, after in pairwise(seen)) <= 3


@pytest.mark.parametrize("erase", [delete_user, purge])
def test_what_a_dead_process_left_is_erased_by_the_next(
    store: SQLSessionStore,
    clock: ManualClock,
    path: Path,
    monkeypatch: pytest.MonkeyPatch,
    erase: Erase,
) -> None:
    """Whoever is killed while it erases leaves messages that are no session's, and nobody sees;
    `delete_user`, of whatever user, and `purge_expired` erase them."""
    with monkeypatch.context() as killed:
        killed.setattr(erasing, "sweep_in_time", lambda *_: None)
        for count in range(10):
            assert store.delete(f"{count}")
            store.create("ana", session_id=f"{count}")
            assert store.get(f"{count}").messages == []
    assert rows_in(path) == (11, 9 + sum(range(4, 10)), 6)
    assert erase(store, clock) == 10
    assert rows_in(path) == (1, 9, 0)


@pytest.mark.parametrize("foreign_keys", ["ON", "OFF"])
def test_whoever_deletes_a_row_leaves_nothing_for_ever(
    store: SQLSessionStore, path: Path, foreign_keys: str
) -> None:
    """A program that deletes sessions' rows, as an older chatstore does, leaves their messages to
    the next purge; nobody sees them meanwhile."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(f"PRAGMA foreign_keys={foreign_keys}")
        connection.execute("DELETE FROM chat_sessions WHERE user_id = 'ana'")
    store.create("ana", session_id="9")
    assert store.get("9").messages == []
    assert rows_in(path) == (2, 54, 9)
    store.purge_expired()
    assert rows_in(path) == (2, 9, 0)


def refuse(_: Any) -> None:
    """A transaction finds no way to begin."""
    raise BackendUnavailableError("held by another process")


def interrupt(_: Any) -> None:
    """The deadline breaks a statement off."""
    error = sqlite3.OperationalError("database is locked")
    error.sqlite_errorcode = sqlite3.SQLITE_BUSY
    raise error


@pytest.mark.parametrize("fail", [refuse, interrupt])
def test_a_session_is_gone_though_its_messages_are_in_the_way(
    store: SQLSessionStore, path: Path, monkeypatch: pytest.MonkeyPatch, fail: Callable[[Any], None]
) -> None:
    """What keeps a `delete` from erasing all messages keeps it from nothing else: the session is
    gone, the answer says so, and the messages are for the next purge."""
    with monkeypatch.context() as held:
        held.setattr(erasing, "_sweep_chunk", lambda database, _life: fail(database))
        assert store.delete("9") is True
    assert store.get_many(["9"]) == []
    assert rows_in(path) == (10, 54, 1)
    store.purge_expired()
    assert rows_in(path) == (10, 45, 0)


def test_a_life_is_never_anothers(store: SQLSessionStore, path: Path) -> None:
    """A new session never meets the messages of one that has just been deleted, though both were
    the newest."""
    assert store.delete_user("ben") == 1
    assert store.delete_user("ana") == 10
    store.create("ana", session_id="new", messages=messages(2))
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT life FROM chat_sessions").fetchall() == [(12,)]
