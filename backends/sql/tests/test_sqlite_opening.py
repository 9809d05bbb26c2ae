import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, event, text

from chatstore import (
    ConfigurationError,
    ManualClock,
    Message,
    RetentionPolicy,
    open_store,
)
from chatstore.values.plain import kind_of
from chatstore_sql import SQLSessionStore, create_sqlite_engine
from chatstore_sql.sqlite.sqlalchemy_engine import EngineSettings
from chatstore_sql.sqlite.tables import ensure_schema

from .interleaved import done_by_two


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = create_sqlite_engine(tmp_path / "chat.db")
    yield engine
    engine.dispose()


def pragma(engine: Engine, name: str) -> object:
    """What SQLite says on a connection of the engine's."""
    with engine.connect() as connection:
        return connection.execute(text(f"PRAGMA {name}")).scalar()


def test_connections_are_set_up(engine: Engine) -> None:
    """WAL, `synchronous=FULL` and foreign keys are what a file is opened with."""
    with SQLSessionStore(engine) as store:
        store.create("ana")
    assert pragma(engine, "journal_mode") == "wal"
    assert pragma(engine, "synchronous") == 2
    assert pragma(engine, "foreign_keys") == 1


def test_durability_and_patience_can_be_chosen(tmp_path: Path) -> None:
    """`synchronous` and `timeout` reach SQLite and the store."""
    (tmp_path / "chat.db").touch()
    engine = create_sqlite_engine(tmp_path / "chat.db", synchronous="normal", timeout=1.5)
    assert pragma(engine, "synchronous") == 1
    with SQLSessionStore(engine) as store:
        assert store.engine.database.settings.timeout == 1.5
    engine.dispose()


def test_the_engine_stays_its_makers(engine: Engine) -> None:
    """A closed store has given its connections back, and the engine works on."""
    with SQLSessionStore(engine) as store:
        store.create("ana", session_id="chat")
    assert engine.pool.checkedout() == 0  # type: ignore[attr-defined]
    with SQLSessionStore(engine) as other:
        assert other.get("chat").user_id == "ana"


def test_a_store_from_a_url_leaves_nothing_open(tmp_path: Path) -> None:
    """`open_store` makes the engine, and closing the store disposes of it: SQLite removes the
    write-ahead log when the last connection closes."""
    with open_store(f"sqlite:///{tmp_path}/chat.db") as store:
        store.create("ana")
        assert (tmp_path / "chat.db-wal").exists()
    assert [each.name for each in tmp_path.iterdir()] == ["chat.db"]


def test_an_engine_of_another_make_is_refused(tmp_path: Path) -> None:
    """An engine without the set-up would break promises; the error names what makes a good one."""
    engine = create_engine(f"sqlite:///{tmp_path}/chat.db")
    with pytest.raises(ConfigurationError, match="create_sqlite_engine"):
        SQLSessionStore(engine)
    engine.dispose()


@pytest.mark.parametrize(
    "given", ["sqlite:///secret.db", Path("secret.db"), None, 7, sqlite3.connect, object()]
)
def test_what_is_no_engine_is_refused(given: Any) -> None:
    """Anything but an engine is a `ConfigurationError` at once, which says what to give; what was
    given may hold a password, and is not shown."""
    with pytest.raises(ConfigurationError, match="create_sqlite_engine") as raised:
        SQLSessionStore(given)
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize("path", [None, 7, b"chat.db", ["chat.db"]])
def test_what_is_no_path_is_refused(path: Any) -> None:
    """A path is a text or a `Path`; the error names what was given."""
    with pytest.raises(ConfigurationError, match=kind_of(path)):
        create_sqlite_engine(path)


@pytest.mark.parametrize("timeout", ["5", None, True, -1, float("nan"), float("inf"), 3_601])
def test_what_is_no_timeout_is_refused(timeout: Any, tmp_path: Path) -> None:
    """A timeout is a number of seconds from 0 to 3,600."""
    with pytest.raises(ConfigurationError, match=f"timeout={timeout}"):
        create_sqlite_engine(tmp_path / "chat.db", timeout=timeout)


def test_a_store_says_where_it_is(engine: Engine, tmp_path: Path) -> None:
    """`repr` names the class and the URL, whoever made the engine."""
    url = f"sqlite:///{tmp_path / 'chat.db'}"
    with SQLSessionStore(engine) as store, open_store(url) as other:
        assert repr(store) == repr(other) == f"<SQLSessionStore {url}, open>"
    assert repr(store) == f"<SQLSessionStore {url}, closed>"
    with open_store("sqlite://") as third:
        assert repr(third) == "<SQLSessionStore sqlite://, open>"


