"""What chatstore costs on SQLite, against the `sqlite3` module alone doing the same work.

The floor has the same tables, the same journal and `synchronous`, the same transactions and the
same answers; its reads decode each stored message with `json.loads`. Messages are shaped like the
brief's, with contents of 200 bytes; windows are full. Each figure is the median, over shuffled
rounds, of the ratio of the rounds' medians.

    python benchmarks/sqlite_floor.py [--rounds 20] [--calls 50] [--directory DIR]
"""

import argparse
import itertools
import json
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from chatstore import RetentionPolicy, utc_now
from chatstore.clock import utc_text
from chatstore.engine import StoredMessage, message_weight
from chatstore.record.encode import stored_message
from chatstore_sql import SQLSessionStore, create_sqlite_engine
from messages import new_message
from rounds import Call, Figure, measured, report

Synchronous = Literal["full", "normal"]

_INSERT = """INSERT INTO chat_sessions (session_id, user_id, created_at, updated_at, ttl,
message_count, session_status, version, creation_id, user_preferences, metadata)
VALUES (?, ?, ?, ?, 4000000000, 10, 'active', 1, NULL, '{"genres":["action"]}', '{"title":"x"}')"""
_SESSION = """SELECT session_id, user_id, created_at, updated_at, ttl, message_count,
session_status, version, creation_id, user_preferences, metadata, extra, life, next_seq, kept,
kept_weight FROM chat_sessions"""
_WINDOW = "SELECT body FROM chat_messages WHERE life = ? ORDER BY seq"
_MET = "SELECT seq FROM chat_messages WHERE life = ? AND message_id = ?"
_KEPT = 10


class Floor:
    """The same work by the driver alone."""

    def __init__(self, path: Path, synchronous: Synchronous) -> None:
        self.connection = sqlite3.connect(path, isolation_level=None)
        self.connection.execute("PRAGMA foreign_keys=ON")
        self.connection.execute(f"PRAGMA synchronous={synchronous}")
        self.cursor = self.connection.cursor()

    def get(self, session_id: str) -> dict[str, Any]:
        """The session with its window."""
        cursor = self.cursor
        cursor.execute("BEGIN")
        row = cursor.execute(f"{_SESSION} WHERE session_id = ?", (session_id,)).fetchone()
        bodies = cursor.execute(_WINDOW, (row[12],)).fetchall()
        cursor.execute("COMMIT")
        return {**_document(row), "messages": [json.loads(body) for (body,) in bodies]}

    def append(self, session_id: str, given: StoredMessage, *, with_window: bool) -> dict[str, Any]:
        """The session after a message was added and the oldest one dropped."""
        cursor = self.cursor
        cursor.execute("BEGIN IMMEDIATE")
        row = cursor.execute(f"{_SESSION} WHERE session_id = ?", (session_id,)).fetchone()
        life, seq, kept, weight = row[12:]
        message_id, window = given.message_id, []
        is_new = not cursor.execute(_MET, (life, message_id)).fetchall()
        if row[4] > time.time() and is_new:
            body = json.dumps(given.document, ensure_ascii=False, separators=(",", ":"))
            cursor.execute(
                "INSERT INTO chat_messages VALUES (?, ?, ?, ?, ?)",
                (life, seq, message_id, given.size, body),
            )
            weight += given.weight
            kept += 1
            if kept > _KEPT:
                dropped = cursor.execute(
                    "DELETE FROM chat_messages WHERE life = ? AND seq < ? "
                    "RETURNING size, message_id",
                    (life, seq + 1 - _KEPT),
                ).fetchall()
                kept = _KEPT
                weight -= sum(message_weight(each, size) for size, each in dropped)
            updated = utc_text(utc_now())
            row = (*row[:3], updated, row[4], row[5] + 1, row[6], row[7] + 1, *row[8:])
            cursor.execute(
                "UPDATE chat_sessions SET updated_at = ?, ttl = ?, message_count = ?, version = ?, "
                "next_seq = ?, kept = ?, kept_weight = ? WHERE life = ?",
                (updated, row[4], row[5], row[7], seq + 1, kept, weight, life),
            )
        if with_window:
            window = cursor.execute(_WINDOW, (life,)).fetchall()
        cursor.execute("COMMIT")
        if not with_window:
            return _document(row)
        return {**_document(row), "messages": [json.loads(body) for (body,) in window]}

    def page(self, user_id: str) -> list[dict[str, Any]]:
        """The newest 20 live sessions, and one to tell whether more follow."""
        found = self.cursor.execute(
            f"{_SESSION} WHERE user_id = ? AND (ttl IS NULL OR ttl > ?) "
            "ORDER BY created_at DESC, session_id DESC LIMIT 21",
            (user_id, int(time.time())),
        ).fetchall()
        return [_document(row) for row in found]


def _document(row: Sequence[Any]) -> dict[str, Any]:
    return {
        "sessionId": row[0],
        "userId": row[1],
        "createdAt": row[2],
        "updatedAt": row[3],
        "ttl": row[4],
        "messageCount": row[5],
        "sessionStatus": row[6],
        "version": row[7],
        "creationId": row[8],
        "userPreferences": json.loads(row[9]),
        "metadata": json.loads(row[10]),
    }


