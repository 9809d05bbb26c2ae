"""Opening a database: what is there is looked at first, and only an empty one is written to."""

import sqlite3
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.schema import CreateIndex, CreateTable

from chatstore.errors import BackendError, SchemaError
from chatstore_sql.schema import APPLICATION_ID, SCHEMA_VERSION, metadata
from chatstore_sql.sqlite.sqlalchemy_engine import EngineSettings

OLDEST_SQLITE = (3, 37, 0)
"""The first that knows strict tables."""

Fetch = Callable[[str], Sequence[tuple[Any, ...]]]
"""Runs a statement without parameters, and returns its rows."""

# One statement, and so one state of the file: others may be making the tables at this moment.
_MARKS = """SELECT (SELECT application_id FROM pragma_application_id),
(SELECT user_version FROM pragma_user_version), (SELECT count(*) FROM sqlite_master)"""


def ensure_schema(cursor: sqlite3.Cursor, settings: EngineSettings) -> None:
    """Make the tables in an empty database, in one transaction; leave one of ours as it is.

    Any number of processes may do so at once; SQLite may say that the file is busy, and then it is
    to be tried again. Raises `SchemaError`, and has changed nothing, for a database that is not
    ours or is of another version.
    """
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        raise SchemaError(
            f"SQLite {sqlite3.sqlite_version} is too old: Python must come with 3.37 or newer"
        )
    if not _is_ours(_fetch_by(cursor), settings):
        _create(cursor, settings)
    if settings.path is not None:
        _use_wal(cursor, settings)


def require_schema(fetch: Fetch, settings: EngineSettings) -> None:
    """Raise `SchemaError` unless the database is ours, and of this version."""
    if not _is_ours(fetch, settings):
        raise SchemaError(f"{settings.place}: chatstore's tables are gone; restore a backup")


def _is_ours(fetch: Fetch, settings: EngineSettings) -> bool:
    """Whether our tables are there; False if there is nothing at all."""
    application, version, objects = fetch(_MARKS)[0]
    if application == APPLICATION_ID:
        if version > SCHEMA_VERSION:
            raise SchemaError(
                f"{settings.place}: a newer chatstore has made this file (schema version "
                f"{version}; this one knows {SCHEMA_VERSION}); upgrade chatstore, or name another "
                "file"
            )
        if version < SCHEMA_VERSION:
            raise SchemaError(
                f"{settings.place}: the file's schema version is {version}, which no chatstore has "
                "made; restore a backup, or name another file"
            )
        return True
    if application or version or objects:
        raise SchemaError(
            f"{settings.place}: this database belongs to another application (application_id "
            f"{application}, user_version {version}, {objects} tables and indexes); chatstore "
            "needs a file of its own: name another"
        )
    return False


def _create(cursor: sqlite3.Cursor, settings: EngineSettings) -> None:
    cursor.execute("BEGIN IMMEDIATE")
    try:
        # Another process may have been first.
        if not _is_ours(_fetch_by(cursor), settings):
            for statement in ddl():
                cursor.execute(statement)
            cursor.execute(f"PRAGMA application_id={APPLICATION_ID}")
            cursor.execute(f"PRAGMA user_version={SCHEMA_VERSION}")
        cursor.execute("COMMIT")
    except BaseException:
        if cursor.connection.in_transaction:
            cursor.execute("ROLLBACK")
        raise


def ddl() -> list[str]:
    """The statements that make the tables and the index."""
    dialect = SQLiteDialect_pysqlite()
    statements: list[str] = []
    for table in metadata.sorted_tables:
        statements.append(str(CreateTable(table).compile(dialect=dialect)))
        statements += [str(CreateIndex(index).compile(dialect=dialect)) for index in table.indexes]
    return statements


def _use_wal(cursor: sqlite3.Cursor, settings: EngineSettings) -> None:
    fetch = _fetch_by(cursor)
    if fetch("PRAGMA journal_mode")[0][0] == "wal":
        return
    mode = fetch("PRAGMA journal_mode=WAL")[0][0]
    if mode != "wal":
        raise BackendError(
            f"{settings.place}: SQLite can't keep a write-ahead log here (its journal mode stays "
            f"{mode}); put the file on a local disk"
        )


def _fetch_by(cursor: sqlite3.Cursor) -> Fetch:
    return lambda statement: cursor.execute(statement).fetchall()
