"""What chatstore costs on PostgreSQL, against psycopg alone doing the same work.

The floor has the same tables and the same answers. Each of its calls is one statement of plain SQL,
as fast as the driver sends it: in autocommit, prepared by the driver. Its reads decode each stored
message with `json.loads`. Messages are shaped like the brief's, with contents of 200 bytes; windows
are full. Each figure is the median, over shuffled rounds, of the ratio of the rounds' medians.

    python benchmarks/postgresql_floor.py URL [--rounds 20] [--calls 50] [--sessions 1000000]

The tables are made in schemas of their own, and dropped at the end.
"""

import argparse
import itertools
import json
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Any
from uuid import uuid4

import psycopg

from chatstore import RetentionPolicy, utc_now
from chatstore.clock import utc_text
from chatstore.record.encode import stored_message
from chatstore.record.stored import StoredMessage
from chatstore_sql.columns import SHOWN
from chatstore_sql.postgresql import PostgreSQLSessionStore
from chatstore_sql.postgresql.address import read_url
from chatstore_sql.postgresql.harness import PostgreSQLHarness, connected
from chatstore_sql.postgresql.url import open_address
from messages import new_message
from rounds import Call, Figure, measured, report

_KEPT = 10
_COLUMNS = ", ".join(f"s.{name}" for name in SHOWN)
_GET = f"""SELECT {_COLUMNS}, (
  SELECT array_agg(m.body ORDER BY m.seq) FROM SCHEMA.chat_messages AS m WHERE m.life = s.life
) FROM SCHEMA.chat_sessions AS s WHERE s.session_id = %s"""  # noqa: S608
_PAGE = f"""SELECT {_COLUMNS} FROM SCHEMA.chat_sessions AS s
WHERE s.user_id = %s AND (s.ttl IS NULL OR s.ttl > %s)
ORDER BY s.created_at DESC, s.session_id DESC LIMIT 21"""  # noqa: S608
_APPEND = f"""WITH old AS (
  SELECT * FROM SCHEMA.chat_sessions WHERE session_id = %(session_id)s AND ttl > %(now)s
  FOR NO KEY UPDATE
), met AS (
  SELECT m.seq FROM old JOIN SCHEMA.chat_messages AS m USING (life)
  WHERE m.message_id = %(message_id)s
), added AS (
  INSERT INTO SCHEMA.chat_messages (life, seq, message_id, size, body)
  SELECT life, next_seq, %(message_id)s, %(size)s, %(body)s FROM old
  WHERE NOT EXISTS (SELECT FROM met)
), dropped AS (
  DELETE FROM SCHEMA.chat_messages AS m USING old
  WHERE m.life = old.life AND m.seq < old.next_seq + 1 - %(kept)s AND NOT EXISTS (SELECT FROM met)
  RETURNING m.size + octet_length(m.message_id) + 2 AS weight
)
UPDATE SCHEMA.chat_sessions AS s SET updated_at = %(updated_at)s, ttl = %(ttl)s,
  message_count = old.message_count + 1, version = old.version + 1, next_seq = old.next_seq + 1,
  kept = old.kept + 1 - (SELECT count(*) FROM dropped),
  kept_weight = old.kept_weight + %(weight)s - (SELECT coalesce(sum(weight), 0) FROM dropped)
FROM old WHERE s.life = old.life AND NOT EXISTS (SELECT FROM met)
RETURNING {_COLUMNS}"""  # noqa: S608


class Floor:
    """The same work by the driver alone."""

    def __init__(self, connection: psycopg.Connection[Any], schema: str) -> None:
        connection.prepare_threshold = 0
        self._cursor = connection.cursor()
        self._get, self._page, self._append = (
            text.replace("SCHEMA", schema).encode() for text in (_GET, _PAGE, _APPEND)
        )

    def get(self, session_id: str) -> dict[str, Any]:
        """The session with its window."""
        row = self._cursor.execute(self._get, (session_id,)).fetchone()
        assert row is not None
        return {**_document(row), "messages": [json.loads(body) for body in row[-1]]}

    def append(self, session_id: str, given: StoredMessage) -> dict[str, Any]:
        """The session after a message was added and the oldest one dropped."""
        row = self._cursor.execute(
            self._append,
            {
                "session_id": session_id,
                "now": int(time.time()),
                "message_id": given.message_id,
                "size": given.size,
                "weight": given.weight,
                "body": json.dumps(given.document, ensure_ascii=False, separators=(",", ":")),
                "kept": _KEPT,
                "updated_at": utc_text(utc_now()),
                "ttl": int(time.time()) + 2_592_000,
            },
        ).fetchone()
        assert row is not None
        return _document(row)

    def page(self, user_id: str) -> list[dict[str, Any]]:
        """The newest 20 live sessions, and one to tell whether more follow."""
        found = self._cursor.execute(self._page, (user_id, int(time.time()))).fetchall()
        return [_document(row) for row in found]


def _document(row: Sequence[Any]) -> dict[str, Any]:
    document = dict(zip(SHOWN, row, strict=False))
    document["user_preferences"] = json.loads(document["user_preferences"])
    document["metadata"] = json.loads(document["metadata"])
    return document


