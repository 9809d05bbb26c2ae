"""What is made in a schema: its tables and indexes, the mark on them, the functions."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from chatstore_sql.postgresql.function_texts import function_texts
from chatstore_sql.postgresql.names import quoted
from chatstore_sql.postgresql.schema.mark import FORMAT, mark_text
from chatstore_sql.postgresql.tables import create_tables

_NAME = re.compile(r"CREATE OR REPLACE FUNCTION \S+\.(\w+)\(")
_BODY = re.compile(r"\$body\$(.*)\$body\$", re.DOTALL)

MIGRATIONS: Mapping[int, tuple[str, ...]] = {}
"""What leads from a stored format to the next, `@schema@` being the schema's name."""


class Function(NamedTuple):
    """A function as it is made, and its body as the server keeps it."""

    name: str
    text: str
    body: str


def functions(schema_name: str) -> list[Function]:
    """All functions of a schema."""
    found: list[Function] = []
    for text in function_texts(schema_name):
        name, body = _NAME.search(text), _BODY.search(text)
        assert name is not None, text
        assert body is not None, text
        found.append(Function(name[1], text, body[1]))
    return found


def create_schema(schema_name: str) -> str:
    """The statement that makes the schema."""
    return f"CREATE SCHEMA IF NOT EXISTS {quoted(schema_name)}"


def set_mark(schema_name: str, version: int = FORMAT) -> str:
    """The statement that marks the tables as ours."""
    return f"COMMENT ON TABLE {quoted(schema_name)}.chat_sessions IS '{mark_text(version)}'"


def script(schema_name: str) -> str:
    """A file for psql that makes all of it, whole or not at all."""
    statements = [
        create_schema(schema_name),
        *create_tables(schema_name),
        set_mark(schema_name),
        *(each.text.strip().removesuffix(";") for each in functions(schema_name)),
    ]
    return "\n\n".join(["BEGIN;", *(f"{each};" for each in statements), "COMMIT;", ""])
