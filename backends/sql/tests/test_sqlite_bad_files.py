import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import event

from chatstore import (
    BackendError,
    BackendUnavailableError,
    ConfigurationError,
    CorruptSessionError,
    Message,
    RetentionPolicy,
    SchemaError,
    open_store,
)
from chatstore_sql import SQLSessionStore, create_sqlite_engine
from chatstore_sql.schema import APPLICATION_ID, SCHEMA_VERSION

SAID = "what ana said"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "chat.db"


def fill(path: Path, *, sessions: int = 3) -> None:
    """Make a file with some sessions, whole when it is closed."""
    with open_store(f"sqlite:///{path}") as store:
        for number in range(sessions):
            store.create(
                "ana",
                session_id=f"chat-{number}",
                messages=[Message(type="user", content=SAID) for _ in range(10)],
            )


def run(path: Path, *statements: str) -> list[tuple[object, ...]]:
    """Run statements behind chatstore's back; the last one's rows."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        found: list[tuple[object, ...]] = []
        for statement in statements:
            found = connection.execute(statement).fetchall()
        return found


def require_driver_cause(error: BaseException) -> None:
    """The driver's exception is the cause, and nothing that was said is in the message."""
    assert isinstance(error.__cause__, sqlite3.Error)
    assert SAID not in str(error)


def test_a_newer_file_is_left_alone(path: Path) -> None:
    """A file that a newer chatstore made is a `SchemaError` that says so, and stays as it is."""
    fill(path)
    run(path, f"PRAGMA user_version={SCHEMA_VERSION + 1}", "PRAGMA wal_checkpoint(TRUNCATE)")
    before = path.read_bytes()
    with pytest.raises(SchemaError, match=r"newer chatstore .*schema version 3.*upgrade"):
        open_store(f"sqlite:///{path}")
    assert path.read_bytes() == before


def test_a_file_of_an_unknown_version_is_left_alone(path: Path) -> None:
    """Our mark with a version that never was is a `SchemaError`."""
    run(path, f"PRAGMA application_id={APPLICATION_ID}")
    with pytest.raises(SchemaError, match="version is 0"):
        open_store(f"sqlite:///{path}")


@pytest.mark.parametrize(
    "statement",
    ["CREATE TABLE films (title TEXT)", "PRAGMA application_id=7", "PRAGMA user_version=1"],
)
def test_a_foreign_database_is_left_alone(path: Path, statement: str) -> None:
    """A database of another application is a `SchemaError`, and not a byte of it changes."""
    run(path, statement)
    before = path.read_bytes()
    with pytest.raises(SchemaError, match="belongs to another application"):
        open_store(f"sqlite:///{path}")
    assert path.read_bytes() == before
    assert [each.name for each in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("content", [b"no database, but a text\n" * 100, b"\xff" * 4096, b"short"])
def test_what_is_no_database_is_left_alone(path: Path, content: bytes) -> None:
    """A file that is not SQLite's is a `SchemaError`, and stays as it is."""
    path.write_bytes(content)
    with pytest.raises(SchemaError, match="not an SQLite database") as raised:
        open_store(f"sqlite:///{path}")
    require_driver_cause(raised.value)
    assert path.read_bytes() == content


def test_an_empty_file_becomes_a_database(path: Path) -> None:
    """A file of no bytes, as `touch` and temporary files make it, is as good as none."""
    path.touch()
    fill(path)
    with open_store(f"sqlite:///{path}") as store:
        store.ping()


def test_a_directory_that_is_not_there(tmp_path: Path) -> None:
    """A missing directory is a `ConfigurationError` that names it; it is not made."""
    with pytest.raises(ConfigurationError, match=r"no directory .*nowhere"):
        open_store(f"sqlite:///{tmp_path}/nowhere/chat.db")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ConfigurationError, match="is a directory"):
        open_store(f"sqlite:///{tmp_path}")


def test_a_damaged_file_is_never_absence(path: Path) -> None:
    """A page of nonsense is a `BackendError` that names a way out, in reads and writes."""
    fill(path)
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))
    with open_store(f"sqlite:///{path}") as store:
        for call in (
            lambda: store.get("chat-0"),
            lambda: store.list_sessions("ana"),
            lambda: store.append("chat-0", Message(type="user", content="x")),
            lambda: store.delete("chat-0"),
            store.ping,
        ):
            with pytest.raises(BackendError, match=r"integrity_check.*backup") as raised:
                call()
            require_driver_cause(raised.value)


def test_text_that_is_not_utf8_is_a_corrupt_session(path: Path) -> None:
    """Bytes that are no text make their session unreadable, by its id, and no other."""
    fill(path)
    run(
        path,
        "UPDATE chat_messages SET body = CAST(x'7bff7d' AS TEXT) WHERE life = 2 AND seq = 2",
    )
    with open_store(f"sqlite:///{path}") as store:
        for read in (
            lambda: store.get("chat-1"),
            lambda: store.get_many(["chat-0", "chat-1"]),
            store.scan,
            lambda: store.append_and_get("chat-1", Message(type="user", content="x")),
        ):
            with pytest.raises(CorruptSessionError) as raised:
                read()
            assert raised.value.session_id == "chat-1"
        assert len(store.get("chat-0").messages) == 10
        run(path, "UPDATE chat_sessions SET metadata = CAST(x'ff' AS TEXT) WHERE rowid = 2")
        with pytest.raises(CorruptSessionError) as raised:
            store.list_sessions("ana")
        assert raised.value.session_id == "chat-1"
        with pytest.raises(CorruptSessionError):
            store.update("chat-1", metadata={"a": 1})
        assert store.delete("chat-1") is True
        assert len(store.list_sessions("ana").items) == 2