def fill(harness: PostgreSQLHarness, user_id: str, count: int, *, each: int = 20_000) -> None:
    """Make so many sessions with one message each, of users that have so many; the newest are
    `user_id`'s."""
    text = json.dumps(stored_message(new_message()).document)
    harness.run(
        f"INSERT INTO {harness.schema}.chat_sessions (session_id, user_id, created_at, updated_at, "  # noqa: S608
        "ttl, message_count, version, next_seq, kept, kept_weight, user_preferences) "
        "SELECT %s || '-' || n, CASE WHEN n <= %s THEN %s ELSE 'other-' || n %% 1000 END, "
        "'2026-01-01T00:00:00.' || lpad((n %% 1000000)::text, 6, '0') || 'Z', "
        "'2026-01-01T00:00:00.000000Z', 4000000000, 1, 1, 1, 1, 400, "
        """'{"genres":["action"]}' FROM generate_series(1, %s) AS n""",
        user_id,
        each,
        user_id,
        count,
    )
    harness.run(
        f"INSERT INTO {harness.schema}.chat_messages SELECT s.life, 0, gen_random_uuid()::text, "  # noqa: S608
        f"360, %s FROM {harness.schema}.chat_sessions AS s WHERE s.session_id LIKE %s",
        text,
        f"{user_id}-%",
    )
    for table in ("chat_sessions", "chat_messages"):
        harness.run(f"VACUUM ANALYZE {harness.schema}.{table}")


def against_floor(
    url: str, floor: PostgreSQLHarness, own: PostgreSQLHarness, *, rounds: int, calls: int
) -> Iterator[Figure]:
    """append, get and a page, each against the floor in a schema of its own."""
    for harness in (floor, own):
        with harness.open() as store:
            for number in range(20):
                messages = [new_message() for _ in range(_KEPT)]
                store.create("ana", session_id=f"chat-{number}", messages=messages)
        fill(harness, "ben", 20_000)
    ids = itertools.cycle([f"chat-{number}" for number in range(20)])
    total = (rounds + 1) * calls
    supply = iter([new_message() for _ in range(total)])
    documents = iter([stored_message(new_message()) for _ in range(total)])
    with (
        connected(read_url(url)) as connection,
        open_address(own.address, policy=RetentionPolicy(), clock=utc_now) as store,
    ):
        bare = Floor(connection, floor.schema)
        contests: dict[str, tuple[Call, Call]] = {
            "append": (
                lambda: bare.append(next(ids), next(documents)),
                lambda: store.append(next(ids), next(supply)),
            ),
            "get": (lambda: bare.get(next(ids)), lambda: store.get(next(ids))),
            "page of 20 of 20,000": (lambda: bare.page("ben"), lambda: store.list_sessions("ben")),
        }
        yield from measured(contests, rounds=rounds, calls=calls)


def by_size(
    few: PostgreSQLHarness,
    many: PostgreSQLHarness,
    sessions: int,
    *,
    rounds: int,
    calls: int,
) -> Iterator[Figure]:
    """A page, an append and a get among many sessions, against one among 1,000."""
    fill(few, "ana", 1_000, each=500)
    fill(many, "ana", sessions)
    with ExitStack() as stack:
        stores: list[PostgreSQLSessionStore] = [
            stack.enter_context(open_address(each.address, policy=RetentionPolicy(), clock=utc_now))
            for each in (few, many)
        ]
        # Spread over all of the table.
        places = itertools.cycle(range(1, 998, 7))
        far = itertools.cycle(range(1, sessions, sessions // 1_009))
        contests: dict[str, tuple[Call, Call]] = {
            f"append, 1,000 : {sessions:,}": (
                lambda: stores[0].append(f"ana-{next(places)}", new_message()),
                lambda: stores[1].append(f"ana-{next(far)}", new_message()),
            ),
            f"get,    1,000 : {sessions:,}": (
                lambda: stores[0].get(f"ana-{next(places)}"),
                lambda: stores[1].get(f"ana-{next(far)}"),
            ),
            f"page,   1,000 : {sessions:,}": (
                lambda: stores[0].list_sessions("ana"),
                lambda: stores[1].list_sessions("ana"),
            ),
        }
        yield from measured(contests, rounds=rounds, calls=calls)


def main() -> None:
    """Print every figure, whatever it is."""
    parser = argparse.ArgumentParser(description="What chatstore costs on PostgreSQL.")
    parser.add_argument("url")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--calls", type=int, default=50)
    parser.add_argument("--sessions", type=int, default=1_000_000)
    options = parser.parse_args()
    with ExitStack() as stack:
        harnesses = []
        for _ in range(4):
            address = replace(read_url(options.url), schema_name=f"benchmark_{uuid4().hex}")
            harness = PostgreSQLHarness("postgresql", address)
            stack.callback(harness.close)
            harnesses.append(harness)
        ((version,),) = harnesses[0].run("SELECT version()")
        sys.stdout.write(f"{version}, Python {sys.version.split()[0]}\n")
        floor, own, few, many = harnesses
        rounds, calls = options.rounds, options.calls
        report("", against_floor(options.url, floor, own, rounds=rounds, calls=calls))
        report("", by_size(few, many, options.sessions, rounds=rounds, calls=calls))


if __name__ == "__main__":
    main()