@contextmanager
def store_on(
    path: Path, synchronous: Synchronous, policy: RetentionPolicy | None = None
) -> Iterator[SQLSessionStore]:
    """A store on the file at `path`, which has its tables."""
    path.touch()
    engine = create_sqlite_engine(path, synchronous=synchronous)
    with SQLSessionStore(engine, policy=policy) as store:
        yield store
    engine.dispose()


def fill(path: Path, user_id: str, count: int) -> None:
    """Give a user so many sessions without messages."""
    connection = sqlite3.connect(path)
    with connection:
        connection.executemany(
            _INSERT,
            (
                (f"{user_id}-{number:06}", user_id, *[f"2026-01-01T00:00:00.{number:06}Z"] * 2)
                for number in range(count)
            ),
        )
    connection.close()


def calls_against_floor(
    directory: Path, synchronous: Synchronous, *, rounds: int, calls: int
) -> Iterator[Figure]:
    """append, append_and_get, get and a page, each against the floor on a file of its own."""
    paths = [directory / f"{side}-{synchronous}.db" for side in ("floor", "store")]
    for path in paths:
        with store_on(path, "normal") as store:
            for number in range(20):
                messages = [new_message() for _ in range(10)]
                store.create("ana", session_id=f"chat-{number}", messages=messages)
        fill(path, "ben", 20_000)
    ids = itertools.cycle([f"chat-{number}" for number in range(20)])
    floor = Floor(paths[0], synchronous)
    # Both sides get their messages ready-made, as an application does.
    total = (rounds + 1) * calls
    supply = {
        name: iter([new_message() for _ in range(total)]) for name in ("append", "append_and_get")
    }
    documents = {
        name: iter([stored_message(new_message()) for _ in range(total)]) for name in supply
    }

    def floor_append(name: str) -> object:
        given = next(documents[name])
        return floor.append(next(ids), given, with_window=name == "append_and_get")

    with store_on(paths[1], synchronous) as store:
        contests: dict[str, tuple[Call, Call]] = {
            "append": (
                lambda: floor_append("append"),
                lambda: store.append(next(ids), next(supply["append"])),
            ),
            "append_and_get": (
                lambda: floor_append("append_and_get"),
                lambda: store.append_and_get(next(ids), next(supply["append_and_get"])),
            ),
            "get": (
                lambda: floor.get(next(ids)),
                lambda: store.get(next(ids)),
            ),
            "page of 20 of 20,000": (lambda: floor.page("ben"), lambda: store.list_sessions("ben")),
        }
        yield from measured(contests, rounds=rounds, calls=calls)
    floor.connection.close()


def reads_by_policy(directory: Path, *, rounds: int, calls: int) -> Iterator[Figure]:
    """A get of ten messages where the count bounds what is shown, against one where bytes may."""
    path = directory / "policies.db"
    with store_on(path, "full") as store:
        messages = [new_message() for _ in range(10)]
        store.create("ana", session_id="chat", messages=messages)
        unbounded = RetentionPolicy(max_messages=None)
        with store_on(path, "full", unbounded) as other:
            contests: dict[str, tuple[Call, Call]] = {
                "get, at most 10 : no limit": (
                    lambda: store.get("chat"),
                    lambda: other.get("chat"),
                ),
            }
            yield from measured(contests, rounds=rounds, calls=calls)


def pages_by_size(directory: Path, *, rounds: int, calls: int) -> Iterator[Figure]:
    """A page of a user with 100,000 sessions against one of a user with 1,000."""
    path = directory / "pages.db"
    with store_on(path, "full") as store:
        fill(path, "few", 1_000)
        fill(path, "many", 100_000)
        middles = {
            user: store.list_sessions(user, limit=count).next_cursor
            for user, count in (("few", 500), ("many", 1_000))
        }
        contests: dict[str, tuple[Call, Call]] = {
            "newest page, 1,000 : 100,000": (
                lambda: store.list_sessions("few"),
                lambda: store.list_sessions("many"),
            ),
            "by cursor,   1,000 : 100,000": (
                lambda: store.list_sessions("few", cursor=middles["few"]),
                lambda: store.list_sessions("many", cursor=middles["many"]),
            ),
        }
        yield from measured(contests, rounds=rounds, calls=calls)


def main() -> None:
    """Print every figure, whatever it is."""
    parser = argparse.ArgumentParser(description="What chatstore costs on SQLite.")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--calls", type=int, default=50)
    parser.add_argument(
        "--directory", type=Path, help="where to make the files; default: the system's"
    )
    options = parser.parse_args()
    sys.stdout.write(f"SQLite {sqlite3.sqlite_version}, Python {sys.version.split()[0]}\n")
    with tempfile.TemporaryDirectory(dir=options.directory) as made:
        directory = Path(made)
        for synchronous in ("full", "normal"):
            figures = calls_against_floor(
                directory, synchronous, rounds=options.rounds, calls=options.calls
            )
            report(f"synchronous={synchronous}", figures)
        report(
            "two policies", reads_by_policy(directory, rounds=options.rounds, calls=options.calls)
        )
        report("two sizes", pages_by_size(directory, rounds=options.rounds, calls=options.calls))


if __name__ == "__main__":
    main()