def test_urls_name_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three slashes begin a relative path, four an absolute one; a path may hold any
    character, percent-encoded or (but for `?` and `%`) as it is."""
    monkeypatch.chdir(tmp_path)
    for url, name in (
        ("sqlite:///relative.db", "relative.db"),
        (f"sqlite:///{tmp_path}/absolute.db", "absolute.db"),
        ("sqlite:///odd #1 %3F%20+\N{GRINNING FACE}.db", "odd #1 ? +\N{GRINNING FACE}.db"),
        ("SQLite:///case.db?synchronous=NORMAL&timeout=5", "case.db"),
    ):
        with open_store(url) as store:
            store.create("ana")
            store.ping()
        assert (tmp_path / name).is_file()


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "sqlite:///"])
def test_urls_in_memory(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a file the sessions are in memory, and each store's are its own."""
    monkeypatch.chdir(tmp_path)
    with open_store(url) as store, open_store(url) as other:
        store.create("ana", session_id="chat")
        assert store.get_many(["chat"]) != []
        assert other.get_many(["chat"]) == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("url", "named"),
    [
        ("sqlite:///chat.db?synchronous=off", "synchronous=off"),
        ("sqlite:///chat.db?timeout=soon", "timeout=soon"),
        ("sqlite:///chat.db?timeout=-1", "timeout=-1"),
        ("sqlite:///chat.db?timeout=nan", "timeout=nan"),
        ("sqlite:///chat.db?timeout=1e9", "timeout"),
        ("sqlite:///chat.db?timeout=1&timeout=2", "timeout is given twice"),
        ("sqlite:///chat.db?mode=ro", "mode"),
        ("sqlite://chat.db", "three slashes"),
        ("sqlite://user:secret@host/chat.db", "no host"),
        ("sqlite:///a%00b.db", "NUL"),
        (f"sqlite:///{'a' * 300}.db", "name another"),
        ("sqlite:///\ud800.db", "name another"),
    ],
)
def test_bad_urls(url: str, named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a URL can't say is a `ConfigurationError` that names the option, and makes no file."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigurationError, match=named) as raised:
        open_store(url)
    assert "secret" not in str(raised.value)
    assert list(tmp_path.iterdir()) == []


def test_policy_and_clock_reach_the_store(tmp_path: Path) -> None:
    """`open_store` hands on the policy and the clock that it is given."""
    clock = ManualClock()
    policy = RetentionPolicy(max_messages=1)
    with open_store(f"sqlite:///{tmp_path}/chat.db", policy=policy, clock=clock) as store:
        messages = [Message(type="user", content=f"{number}") for number in range(2)]
        session = store.create("ana", messages=messages)
        assert session.created_at == clock.now
        assert store.get(session.session_id).messages == messages[1:]


def test_more_threads_than_connections_are_kept(engine: Engine) -> None:
    """Forty threads read and write one store; none waits for a connection in vain."""
    failures: list[BaseException] = []
    with SQLSessionStore(engine, policy=RetentionPolicy(max_messages=None)) as store:
        store.create("ana", session_id="busy")
        barrier = threading.Barrier(40)

        def work() -> None:
            try:
                barrier.wait()
                for _ in range(5):
                    store.append("busy", Message(type="user", content="x"))
                    store.get("busy")
                    store.list_sessions("ana")
            except BaseException as error:  # noqa: BLE001 - shown by the test's own thread
                failures.append(error)

        threads = [threading.Thread(target=work) for _ in range(40)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        assert len(store.get("busy").messages) == 200
    assert engine.pool.checkedout() == 0  # type: ignore[attr-defined]


def test_every_thread_in_a_call_has_a_connection(engine: Engine) -> None:
    """However many calls run at once, none waits for a connection; eight are kept afterwards."""
    with SQLSessionStore(engine) as store:
        store.create("ana")
        connections = store.engine.database.connections
        taken = [connections.take() for _ in range(40)]
        assert len({id(lease.driver) for lease in taken}) == 40
        for lease in taken:
            connections.give(lease)
        assert engine.pool.checkedout() == 8  # type: ignore[attr-defined]


def test_opening_waits_for_readers_of_a_half_made_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a process died between making the tables and WAL, the next one makes up for it; it
    waits for readers even where SQLite does not."""
    engine = create_sqlite_engine(tmp_path / "chat.db", timeout=5)

    @event.listens_for(engine, "connect")
    def be_impatient(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute("PRAGMA busy_timeout=0")

    with SQLSessionStore(engine) as store:
        store.create("ana")
    engine.dispose()
    with closing(sqlite3.connect(tmp_path / "chat.db", isolation_level=None)) as reader:
        reader.execute("PRAGMA journal_mode=DELETE")
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM chat_sessions").fetchall()
        monkeypatch.setattr(
            "chatstore_sql.sqlite.database.deadline.pause", lambda _: reader.rollback()
        )
        with SQLSessionStore(engine) as store:
            store.create("ana")
            assert pragma(engine, "journal_mode") == "wal"
    engine.dispose()


def test_another_may_open_the_file_at_any_moment(tmp_path: Path) -> None:
    """Before whichever statement of an opening another one comes, both find their tables."""
    for moment in range(1, 100):
        path = tmp_path / f"{moment}.db"
        settings = EngineSettings(path, 0.0, str(path))
        if not done_by_two(path, moment, partial(ensure_schema, settings=settings), reads):
            assert moment > 10
            return
    pytest.fail("the opening has no end")


def reads(cursor: sqlite3.Cursor) -> None:
    """The tables are there."""
    cursor.execute("SELECT * FROM chat_messages").fetchall()


@pytest.mark.parametrize("breach", [KeyboardInterrupt(), sqlite3.OperationalError("locked")])
def test_an_interrupted_write_is_rolled_back(engine: Engine, breach: BaseException) -> None:
    """Whatever breaks a write off, Ctrl-C too, nothing of it stays, and no lock either."""
    with SQLSessionStore(engine) as store:
        store.create("ana", session_id="chat")

        def write_and_break_off() -> None:
            with store.engine.database.write() as cursor:
                cursor.execute("DELETE FROM chat_sessions")
                raise breach

        with pytest.raises(type(breach)):
            write_and_break_off()
        assert store.get("chat").user_id == "ana"
        assert store.append("chat", Message(type="user", content="x")).message_count == 1
