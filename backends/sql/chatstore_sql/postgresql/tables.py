"""The tables as PostgreSQL has them: those that every dialect shares, in a schema of their own."""

from typing import Any

from sqlalchemy import Column, Identity, Index, MetaData, Table, Text
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.schema import CreateIndex, CreateTable

from chatstore_sql import schema

CODE_POINTS = "C"
"""The order of text in every column: by code points, as everywhere else in chatstore."""

_OPTIONS = {
    # An append changes no column of an index: there is room for the row's next form on its page.
    "chat_sessions": "fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05",
    "chat_messages": "autovacuum_vacuum_scale_factor = 0.05, "
    "autovacuum_vacuum_insert_scale_factor = 0.2",
}

DIALECT = PGDialect_psycopg()  # type: ignore[no-untyped-call]  # SQLAlchemy's own
IN_PLACES = PGDialect_psycopg(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]  # likewise
"""The dialect whose statements have $1, $2 and so on."""


def tables(schema_name: str) -> MetaData:
    """The shared tables with PostgreSQL's types, in a schema."""
    own = MetaData(schema=schema_name)
    for table in schema.metadata.sorted_tables:
        copy = Table(table.name, own, *(_column(column) for column in table.columns))
        for index in table.indexes:
            Index(index.name, *(copy.c[column.name] for column in index.columns))
    return own


def _column(column: Column[Any]) -> Column[Any]:
    """A column as PostgreSQL has it: text goes by code points, and lives are numbered here."""
    is_text = isinstance(column.type, Text)
    is_numbered = column.primary_key and column.table.name == "chat_sessions"
    return Column(
        column.name,
        Text(collation=CODE_POINTS) if is_text else column.type,
        *([Identity()] if is_numbered else []),
        primary_key=column.primary_key,
        autoincrement=is_numbered,
        nullable=column.nullable,
        unique=column.unique,
        server_default=column.server_default,
    )


def create_tables(schema_name: str) -> list[str]:
    """The statements that make the tables and their indexes."""
    statements: list[str] = []
    for table in tables(schema_name).sorted_tables:
        made = str(CreateTable(table).compile(dialect=DIALECT)).strip()
        if table.name in _OPTIONS:
            made += f" WITH ({_OPTIONS[table.name]})"
        statements.append(made)
    return [*statements, *indexes(schema_name).values()]


def indexes(schema_name: str) -> dict[str, str]:
    """The statements that make the indexes beside the tables' keys, by their names."""
    return {
        str(index.name): str(CreateIndex(index).compile(dialect=DIALECT))
        for table in tables(schema_name).sorted_tables
        for index in sorted(table.indexes, key=lambda each: str(each.name))
    }
