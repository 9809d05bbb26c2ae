"""What is said to the server: mostly one call of a function."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache

from chatstore.policy import MAX_WINDOW_BYTES
from chatstore_sql.columns import SessionRow
from chatstore_sql.page_statements import PageShape, page_select
from chatstore_sql.postgresql.names import quoted
from chatstore_sql.postgresql.tables import IN_PLACES

Value = str | bytes | int | bool | None
"""What stands in a parameter's place."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement's text, whose parameters are $1, $2 and so on, and the name by which a connection
    may keep it prepared; `prepared`: in these other words, which are slow to plan and quick to
    run."""

    text: bytes
    name: bytes
    prepared: bytes | None = None


class Statements:
    """Those for one schema."""

    def __init__(self, schema_name: str) -> None:
        self._schema_name = schema_name
        in_schema = quoted(schema_name)
        self.load = replace(self._call("chat_load", 3), prepared=_load(in_schema).encode())
        self.messages = self._call("chat_messages_page", 5)
        self.write = self._call("chat_write", 21)
        self.rewrite = self._call("chat_rewrite", 18)
        self.amend = self._call("chat_amend", 16)
        self.insert = self._call("chat_insert", 23)
        self.delete = self._call("chat_delete", 5)
        self.purge = self._call("chat_purge", 2)
        self.delete_user = self._call("chat_delete_user", 3)
        self.sweep = self._call("chat_sweep", 2)
        each = f"{in_schema}.chat_load(asked.session_id, NULL, $2)"
        self.load_many = _statement(
            "load_many",
            f"SELECT answer.* FROM unnest($1::text[]) AS asked (session_id), {each} AS answer "
            "WHERE answer.outcome = 'done'",
        )
        self.scan = _statement(
            "scan",
            "SELECT answer.* FROM (SELECT s.session_id "
            f"FROM {in_schema}.chat_sessions AS s "
            "WHERE s.session_id > $1 AND (s.ttl IS NULL OR s.ttl > $3) "
            f"ORDER BY s.session_id LIMIT $4) AS asked, {each} AS answer "
            "ORDER BY asked.session_id",
        )
        self.reserve = _statement(
            "reserve",
            f"INSERT INTO {in_schema}.chat_leftovers (life, due) VALUES "
            f"(nextval(pg_get_serial_sequence('{in_schema}.chat_sessions', 'life')), $1) "
            "RETURNING life",
        )
        self.write_chunk = _statement(
            "write_chunk",
            f"WITH reserved AS (SELECT l.life FROM {in_schema}.chat_leftovers AS l "
            "WHERE l.life = $1 FOR SHARE), written AS ("
            f"INSERT INTO {in_schema}.chat_messages (life, seq, message_id, size, body) "
            "SELECT reserved.life, $2 + given.place - 1, given.message_id, given.size, given.body "
            "FROM reserved, unnest($3::text[], $4::bigint[], $5::text[]) WITH ORDINALITY "
            "AS given (message_id, size, body, place)) SELECT count(*) FROM reserved",
        )
        self.abandon = _statement(
            "abandon",
            f"UPDATE {in_schema}.chat_leftovers SET due = 0 WHERE life = $1 RETURNING life",
        )
        self.state = _statement(
            "state",
            f"SELECT s.ttl FROM {in_schema}.chat_sessions AS s WHERE s.session_id = $1",
        )
        self.page = cache(self._page)

    def _call(self, function: str, parameters: int) -> Statement:
        places = ", ".join(f"${number}" for number in range(1, parameters + 1))
        return _statement(
            function, f"SELECT * FROM {quoted(self._schema_name)}.{function}({places})"
        )

    def _page(self, shape: PageShape) -> tuple[Statement, Sequence[str]]:
        """The statement of a page of sessions, and its parameters' names in their places."""
        compiled = page_select(shape).compile(dialect=IN_PLACES)
        text = str(compiled).replace(
            "FROM chat_sessions", f"FROM {quoted(self._schema_name)}.chat_sessions"
        )
        name = "page_" + "".join("1" if each else "0" for each in shape)
        return _statement(name, text), compiled.positiontup or ()


def _load(in_schema: str) -> str:
    """What `chat_load` does, as one statement."""
    columns = ", ".join(f"s.{name}" for name in SessionRow._fields)
    weight = "m.size + octet_length(m.message_id) + 2"
    heavy = f"s.history IS NOT NULL AND s.kept_weight > {MAX_WINDOW_BYTES // 4}"
    return (
        f"SELECT 'done', NULL, {columns}, w.bodies, w.weights FROM {in_schema}.chat_sessions AS s, "
        "LATERAL (SELECT string_agg(m.body, ',' ORDER BY m.seq) AS bodies, "
        f"CASE WHEN s.kept_weight > $3::bigint OR {heavy} "
        f"THEN string_agg(({weight})::text, ',' ORDER BY m.seq) END AS weights "
        f"FROM {in_schema}.chat_messages AS m WHERE m.life = s.life "
        "AND m.seq >= s.next_seq - least(s.kept, s.history, $2::bigint)) AS w "
        "WHERE s.session_id = $1"
    )


def _statement(name: str, text: str) -> Statement:
    return Statement(text.encode(), f"chatstore_{name}".encode())


def text_array(values: Iterable[str]) -> str:
    """Texts as one array."""
    return "{" + ",".join(f'"{_escaped(value)}"' for value in values) + "}"


def number_array(values: Iterable[int]) -> str:
    """Numbers as one array."""
    return "{" + ",".join(map(str, values)) + "}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
