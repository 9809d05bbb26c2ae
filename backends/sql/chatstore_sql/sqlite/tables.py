"""Opening a database: what is there is looked at first, and only an empty one is written to."""

import sqlite3
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.schema import CreateIndex, CreateTable

from chatstore.errors import BackendError, SchemaError
from chatstore_sql.schema import APPLICATION_ID, SCHEMA_VERSION, TRIGGER, metadata
from chatstore_sql.sqlite import upgrade
from chatstore_sql.sqlite.sqlalchemy_engine import EngineSettings

OLDEST_SQLITE = (3, 37, 0)
"""The first that knows strict tables."""

Fetch = Callable[[str], Sequence[tuple[Any, ...]]]
"""Runs a statement without parameters, and returns its rows."""

# One statement, and so one state of the file: others may be making the tables at this moment.
_MARKS = """SELECT (SELECT application_id FROM pragma_application_id),
(SELECT user_version FROM pragma_user_version),
(SELECT count(*) FROM sqlite_master WHERE name NOT GLOB 'sqlite_*')"""


def ensure_schema(cursor: sqlite3.Cursor, settings: EngineSettings) -> bool:
    """Make the tables in an empty database, in one transaction; leave those of this version as
    they are. False, and nothing done, where they are of an older version: then `upgrade_schema` is
    to be called, which takes as long as there is data.

    Any number of processes may do so at once; SQLite may say that the file is busy, and then it is
    to be tried again. Raises `SchemaError`, and has changed nothing, for a database that is not
    ours or is newer.
    """
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        raise SchemaError(
            f"SQLite {sqlite3.sqlite_version} is too old: Python must come with 3.37 or newer"
        )
    version = _version(_fetch_by(cursor), settings)
    if version not in (None, SCHEMA_VERSION):
        return False
    if version is None:
        _in_transaction(cursor, settings, None, ddl())
    if settings.path is not None:
        _use_wal(cursor, settings)
    return True


def upgrade_schema(cursor: sqlite3.Cursor, settings: EngineSettings) -> None:
    """Make an older database one of this version, in one transaction. As `ensure_schema`, it may
    be called by many at once."""
    steps = [*upgrade.SET_ASIDE, *ddl(), *upgrade.TAKE_OVER]
    _in_transaction(cursor, settings, upgrade.FROM_VERSION, steps)


def require_schema(fetch: Fetch, settings: EngineSettings) -> None:
    """Raise `SchemaError` unless the database is ours, and of this version."""
    version = _version(fetch, settings)
    if version is None:
        raise SchemaError(f"{settings.place}: chatstore's tables are gone; restore a backup")
    if version != SCHEMA_VERSION:
        raise SchemaError(
            f"{settings.place}: the file has the tables of schema version {version} again, from an "
            "older backup, say; open the store again, which upgrades them"
        )


def _version(fetch: Fetch, settings: EngineSettings) -> int | None:
    """The version of our tables; None if there is nothing at all."""
    application, version, objects = fetch(_MARKS)[0]
    if application == APPLICATION_ID:
        if version > SCHEMA_VERSION:
            raise SchemaError(
                f"{settings.place}: a newer chatstore has made this file (schema version "
                f"{version}; this one knows {SCHEMA_VERSION}); upgrade chatstore, or name another "
                "file"
            )
        if version < upgrade.FROM_VERSION:
            raise SchemaError(
                f"{settings.place}: the file's schema version is {version}, which no chatstore has "
                "made; restore a backup, or name another file"
            )
        return int(version)
    if application or version or objects:
        raise SchemaError(
            f"{settings.place}: this database belongs to another application (application_id "
            f"{application}, user_version {version}, {objects} tables and indexes); chatstore "
            "needs a file of its own: name another"
        )
    return None


def _in_transaction(
    cursor: sqlite3.Cursor, settings: EngineSettings, version: int | None, steps: Sequence[str]
) -> None:
    """Take steps that lead from a version to this one, unless another process was first."""
    cursor.execute("BEGIN IMMEDIATE")
    try:
        if _version(_fetch_by(cursor), settings) == version:
            for step in steps:
                cursor.execute(step)
            cursor.execute(f"PRAGMA application_id={APPLICATION_ID}")
            cursor.execute(f"PRAGMA user_version={SCHEMA_VERSION}")
        cursor.execute("COMMIT")
    except BaseException:
        if cursor.connection.in_transaction:
            cursor.execute("ROLLBACK")
        raise


def ddl() -> list[str]:
    """The statements that make the tables, the indexes and the trigger."""
    dialect = SQLiteDialect_pysqlite()
    statements: list[str] = []
    for table in metadata.sorted_tables:
        statements.append(str(CreateTable(table).compile(dialect=dialect)))
        statements += [str(CreateIndex(index).compile(dialect=dialect)) for index in table.indexes]
    return [*statements, TRIGGER]


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
