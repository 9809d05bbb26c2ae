"""A file of version 1 becomes one of this version when it is opened."""

import json
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing, suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from chatstore import BackendError, ManualClock, Message, RetentionPolicy, SchemaError, open_store
from chatstore_sql.harness import is_whole
from chatstore_sql.schema import SCHEMA_VERSION
from chatstore_sql.sqlite import database, tables, upgrade
from chatstore_sql.sqlite.sqlalchemy_engine import EngineSettings

from .interleaved import done_by_two

GOLDEN = Path(__file__).with_name("golden")
BEFORE_ALL_EXPIRE = ManualClock(datetime(2025, 12, 1, tzinfo=UTC))
UNLIMITED = RetentionPolicy(max_messages=None)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file of version 1, as the chatstore of that version left it."""
    path = tmp_path / "chat.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.executescript((GOLDEN / "version_1.sql").read_text())
        connection.commit()
    return path


def rows_of(path: Path, statement: str) -> list[dict[str, Any]]:
    """What a statement finds in the file, behind chatstore's back."""
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(statement)]


def version_of(path: Path) -> object:
    return rows_of(path, "PRAGMA user_version")[0]["user_version"]


def windows_of_version_1(path: Path) -> dict[str, list[dict[str, Any]]]:
    """The messages of each session, by the tables of version 1."""
    found: dict[str, list[dict[str, Any]]] = {
        row["session_id"]: [] for row in rows_of(path, "SELECT session_id FROM chat_sessions")
    }
    for row in rows_of(path, "SELECT * FROM chat_messages ORDER BY session_id, seq"):
        found[row["session_id"]].append(json.loads(row["body"]))
    return found


def test_all_is_taken_over(path: Path) -> None:
    """Every session and message of a file of version 1 is there after it was opened, in its order;
    the tables are those of a new file; what the rows count is true; and the store goes on."""
    sessions = rows_of(path, "SELECT * FROM chat_sessions ORDER BY rowid")
    windows = windows_of_version_1(path)
    with open_store(f"sqlite:///{path}", policy=UNLIMITED, clock=BEFORE_ALL_EXPIRE) as store:
        found = {session.session_id: session for session in store.scan().items}
        shown = {
            key: [message.model_dump(mode="json", by_alias=True) for message in session.messages]
            for key, session in found.items()
        }
        assert {key: [each["messageId"] for each in window] for key, window in shown.items()} == {
            key: [each["messageId"] for each in window] for key, window in windows.items()
        }
        upgraded = rows_of(path, "SELECT * FROM chat_sessions ORDER BY life")
        assert [{name: row[name] for name in sessions[0]} for row in upgraded] == sessions
        bodies = rows_of(path, "SELECT body FROM chat_messages ORDER BY life, seq")
        assert [json.loads(row["body"]) for row in bodies] == [
            message for row in sessions for message in windows[row["session_id"]]
        ]
        assert is_whole(path)
        for key in windows:
            store.append(key, Message(type="user", content="later"))
            assert len(store.get(key).messages) == len(windows[key]) + 1
    assert is_whole(path)
    stored = rows_of(path, "SELECT sql FROM sqlite_master WHERE name NOT GLOB 'sqlite_*'")
    golden = (GOLDEN / "schema.sql").read_text().removesuffix(";\n").split(";\n\n")
    assert {" ".join(row["sql"].split()) for row in stored} == {
        " ".join(sql.split()) for sql in golden
    }
    assert version_of(path) == SCHEMA_VERSION
    assert rows_of(path, "PRAGMA integrity_check") == [{"integrity_check": "ok"}]


def test_numbers_begin_with_the_place(path: Path) -> None:
    """A message's number is how many came before it, whatever it was in version 1; a record that
    counts fewer messages than it has begins with 0."""
    with open_store(f"sqlite:///{path}"):
        pass
    first = rows_of(
        path,
        "SELECT session_id, message_count - kept AS place, min(seq) AS seq "
        "FROM chat_sessions JOIN chat_messages USING (life) GROUP BY life",
    )
    assert {row["session_id"]: row["seq"] for row in first} == {
        row["session_id"]: max(row["place"], 0) for row in first
    }