def test_missing_tables_are_a_schema_error(path: Path) -> None:
    """A file whose tables somebody dropped is a `SchemaError` at the first call, and at `ping`."""
    fill(path)
    with open_store(f"sqlite:///{path}") as store:
        store.ping()
        run(path, "DROP TABLE chat_messages")
        for call in (store.ping, lambda: store.get("chat-0")):
            with pytest.raises(SchemaError, match="no such table: chat_messages") as raised:
                call()
            require_driver_cause(raised.value)


def test_an_emptied_file_is_a_schema_error(path: Path) -> None:
    """A file that somebody emptied under an open store is a `SchemaError` at `ping`, and not a new
    file without sessions."""
    fill(path)
    with open_store(f"sqlite:///{path}") as store:
        run(
            path,
            *("DROP TABLE chat_messages", "DROP TABLE chat_sessions", "DROP TABLE chat_leftovers"),
            *("PRAGMA application_id=0", "PRAGMA user_version=0"),
        )
        with pytest.raises(SchemaError, match="tables are gone; restore a backup"):
            store.ping()
        left = run(path, "SELECT name FROM sqlite_master")
        assert left == [("sqlite_sequence",)], "SQLite's own, which can't be dropped"


def test_a_refusal_of_the_files_own_shows_no_words(path: Path) -> None:
    """A write that a rule in the file refuses is a `BackendError` by the code's name: SQLite's own
    words may quote what was said."""
    fill(path)
    run(
        path,
        "CREATE TRIGGER refusal BEFORE INSERT ON chat_messages "
        f"BEGIN SELECT RAISE(ABORT, '{SAID}'); END",
    )
    with open_store(f"sqlite:///{path}") as store:
        before = store.get("chat-0")
        with pytest.raises(BackendError, match="SQLITE_CONSTRAINT_TRIGGER") as raised:
            store.append("chat-0", Message(type="user", content=SAID))
        require_driver_cause(raised.value)
        assert store.get("chat-0") == before


@pytest.mark.parametrize("text", ["[1]", '"text"', "1", "null", "{"])
def test_a_map_that_is_none_is_a_corrupt_session(path: Path, text: str) -> None:
    """An `update` that should merge into what is no JSON object is a `CorruptSessionError` that
    names the column, and writes nothing."""
    fill(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE chat_sessions SET metadata = ? WHERE rowid = 2", [text])
    with open_store(f"sqlite:///{path}") as store:
        with pytest.raises(CorruptSessionError, match="metadata is not") as raised:
            store.update("chat-1", metadata={"a": 1}, session_status="closed")
        assert raised.value.session_id == "chat-1"
        columns = "metadata, session_status, version"
        stored = run(path, f"SELECT {columns} FROM chat_sessions WHERE rowid = 2")  # noqa: S608
        assert stored == [(text, "active", 1)]


def test_a_full_disk_leaves_nothing_half_written(path: Path) -> None:
    """A write that finds no room is a `BackendError`, and nothing of it is there; when there is
    room again, the store goes on."""
    fill(path)
    engine = create_sqlite_engine(path)

    @event.listens_for(engine, "connect")
    def bound(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute("PRAGMA max_page_count=40")

    with SQLSessionStore(engine, policy=RetentionPolicy(max_messages=None)) as store:
        acknowledged = store.get("chat-0")

        def append_many() -> None:
            nonlocal acknowledged
            for _ in range(40):
                messages = [Message(type="user", content=SAID * 100) for _ in range(5)]
                acknowledged = store.append_and_get("chat-0", *messages)

        with pytest.raises(BackendError, match="disk is full") as raised:
            append_many()
        require_driver_cause(raised.value)
        assert store.get("chat-0") == acknowledged
        with pytest.raises(BackendError, match="disk is full"):
            store.create("ana", session_id="new", messages=acknowledged.messages)
        assert store.get_many(["new"]) == []
        assert store.delete("chat-0") is True
        store.create("ana", session_id="new", messages=acknowledged.messages[:10])
    engine.dispose()
    assert run(path, "PRAGMA integrity_check") == [("ok",)]


def test_another_process_that_keeps_writing_is_waited_for(path: Path) -> None:
    """A write that waits longer than the timeout is a `BackendUnavailableError`, which says that
    it may be sent again; reads do not wait."""
    fill(path)
    with (
        open_store(f"sqlite:///{path}?timeout=0.01") as store,
        closing(sqlite3.connect(path, isolation_level=None)) as other,
    ):
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(BackendUnavailableError, match="timeout") as raised:
            store.append("chat-0", Message(type="user", content=SAID))
        require_driver_cause(raised.value)
        assert raised.value.retryable
        assert len(store.get("chat-0").messages) == 10
        other.execute("ROLLBACK")
        assert store.append("chat-0", Message(type="user", content="x")).message_count == 11


def test_another_thread_that_keeps_writing_is_waited_for(path: Path) -> None:
    """Within a process too, and from one engine to another on the same file."""
    fill(path)
    holder = create_sqlite_engine(path)
    with (
        SQLSessionStore(holder) as busy,
        open_store(f"sqlite:///{path}?timeout=0.01") as store,
    ):
        with busy.engine.database.write():
            with pytest.raises(BackendUnavailableError, match="other threads"):
                store.append("chat-0", Message(type="user", content="x"))
            assert len(store.get("chat-0").messages) == 10
        assert store.append("chat-0", Message(type="user", content="x")).message_count == 11
    holder.dispose()
