"""The functions that a write is one call of, as they are made in a schema.

Each is a file of SQL. Where one says `@find@`, say, stands the part of that name.
"""

from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

from chatstore.policy import MAX_WINDOW_BYTES
from chatstore_sql.columns import SessionRow
from chatstore_sql.postgresql.names import quoted

CHUNK = 5_000
"""How many messages one statement erases, and how many sessions a purge looks at at once."""

_NUMBERS = ("ttl", "message_count", "version", "history", "life", "next_seq", "kept", "kept_weight")
_COLUMNS = SessionRow._fields

_ANSWER = ", ".join(
    [
        "OUT outcome text",
        "OUT detail text",
        *(f"OUT o_{name} {'bigint' if name in _NUMBERS else 'text'}" for name in _COLUMNS),
        "OUT bodies text",
        "OUT weights text",
    ]
)

ORDER = (
    *("state_size", "merge", "shown"),
    *("load", "messages", "write", "rewrite", "amend", "insert", "delete"),
    *("purge", "delete_user", "sweep"),
)
"""The files, each after those that it needs."""


def function_texts(schema_name: str) -> list[str]:
    """The statements that make the functions, or bring them up to date, in a schema."""
    return [_filled(_text(f"{name}.sql"), schema_name) for name in ORDER]


def _filled(text: str, schema_name: str) -> str:
    for part in ("find", "window", "erase", "stamp"):
        text = text.replace(f"@{part}@\n", _text(f"parts/{part}.sql"))
    for name, value in {
        "answer": _ANSWER,
        "columns": ", ".join(f"s.{name}" for name in _COLUMNS),
        "row": ", ".join(f"o_{name}" for name in _COLUMNS),
        "window_bytes": str(MAX_WINDOW_BYTES),
        "chunk": str(CHUNK),
        "weight": "(m.size + octet_length(m.message_id) + 2)",
        "schema": quoted(schema_name),
    }.items():
        text = text.replace(f"@{name}@", value)
    return text


@cache
def _text(name: str) -> str:
    found: Traversable = files("chatstore_sql.postgresql") / "functions"
    for part in name.split("/"):
        found = found / part
    return found.read_text("utf-8")