def test_many_open_it_at_once(path: Path) -> None:
    """Of twelve threads with a store each, every one finds all of it, once."""
    expected = {key: len(window) for key, window in windows_of_version_1(path).items()}
    found: list[dict[str, int]] = []
    barrier = threading.Barrier(12)

    def work() -> None:
        barrier.wait()
        with open_store(f"sqlite:///{path}", policy=UNLIMITED, clock=BEFORE_ALL_EXPIRE) as store:
            found.append({each.session_id: len(each.messages) for each in store.scan().items})

    threads = [threading.Thread(target=work) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [expected] * 12


def test_many_processes_open_it_at_once(path: Path) -> None:
    """Of four processes, which append to it at once, each finds all of it, and none's message is
    lost."""
    program = (
        "import sys\nfrom chatstore import Message, RetentionPolicy, open_store\n"
        "sys.stdin.readline()\n"
        "with open_store(sys.argv[1], policy=RetentionPolicy(max_messages=None)) as store:\n"
        "    store.append('empty', Message(type='user', content='x'))\n"
    )
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE chat_sessions SET ttl = NULL")
    running = [
        subprocess.Popen(
            [sys.executable, "-c", program, f"sqlite:///{path}"], stdin=subprocess.PIPE
        )
        for _ in range(4)
    ]
    for process in running:
        assert process.stdin is not None
        process.stdin.close()
    assert [process.wait() for process in running] == [0] * 4
    with open_store(f"sqlite:///{path}", policy=UNLIMITED) as store:
        assert len(store.get("empty").messages) == 4
        assert len(store.scan().items) == 7
    assert is_whole(path)


def test_another_may_open_it_at_any_moment(tmp_path: Path) -> None:
    """Before whichever statement of an upgrade another one begins, it is done once and whole."""
    for moment in range(1, 100):
        path = tmp_path / f"{moment}.db"
        with closing(sqlite3.connect(path)) as connection:
            connection.executescript((GOLDEN / "version_1.sql").read_text())
        settings = EngineSettings(path, 0.0, str(path))

        def check(cursor: sqlite3.Cursor, settings: EngineSettings = settings) -> None:
            assert tables.ensure_schema(cursor, settings)

        upgrade_it = partial(tables.upgrade_schema, settings=settings)
        if not done_by_two(path, moment, upgrade_it, check):
            assert moment > 10
            return
        assert is_whole(path)
        assert len(rows_of(path, "SELECT * FROM chat_sessions")) == 7
    pytest.fail("the upgrade has no end")


@pytest.mark.parametrize("step", range(8))
def test_an_upgrade_that_is_broken_off_changes_nothing(
    path: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    """Whatever breaks an upgrade off, and whenever, the file stays of version 1, whole; the next
    opening makes up for it."""
    before = windows_of_version_1(path)
    take_over = [*upgrade.SET_ASIDE, *upgrade.TAKE_OVER]
    broken = [*take_over[:step], "SELECT * FROM nowhere", *take_over[step:]]
    monkeypatch.setattr(upgrade, "SET_ASIDE", broken[:3])
    monkeypatch.setattr(upgrade, "TAKE_OVER", broken[3:])
    with pytest.raises(SchemaError, match="no such table: nowhere"):
        open_store(f"sqlite:///{path}")
    assert version_of(path) == 1
    assert windows_of_version_1(path) == before
    monkeypatch.undo()
    with open_store(f"sqlite:///{path}", clock=BEFORE_ALL_EXPIRE) as store:
        assert len(store.scan().items) == len(before)


def test_it_is_not_broken_off_at_the_deadline(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An upgrade takes as long as there is data: at a deadline that has passed by its end, it is
    done nonetheless."""

    def upgrade_late(cursor: Any, settings: Any) -> None:
        tables.upgrade_schema(cursor, settings)
        # As if all that had taken longer than the deadline.
        monkeypatch.setattr("chatstore.runtime.deadline.time.monotonic", lambda: float("inf"))

    monkeypatch.setattr(database, "upgrade_schema", upgrade_late)
    with suppress(BackendError):
        open_store(f"sqlite:///{path}").close()
    monkeypatch.undo()
    assert version_of(path) == SCHEMA_VERSION


def test_what_was_put_back_under_an_open_store(path: Path) -> None:
    """Where the tables of version 1 come back under an open store, `ping` is a `SchemaError` that
    says what to do."""
    with open_store(f"sqlite:///{path}") as store:
        store.ping()
        rows_of(path, "PRAGMA user_version=1")
        with pytest.raises(SchemaError, match="open the store again"):
            store.ping()
