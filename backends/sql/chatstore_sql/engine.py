"""SQLAlchemy's engine for an SQLite database, set up as the store needs it."""

import math
import os
import sqlite3
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from weakref import WeakValueDictionary

from sqlalchemy import URL, Engine, QueuePool, StaticPool, create_engine, event

from chatstore.errors import BackendAuthError, ConfigurationError

Synchronous = Literal["full", "normal"]

MEMORY = ":memory:"
_OPTION = "chatstore_sql"
_LONGEST_TIMEOUT = 3600.0

# By file, so that two engines of one process take turns too.
_writers: WeakValueDictionary[str, threading.Lock] = WeakValueDictionary()
_writers_guard = threading.Lock()


class _Forks:
    """How often this process is the child of a fork."""

    count = 0

    @classmethod
    def add_one(cls) -> None:
        cls.count += 1


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_Forks.add_one)


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """What a store must know of its engine."""

    path: Path | None
    """The database's file; None if it is in memory."""
    timeout: float
    """How many seconds a call waits for other writers."""
    writer: threading.Lock
    """Held by the one thread of this process that writes to the file."""
    forks: int

    @property
    def name(self) -> str:
        """The database, as errors name it."""
        return "sqlite, in memory" if self.path is None else f"sqlite, {self.path}"

    @property
    def is_inherited(self) -> bool:
        """Whether the engine was made before this process was forked off: SQLite's connections do
        not survive that."""
        return self.forks != _Forks.count


def create_sqlite_engine(
    path: str | Path, *, synchronous: Synchronous = "full", timeout: float = 30.0
) -> Engine:
    """An engine for the SQLite database in the file at `path`, or in memory for ":memory:".

    `synchronous`: "full" makes every acknowledged write survive a loss of power; "normal" may lose
    the last ones to it, and is faster. `timeout`: how many seconds a call waits for other writers,
    from 0 to 3,600. The file need not exist; its directory must. Whoever calls this disposes of
    the engine. Raises `ConfigurationError` for what it can't use, and `BackendAuthError` for a
    directory that this process may not enter.
    """
    if synchronous not in ("full", "normal"):
        raise ConfigurationError(f"synchronous={synchronous}: it is full or normal")
    if not (math.isfinite(timeout) and 0 <= timeout <= _LONGEST_TIMEOUT):
        raise ConfigurationError(f"timeout={timeout}: it is 0 to 3600 seconds")
    if str(path) == MEMORY:
        settings = EngineSettings(None, timeout, threading.Lock(), _Forks.count)
        # Every connection to ":memory:" is a database of its own: all threads share one.
        pool: dict[str, Any] = {"poolclass": StaticPool}
    else:
        found = _require_place(Path(path))
        settings = EngineSettings(found, timeout, _writer_of(found), _Forks.count)
        # As many connections as there are threads in a call, of which a few are kept.
        pool = {"poolclass": QueuePool, "pool_size": 8, "max_overflow": -1}
    engine = create_engine(
        URL.create("sqlite", database=MEMORY if settings.path is None else str(settings.path)),
        connect_args={
            "timeout": timeout,
            # Transactions begin where the store says so.
            "isolation_level": None,
            "check_same_thread": False,
        },
        # The store ends every transaction itself.
        pool_reset_on_return=None,
        execution_options={_OPTION: settings},
        **pool,
    )

    @event.listens_for(engine, "connect")
    def set_up(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute(f"PRAGMA synchronous={synchronous}")

    return engine


def settings_of(engine: Engine) -> EngineSettings:
    """The settings of an engine. Raises `ConfigurationError` if `create_sqlite_engine` did not
    make it."""
    settings = engine.get_execution_options().get(_OPTION)
    if not isinstance(settings, EngineSettings):
        raise ConfigurationError(
            f"{engine!r} is not set up for chatstore; make the engine with create_sqlite_engine"
        )
    return settings


def _require_place(path: Path) -> Path:
    if "\0" in str(path):
        raise ConfigurationError(f"{str(path)!r}: no file has NUL in its name; name another")
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


def _writer_of(path: Path) -> threading.Lock:
    key = str(path.resolve())
    with _writers_guard:
        return _writers.setdefault(key, threading.Lock())
