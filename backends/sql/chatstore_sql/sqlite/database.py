"""The database of a store, which need not be there yet.

Only a call that stores a session makes the file. Until then every other call finds what an empty
database answers, and whoever mistypes a path makes nothing.
"""

import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from typing import Any, Protocol, Self, TypeVar

from sqlalchemy import Engine

from chatstore.errors import SchemaError
from chatstore.runtime import deadline
from chatstore_sql import statements
from chatstore_sql.errors import is_busy
from chatstore_sql.sql_text import NO_PARAMETERS, Parameters
from chatstore_sql.sqlite import forks
from chatstore_sql.sqlite.connections import Connection, Connections, Row
from chatstore_sql.sqlite.file import DatabaseFile, file_address
from chatstore_sql.sqlite.sqlalchemy_engine import BUSY_SECONDS, EngineSettings, settings_of
from chatstore_sql.sqlite.tables import ensure_schema, require_schema, upgrade_schema
from chatstore_sql.sqlite.turns import Turn, Turns, patiently

Result = TypeVar("Result")

_PAUSE_AT_OPENING = 0.005
_UNWATCHED: AbstractContextManager[None] = nullcontext()


class Cursor(Protocol):
    """What an engine needs of the driver's cursor."""

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

    def __iter__(self) -> Iterator[Any]:
        """The rows that it found, one by one."""
        ...


class _NothingThere:
    """A cursor of an empty database. A call that stores no session has nothing to write in one."""

    rowcount = 0

    def execute(self, statement: str, parameters: Parameters = NO_PARAMETERS, /) -> Self:
        return self

    def executemany(self, statement: str, parameters: Sequence[Parameters], /) -> Self:
        return self

    def fetchall(self) -> list[Any]:
        return []

    def __iter__(self) -> Iterator[Any]:
        return iter(())


class Database:
    """Where the calls of one store go: statements that read, and transactions that may write."""

    def __init__(self, engine: Engine) -> None:
        self.settings: EngineSettings = settings_of(engine)
        path = self.settings.path
        self._file = None if path is None else DatabaseFile(path)
        self.connections = Connections(engine, self._file)
        self.turns = Turns(self.settings, self.connections, self._file)
        self._is_open = False

    def read(
        self,
        statement: str,
        parameters: Parameters = NO_PARAMETERS,
        *,
        may_take_long: bool = True,
    ) -> list[Row]:
        """All rows of one SELECT, which sees one state of the database. One that `may_take_long`
        is broken off at the deadline; to have it watched costs 2 microseconds."""
        if not (self._is_open or self.open()):
            return []
        if self._file is not None:
            began = time.monotonic()
            try:
                return self._fetch(statement, parameters, may_take_long)
            except Exception as error:
                if not is_busy(error):
                    raise
            until = began + self.settings.timeout
            return patiently(lambda: self._fetch(statement, parameters, may_take_long), until)
        self.turns.take()
        try:
            return self._fetch(statement, parameters, may_take_long)
        finally:
            self.turns.writer.release()

    def read_together(self, work: Callable[[Connection], Result]) -> Result | None:
        """What `work` makes of several SELECTs, which see one state of the database; None if there
        is none."""
        if not (self._is_open or self.open()):
            return None
        until = time.monotonic() + self.settings.timeout
        if self._file is not None:
            return patiently(lambda: self._together(work), until)
        self.turns.take()
        try:
            return self._together(work)
        finally:
            self.turns.writer.release()

    def write(self, *, may_take_long: bool = False) -> AbstractContextManager[Cursor]:
        """A transaction that may write: committed at the end, rolled back if an exception leaves
        it. Raises `BackendUnavailableError` if others keep writing for longer than the timeout.
        What `may_take_long` is broken off at the deadline."""
        if self._is_open or self.open():
            return Turn(self.turns, in_transaction=True, watched=may_take_long)
        return nullcontext(_NothingThere())

    def open(self) -> bool:
        """Open what is there, and make the tables if it is empty; whether anything is there.

        Any number of processes may do so at once. Raises what `ensure_schema` raises.
        """
        file = self._file
        if file is not None:
            if not file.is_there():
                return False
            forks.require_own(file.path)
            file.remember()
        until = time.monotonic() + self.settings.timeout
        while not self._is_open:
            try:
                with Turn(self.turns, in_transaction=False, watched=True) as cursor:
                    is_old = not ensure_schema(cursor, self.settings)
                if is_old:
                    # It takes as long as there is data: broken off at the deadline, it would never
                    # succeed.
                    with Turn(self.turns, in_transaction=False, watched=False) as cursor:
                        upgrade_schema(cursor, self.settings)
                    continue
            except Exception as error:
                # To begin with WAL, SQLite needs the file for itself for a moment, and does not
                # wait for others that are opening it.
                if not is_busy(error) or time.monotonic() > until:
                    raise
                deadline.pause(_PAUSE_AT_OPENING)
            else:
                self._is_open = True
        return True

    def make(self) -> None:
        """Make the file, empty, if it is not there."""
        file = self._file
        if self._is_open or file is None or file.is_there():
            return
        # By SQLite itself: who closes a file in another way takes its locks from the process.
        address = file_address(file.path, "rwc")
        with (
            forks.no_fork(),
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
        require_schema(self.read, self.settings)
        self.read(statements.SELECT_ANY)
        with self.write() as cursor:
            cursor.execute(statements.DELETE_NOTHING)

    def close(self) -> None:
        """Give the connections back."""
        self.connections.close()

    def _fetch(self, statement: str, parameters: Parameters, may_take_long: bool) -> list[Row]:
        connection = self._reader()
        try:
            with connection.broken_off() if may_take_long else _UNWATCHED:
                rows = connection.fetch(statement, parameters)
        except BaseException as error:
            self.connections.recover(connection, error)
            raise
        self.connections.give(connection)
        return rows

    def _together(self, work: Callable[[Connection], Result]) -> Result:
        connection = self._reader()
        try:
            connection.cursor.execute("BEGIN")
            result = work(connection)
            connection.cursor.execute("COMMIT")
        except BaseException as error:
            self.connections.recover(connection, error)
            raise
        self.connections.give(connection)
        return result

    def _reader(self) -> Connection:
        """A connection to the file that was opened."""
        connection = self.connections.take()
        try:
            if self._file is not None:
                self._file.require_there()
        except BaseException as error:
            self.connections.recover(connection, error)
            raise
        return connection
