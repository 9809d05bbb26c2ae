"""Where an opening fails: nothing is left half made, and the error says what mends it."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event, exc

from chatstore import BackendError, BackendUnavailableError, SchemaError, open_store
from chatstore_sql import SQLSessionStore, create_sqlite_engine


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file that is still empty, in a directory of its own: opening it makes the tables."""
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "chat.db").touch()
    return tmp_path / "own" / "chat.db"


@pytest.fixture
def engine(path: Path) -> Iterator[Engine]:
    engine = create_sqlite_engine(path)
    yield engine
    engine.dispose()


def objects_in(path: Path) -> list[Any]:
    """The names of the tables and indexes in a file."""
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT name FROM sqlite_master").fetchall()


def test_an_old_sqlite_is_refused(
    engine: Engine, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An SQLite without strict tables is a `SchemaError` that names both versions, before anything
    is made."""
    monkeypatch.setattr("sqlite3.sqlite_version_info", (3, 36, 0))
    monkeypatch.setattr("sqlite3.sqlite_version", "3.36.0")
    with pytest.raises(SchemaError, match=r"SQLite 3\.36\.0 is too old.* 3\.37"):
        SQLSessionStore(engine)
    assert objects_in(path) == []


@pytest.mark.parametrize("pages", [1, 2, 4])
def test_a_disk_that_is_full_from_the_start(engine: Engine, path: Path, pages: int) -> None:
    """Tables that find no room are a `BackendError`; none is there, and with room they are made."""
    room = pages

    @event.listens_for(engine, "connect")
    def bound(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute(f"PRAGMA max_page_count={room}")

    with pytest.raises(BackendError, match="disk is full") as raised:
        SQLSessionStore(engine)
    assert isinstance(raised.value.__cause__, sqlite3.OperationalError)
    assert objects_in(path) == []
    room = 100
    with SQLSessionStore(engine) as store:
        assert store.create("ana").version == 1


def test_an_interrupted_opening(engine: Engine, path: Path) -> None:
    """Where a progress handler of the engine's owner breaks off the making of tables, SQLite has
    rolled back already: the interruption shows, no table is there, and the next opening makes
    them."""
    running = ""
    is_hurried = True

    def note(statement: str) -> None:
        nonlocal running
        running = statement.strip()

    @event.listens_for(engine, "connect")
    def hurry(connection: sqlite3.Connection, _record: object) -> None:
        connection.set_trace_callback(note)
        connection.set_progress_handler(lambda: is_hurried and running.startswith("CREATE"), 1)

    with pytest.raises(BackendError, match="SQLITE_INTERRUPT"):
        SQLSessionStore(engine)
    assert objects_in(path) == []
    is_hurried = False
    with SQLSessionStore(engine) as store:
        assert store.create("ana").version == 1


def test_a_place_without_a_write_ahead_log(engine: Engine) -> None:
    """Where SQLite can't share memory, as on some network disks, it is a `BackendError` that asks
    for a local disk: the slow journal is not used in silence."""

    @event.listens_for(engine, "do_connect")
    def connect(
        _dialect: object, _record: object, arguments: list[str], options: dict[str, Any]
    ) -> sqlite3.Connection:
        # This way of SQLite's to reach files has no shared memory.
        address = f"{arguments[0]}&vfs=unix-none"
        connection: sqlite3.Connection = sqlite3.connect(address, **options)
        return connection

    with pytest.raises(BackendError, match=r"journal mode stays delete.* local disk"):
        SQLSessionStore(engine)


def test_a_directory_that_went_away(engine: Engine, path: Path) -> None:
    """A directory that is gone since the engine was made, as when a disk is unmounted, is a
    `BackendUnavailableError`; when it is back, so is the store."""
    shutil.rmtree(path.parent)
    with pytest.raises(BackendUnavailableError, match="directory is still there") as raised:
        SQLSessionStore(engine)
    assert isinstance(raised.value.__cause__, sqlite3.OperationalError)
    path.parent.mkdir()
    with SQLSessionStore(engine) as store:
        assert store.create("ana").version == 1


def test_a_directory_in_the_place_of_the_log(path: Path) -> None:
    """A log that can't be opened, though every right is there, is a `BackendUnavailableError` that
    names it."""
    with open_store(f"sqlite:///{path}") as store:
        store.create("ana")
    path.with_name("chat.db-wal").mkdir()
    with pytest.raises(BackendUnavailableError, match="-wal"):
        open_store(f"sqlite:///{path}")


def test_sqlalchemys_own_errors_are_typed(engine: Engine) -> None:
    """What SQLAlchemy itself gives up on, here connections that the engine's owner turned down
    time and again, is a `BackendError` with its exception as the cause."""

    @event.listens_for(engine, "checkout")
    def turn_down(*_: object) -> None:
        raise exc.DisconnectionError

    with pytest.raises(BackendError, match="InvalidRequestError") as raised:
        SQLSessionStore(engine)
    assert isinstance(raised.value.__cause__, exc.InvalidRequestError)


def test_anothers_error_shows(engine: Engine) -> None:
    """An exception that neither the driver nor SQLAlchemy made does not escape raw; it is the
    cause."""
    defect = ValueError("a listener of the engine's owner")

    @event.listens_for(engine, "checkout")
    def fail(*_: object) -> None:
        raise defect

    with pytest.raises(BackendError, match="ValueError") as raised:
        SQLSessionStore(engine)
    assert raised.value.__cause__ is defect
