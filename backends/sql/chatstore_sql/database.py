"""The database of a store, which need not be there yet.

Only a call that stores a session makes the file. Until then every other call finds what an empty
database answers, and whoever mistypes a path makes nothing.
"""

import sqlite3
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from typing import Any, Protocol, Self

from sqlalchemy import Engine

from chatstore.errors import SchemaError
from chatstore.runtime import deadline
from chatstore_sql import forking, statements
from chatstore_sql.connections import NO_PARAMETERS, Connections, Parameters, Row
from chatstore_sql.creation import ensure_schema, require_schema
from chatstore_sql.engine import BUSY_SECONDS, EngineSettings, file_address
from chatstore_sql.errors import is_busy

_PAUSE = 0.005


class Cursor(Protocol):
    """What a store needs of the driver's cursor."""

    @property
    def rowcount(self) -> int:
        """How many rows the last statement changed; less than 0 if none could have been."""
        ...

    def execute(self, statement: str, parameters: Parameters = ..., /) -> "Cursor":
        """Run a statement."""
        ...

    def executemany(self, statement: str, parameters: Sequence[Parameters], /) -> "Cursor":
        """Run a statement many times."""
        ...

    def fetchall(self) -> list[Any]:
        """The rows that it found."""
        ...


class _NothingThere:
    """A cursor of an empty database. A call that stores no session has nothing to write in one."""

    rowcount = 0

    def execute(self, statement: str, parameters: Parameters = NO_PARAMETERS, /) -> Self:
        return self

    def executemany(self, statement: str, parameters: Sequence[Mapping[str, object]], /) -> Self:
        return self

    def fetchall(self) -> list[Any]:
        return []


class Database:
    """Where the calls of one store go."""

    def __init__(self, engine: Engine) -> None:
        self._connections = Connections(engine)
        self._is_open = False

    @property
    def settings(self) -> EngineSettings:
        """Those of the engine."""
        return self._connections.settings

    def fetch(self, statement: str, parameters: Parameters = NO_PARAMETERS) -> list[Row]:
        """All rows of one SELECT, which sees one state of the database."""
        if self._is_open or self.open():
            return self._connections.fetch(statement, parameters)
        return []

    def fetch_one(self, statement: str, parameters: Parameters) -> list[Row]:
        """The same for a SELECT of one session by its id."""
        if self._is_open or self.open():
            return self._connections.fetch(statement, parameters, may_take_long=False)
        return []

    def writing(self) -> AbstractContextManager[Cursor]:
        """A transaction that may write."""
        if self._is_open or self.open():
            return self._connections.writing()
        return nullcontext(_NothingThere())

    def open(self) -> bool:
        """Open what is there, and make the tables if it is empty; whether anything is there.

        Any number of processes may do so at once. Raises what `ensure_schema` raises.
        """
        file = self._connections.file
        if file is not None:
            if not file.is_there():
                return False
            forking.require_own(file.path)
            file.remember()
        until = time.monotonic() + self.settings.timeout
        while not self._is_open:
            try:
                with self._connections.alone() as cursor:
                    ensure_schema(cursor, self.settings)
            except Exception as error:
                # To begin with WAL, SQLite needs the file for itself for a moment, and does not
                # wait for others that are opening it.
                if not is_busy(error) or time.monotonic() > until:
                    raise
                deadline.pause(_PAUSE)
            else:
                self._is_open = True
        return True

    def make(self) -> None:
        """Make the file, empty, if it is not there."""
        file = self._connections.file
        if self._is_open or file is None or file.is_there():
            return
        # By SQLite itself: who closes a file in another way takes its locks from the process.
        address = file_address(file.path, "rwc")
        with (
            forking.no_fork(),
            closing(sqlite3.connect(address, uri=True, timeout=BUSY_SECONDS)),
        ):
            pass

    def ping(self) -> None:
        """Raise unless the database is there and ours, and this process may write to it."""
        if not (self._is_open or self.open()):
            raise SchemaError(
                f"{self.settings.place}: there is no such file. The first session that is stored "
                "makes it; if there should be sessions, look at the path"
            )
        require_schema(self._connections.fetch, self.settings)
        self._connections.fetch(statements.SELECT_ANY)
        with self._connections.writing() as cursor:
            cursor.execute(statements.DELETE_NOTHING)

    def close(self) -> None:
        """Give the connections back."""
        self._connections.close()
