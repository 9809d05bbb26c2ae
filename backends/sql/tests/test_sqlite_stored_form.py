"""What lies in the file: a change of it is a decision, never an accident."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path

import pytest

from chatstore import ExtractedFilters, ManualClock, Message, Session, YearRange, open_store
from chatstore_sql import message_statements, page_statements, statements
from chatstore_sql.schema import APPLICATION_ID, SCHEMA_VERSION

GOLDEN = Path(__file__).with_name("golden")
CREATED = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file with one session that was restored, updated and appended to."""
    path = tmp_path / "chat.db"
    clock = ManualClock(CREATED + timedelta(days=1, microseconds=5))
    with open_store(f"sqlite:///{path}", clock=clock) as store:
        store.restore(
            Session(
                session_id='a "quoted" \\ id',
                user_id="ána",
                created_at=CREATED,
                metadata={"title": "Film", "big": 10**37, "half": 0.5},
                version=1,
                creation_id="token",
                messages=[_message(number) for number in range(10)],
                message_count=12,
                channel={"kind": None},  # type: ignore[call-arg]
            )
        )
        store.update('a "quoted" \\ id', user_preferences={"genres": ["ação", "\u2028"]})
        store.append('a "quoted" \\ id', _message(10))
    return path


@pytest.fixture
def connection(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path)) as connection:
        yield connection


def _message(number: int) -> Message:
    return Message(
        message_id=f"m{number}",
        type="user_query",
        content=f"message {number}, naïve \N{GRINNING FACE}",
        timestamp=CREATED + timedelta(seconds=number),
        extracted_filters=ExtractedFilters(year_range=YearRange(min=1990), rating=7.0),
        confidence=0.85,
        tool={"name": None},  # type: ignore[call-arg]
    )


def test_the_schema_is_the_golden_one(connection: sqlite3.Connection) -> None:
    """The tables are those of golden/schema.sql, spaces aside, and the header says whose."""
    found = connection.execute(
        "SELECT sql FROM sqlite_master WHERE name NOT GLOB 'sqlite_*' ORDER BY rowid"
    )
    stored = [" ".join(sql.split()) for (sql,) in found]
    golden = (GOLDEN / "schema.sql").read_text().removesuffix(";\n").split(";\n\n")
    assert stored == [" ".join(sql.split()) for sql in golden]
    assert connection.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
    assert (APPLICATION_ID, SCHEMA_VERSION) == (1667789684, 2)


def test_a_stored_session_is_the_golden_one(connection: sqlite3.Connection) -> None:
    """A session's rows are those of golden/session.json."""
    connection.row_factory = sqlite3.Row
    stored = {
        table: [dict(row) for row in connection.execute(f"SELECT * FROM {table}")]  # noqa: S608
        for table in ("chat_sessions", "chat_messages")
    }
    assert stored == json.loads((GOLDEN / "session.json").read_text())


def test_the_golden_session_is_read(path: Path) -> None:
    """What is stored comes back as it was given."""
    with open_store(f"sqlite:///{path}", clock=ManualClock(CREATED)) as store:
        session = store.get('a "quoted" \\ id', user_id="ána")
    assert session.messages == [_message(number) for number in range(1, 11)]
    assert session.model_extra == {"channel": {"kind": None}}
    assert session.metadata == {"title": "Film", "big": 10**37, "half": 0.5}
    assert session.user_preferences == {"genres": ["ação", "\u2028"]}
    assert (session.message_count, session.version, session.creation_id) == (13, 3, "token")


@pytest.mark.parametrize("flags", list(product([True, False], repeat=5)))
def test_pages_walk_the_index(connection: sqlite3.Connection, flags: tuple[bool, ...]) -> None:
    """Every page's statement walks the user's part of the index, and sorts nothing."""
    statement = page_statements.select_page(page_statements.PageShape(*flags))
    plan = _plan(connection, statement)
    assert plan[0].startswith("SEARCH chat_sessions USING INDEX chat_sessions_by_user (user_id=?")
    assert not any("TEMP B-TREE" in step for step in plan)


@pytest.mark.parametrize(
    "statement",
    [
        *("SELECT_SCAN", "SELECT_EXPIRED", "SELECT_RECORD", "SELECT_BODIES", "SELECT_PAGE"),
        *(
            "SELECT_MET",
            "SELECT_OLDEST_WEIGHTS",
            "SELECT_NEWEST_WEIGHTS",
            "SELECT_PAGE_NEWEST_FIRST",
        ),
        *("DELETE_BEFORE", "DELETE_FROM", "DELETE_CHUNK", "UPDATE_WINDOW"),
    ],
)
def test_other_statements_walk_keys(connection: sqlite3.Connection, statement: str) -> None:
    """Nothing else sorts or walks a whole table either."""
    room = statements if hasattr(statements, statement) else message_statements
    plan = _plan(connection, getattr(room, statement))
    assert plan
    assert not any("TEMP B-TREE" in step for step in plan)
    assert not any("SCAN chat_" in step for step in plan)


def test_a_message_is_found_by_its_id(connection: sqlite3.Connection) -> None:
    """A retry's look at the window is one at the index, however long the window is."""
    (step,) = _plan(connection, message_statements.SELECT_MET)
    assert step.startswith("SEARCH chat_messages USING COVERING INDEX chat_messages_by_id")
    assert "(life=? AND message_id=? AND seq>?)" in step


def _plan(connection: sqlite3.Connection, statement: str) -> list[str]:
    names = ["user_id", "now", "limit", "after", "after_created_at", "after_session_id"]
    names += [
        "created_from",
        "created_before",
        "session_status",
        "session_id",
        "light",
        "life",
        "last",
        "from_seq",
    ]
    given = (None,) * statement.count("?") or dict.fromkeys(names)
    found = connection.execute(f"EXPLAIN QUERY PLAN {statement}", given)
    return [row[3] for row in found]
