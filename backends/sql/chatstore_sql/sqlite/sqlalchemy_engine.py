"""SQLAlchemy's engine for an SQLite database, set up as the store needs it."""

import os
import sqlite3
from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from sqlalchemy import URL, Engine, QueuePool, StaticPool, create_engine, event
from sqlalchemy.pool import ConnectionPoolEntry

from chatstore.errors import BackendAuthError, ConfigurationError
from chatstore.values.plain import kind_of, number, passes_for, plain_text, shown
from chatstore_sql.sqlite.file import file_address, inode_at
from chatstore_sql.sqlite.forks import empty_at_fork

Synchronous = Literal["full", "normal"]

MEMORY = ":memory:"
INODE = "chatstore_sql.inode"
"""Where a connection says which file it opened."""
_OPTION = "chatstore_sql"
_LONGEST_TIMEOUT = 3600.0

BUSY_SECONDS = 0.02
"""How long SQLite itself waits for a lock. Who waits longer asks again and again, so that it can
give up in time, and does not hold up a fork."""


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """What a store must know of its engine."""

    path: Path | None
    """The database's file; None if it is in memory."""
    timeout: float
    """How many seconds a call waits for other writers."""
    file: Hashable
    """The same for all engines on one file, and for no others."""

    @property
    def place(self) -> str:
        """The database, as errors name it: by its URL."""
        if self.path is None:
            return "sqlite://"
        return f"sqlite:///{_in_url(self.path)}"


def create_sqlite_engine(
    path: str | Path, *, synchronous: Synchronous = "full", timeout: float = 30.0
) -> Engine:
    """An engine for the SQLite database in the file at `path`, or in memory for ":memory:".

    `synchronous`: "full" makes every acknowledged write survive a loss of power; "normal" may lose
    the last ones to it, and is faster. `timeout`: how many seconds a call waits for other writers,
    from 0 to 3,600. The file need not exist, and a store makes it; its directory must. Whoever
    calls this disposes of the engine. Raises `ConfigurationError` for what it can't use, and
    `BackendAuthError` for a directory that this process may not enter.
    """
    place = _require_path(path)
    mode = plain_text(synchronous)
    if mode not in ("full", "normal"):
        raise ConfigurationError(f"synchronous={_written(synchronous)}: it is full or normal")
    seconds = number(timeout)
    if seconds is None or not 0 <= seconds <= _LONGEST_TIMEOUT:
        raise ConfigurationError(f"timeout={_written(timeout)}: it is 0 to 3600 seconds")
    if place == MEMORY:
        settings = EngineSettings(None, seconds, object())
        # Every connection to ":memory:" is a database of its own: all threads share one.
        pool: dict[str, Any] = {"poolclass": StaticPool}
    else:
        found = _require_place(Path(place))
        settings = EngineSettings(found, seconds, str(found.resolve()))
        # As many connections as there are threads in a call, of which a few are kept.
        pool = {"poolclass": QueuePool, "pool_size": 8, "max_overflow": -1}
    engine = create_engine(
        URL.create("sqlite", database=MEMORY if settings.path is None else str(settings.path)),
        connect_args={
            "timeout": BUSY_SECONDS,
            # Transactions begin where the store says so.
            "isolation_level": None,
            "check_same_thread": False,
        },
        # The store ends every transaction itself.
        pool_reset_on_return=None,
        execution_options={_OPTION: settings},
        **pool,
    )

    @event.listens_for(engine, "do_connect")
    def make_no_file(
        _dialect: object, _record: object, arguments: list[Any], options: dict[str, Any]
    ) -> None:
        if settings.path is not None:
            arguments[0] = file_address(settings.path, "rw")
            options["uri"] = True

    @event.listens_for(engine, "connect")
    def set_up(connection: sqlite3.Connection, record: ConnectionPoolEntry) -> None:
        if settings.path is not None:
            record.info[INODE] = inode_at(str(settings.path))
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute(f"PRAGMA synchronous={mode}")

    empty_at_fork(engine)
    return engine


def settings_of(engine: object) -> EngineSettings:
    """The settings of an engine. Raises `ConfigurationError` if `create_sqlite_engine` did not
    make it."""
    if not passes_for(engine, Engine):
        raise ConfigurationError(
            f"a store is made of an engine, not of {kind_of(engine)}; make the engine with "
            "create_sqlite_engine, or open a URL with open_store"
        )
    settings = engine.get_execution_options().get(_OPTION)
    if not isinstance(settings, EngineSettings):
        raise ConfigurationError(
            f"{engine!r} is not set up for chatstore; make the engine with create_sqlite_engine"
        )
    return settings


def _in_url(path: Path) -> str:
    """The path as it stands in a URL, legible: only what would end or change it is encoded."""
    return "".join(quote(each) if each in "?%" else each for each in str(path))


def _written(value: object) -> str:
    """An option's value as it stands in a URL."""
    return shown(value).strip("'")


def _require_path(path: object) -> str:
    try:
        # A kind of Path of its own tells in its own way what it is.
        text = plain_text(os.fspath(path) if passes_for(path, Path) else path)
    except Exception as error:
        raise ConfigurationError(
            f"the path must be a str or a Path, not {kind_of(path)} that fails with "
            f"{type(error).__name__}"
        ) from error
    if text is None:
        raise ConfigurationError(f"the path must be a str or a Path, not {kind_of(path)}")
    return text


def _require_place(path: Path) -> Path:
    if "\0" in str(path):
        raise ConfigurationError(f"{str(path)!r}: no file has NUL in its name; name another")
    try:
        os.fsencode(path)
    except UnicodeEncodeError:
        raise ConfigurationError(
            f"{str(path)!r}: no file can have this name here; name another"
        ) from None
    absolute = path.absolute()
    try:
        has_directory, is_directory = absolute.parent.is_dir(), absolute.is_dir()
    except PermissionError as error:
        raise BackendAuthError(
            f"sqlite, {absolute}: this process may not enter the file's directory; it needs the "
            "right to, and to make files there"
        ) from error
    except OSError as error:
        raise ConfigurationError(f"{absolute}: {error.strerror}; name another file") from error
    if not has_directory:
        raise ConfigurationError(
            f"{absolute}: there is no directory {absolute.parent}; make it, or name another file"
        )
    if is_directory:
        raise ConfigurationError(f"{absolute} is a directory; name a file")
    return absolute
