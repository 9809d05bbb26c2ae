"""A call ends within its deadline, whatever it waits for."""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import TypeVar

import pytest
from sqlalchemy import event

from chatstore import (
    BackendUnavailableError,
    ConfigurationError,
    MaintainedSessionStore,
    Message,
    open_store,
)
from chatstore_sql import SQLSessionStore, create_sqlite_engine, statements

DEADLINE = 0.3
MOST = DEADLINE * 1.1 + 7
"""A tenth more, and what a busy machine needs to wake a thread; less than the usual deadline."""
PATIENCE = 60


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "chat.db"


@pytest.fixture
def store(path: Path) -> Iterator[SQLSessionStore]:
    """A store whose timeout is far longer than its deadline."""
    with open_store(f"sqlite:///{path}") as patient:
        patient.create("ana", session_id="chat")
        expired = patient.create("ben", session_id="expired").model_copy(update={"ttl": 1})
        patient.restore(expired, overwrite=True)
    with answered(lambda: open_store(f"sqlite:///{path}?deadline={DEADLINE}&timeout=60")) as store:
        assert isinstance(store, SQLSessionStore)
        yield store


Answer = TypeVar("Answer")


def answered(call: Callable[[], Answer]) -> Answer:
    """What a call answers that nothing keeps waiting. On a busy machine any call may take longer
    than the deadline: it is sent again, as its error says."""
    latest = time.monotonic() + PATIENCE
    while True:
        try:
            return call()
        except BackendUnavailableError:
            if time.monotonic() > latest:
                raise


Write = Callable[[MaintainedSessionStore], object]
WRITES: dict[str, Write] = {
    "create": lambda store: store.create("ana"),
    "append": lambda store: store.append("chat", Message(type="user", content="x")),
    "update": lambda store: store.update("chat", metadata={"a": 1}),
    "rewrite": lambda store: store.rewrite("chat", [], if_version=None),
    "delete": lambda store: store.delete("chat"),
    "delete_user": lambda store: store.delete_user("ana"),
    "purge_expired": lambda store: store.purge_expired(),
}


def require_end(call: Callable[[], object], match: str) -> None:
    """The call is unavailable, in time."""
    began = time.monotonic()
    with pytest.raises(BackendUnavailableError, match=match):
        call()
    assert time.monotonic() - began < MOST


@pytest.mark.parametrize("name", WRITES)
def test_another_process_holds_the_file(store: SQLSessionStore, path: Path, name: str) -> None:
    """A write that another process keeps waiting ends at the deadline, though the timeout is
    longer, and the next one succeeds once the file is free."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        require_end(lambda: WRITES[name](store), "within 0.3 seconds, the deadline")
        other.execute("ROLLBACK")
    answered(lambda: WRITES[name](store))


@pytest.mark.parametrize("name", WRITES)
def test_another_thread_keeps_writing(store: SQLSessionStore, path: Path, name: str) -> None:
    """The same for a thread of this process."""
    with open_store(f"sqlite:///{path}") as busy:
        assert isinstance(busy, SQLSessionStore)
        with busy.engine.database.write():
            require_end(lambda: WRITES[name](store), "within 0.3 seconds, the deadline")
    answered(lambda: WRITES[name](store))


def test_a_shorter_timeout_ends_the_wait_first(path: Path) -> None:
    """A wait ends at the earlier of both; the error names the one that ended it."""
    url = f"sqlite:///{path}?deadline=60&timeout={DEADLINE}"
    with open_store(url) as store, open_store(url) as busy:
        assert isinstance(busy, SQLSessionStore)
        store.create("ana", session_id="chat")
        append = WRITES["append"]
        with busy.engine.database.write():
            require_end(lambda: append(store), "0.3 seconds, the URL's timeout")
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            require_end(lambda: append(store), "longer than the timeout")


@pytest.mark.parametrize("place", ["file", "memory"])
def test_a_statement_that_takes_long(
    path: Path, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A statement that would run for hours is broken off at the deadline, and the store goes on."""
    endless = (
        "WITH RECURSIVE counted(number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM counted) "
        "SELECT count(*), :after, :now, :limit FROM counted"
    )
    monkeypatch.setattr(statements, "SELECT_SCAN", endless)
    where = f"/{path}" if place == "file" else ""
    said = Message(message_id="one", type="user", content="x")
    with answered(lambda: open_store(f"sqlite://{where}?deadline={DEADLINE}")) as store:
        answered(lambda: store.get_or_create("chat", user_id="ana"))
        require_end(lambda: store.scan(), "within 0.3 seconds, the deadline")
        assert answered(lambda: store.append("chat", said)).message_count == 1


def test_opening_ends_too(path: Path) -> None:
    """So does the opening of a file that another process keeps to itself."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        require_end(
            lambda: open_store(f"sqlite:///{path}?deadline={DEADLINE}"), "within 0.3 seconds"
        )


@pytest.mark.parametrize("name", ["get", "append"])
def test_connecting_waits_as_well(path: Path, name: str) -> None:
    """Where the file is held at the moment of connecting, as by a process that is closing it, the
    call waits and connects again."""
    engine = create_sqlite_engine(path)
    with SQLSessionStore(engine) as store:
        store.create("ana", session_id="chat")
        store.engine.database.connections.close_idle()
        left = 3

        @event.listens_for(engine, "connect")
        def be_held(_connection: object, _record: object) -> None:
            nonlocal left
            left -= 1
            if left >= 0:
                error = sqlite3.OperationalError("database is locked")
                error.sqlite_errorcode = sqlite3.SQLITE_BUSY
                raise error

        if name == "get":
            assert store.get("chat").user_id == "ana"
        else:
            WRITES["append"](store)
        assert left < 0
    engine.dispose()


def test_waits_begin_together(store: SQLSessionStore, path: Path) -> None:
    """Many calls at once that nothing answers all end at the same deadline: none waits for another
    one's time to be up, which would take longer than is allowed."""
    calls = 2 * round(MOST / DEADLINE)
    raised: list[BaseException] = []

    def append() -> None:
        try:
            WRITES["append"](store)
        except BackendUnavailableError as error:
            raised.append(error)

    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        threads = [threading.Thread(target=append) for _ in range(calls)]
        began = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert time.monotonic() - began < MOST
    assert len(raised) == calls


@pytest.mark.parametrize("text", ["0", "-1", "soon", "nan", "1e9", "inf", ""])
def test_a_bad_deadline(path: Path, text: str) -> None:
    """A deadline in the URL that is none is a `ConfigurationError` that names it."""
    with pytest.raises(ConfigurationError, match="deadline"):
        open_store(f"sqlite:///{path}?deadline={text}")
