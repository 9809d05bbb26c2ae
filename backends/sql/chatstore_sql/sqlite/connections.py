"""The driver's connections: kept open between the calls of one store, and lent to one call each."""

import sqlite3
import threading
from collections.abc import Callable, Hashable
from contextlib import AbstractContextManager
from typing import Any, cast
from weakref import WeakValueDictionary

from sqlalchemy import Engine, PoolProxiedConnection

from chatstore.errors import ChatStoreError, ConfigurationError
from chatstore.runtime import deadline
from chatstore.runtime.forks import call_in_child
from chatstore_sql.errors import is_busy, is_undecodable
from chatstore_sql.sql_text import Parameters
from chatstore_sql.sqlite import forks
from chatstore_sql.sqlite.file import DatabaseFile, Inode
from chatstore_sql.sqlite.sqlalchemy_engine import INODE

Row = tuple[Any, ...]

_MOST_IDLE = 8


class Connection:
    """A connection that is checked out of the engine's pool, and its one cursor."""

    __slots__ = ("_checkout", "cursor", "driver", "inode", "log", "use")

    def __init__(self, checkout: PoolProxiedConnection, use: forks.Use) -> None:
        self._checkout = checkout
        self.driver = cast("sqlite3.Connection", checkout.driver_connection)
        self.cursor = self.driver.cursor()
        self.inode: Inode | None = checkout.info.get(INODE)
        """Which file it has open."""
        self.log: Inode | None = None
        """Which write-ahead log it has written to."""
        self.use = use

    def fetch(
        self,
        statement: str,
        parameters: Parameters,
        *,
        until: Callable[[], Callable[[Row], bool]] | None = None,
    ) -> list[Row]:
        """All rows of a SELECT; or those up to the first that a new `until` says yes to. Bytes that
        are not UTF-8 become characters that no decoder of JSON takes: the record they stand in, and
        no other, can't be read."""
        try:
            return self._rows(statement, parameters, until)
        except sqlite3.OperationalError as error:
            if not is_undecodable(error):
                raise
        self.driver.text_factory = _lenient_text
        try:
            return self._rows(statement, parameters, until)
        finally:
            self.driver.text_factory = str

    def _rows(
        self,
        statement: str,
        parameters: Parameters,
        until: Callable[[], Callable[[Row], bool]] | None,
    ) -> list[Row]:
        rows = self.cursor.execute(statement, parameters)
        if until is None:
            return rows.fetchall()
        found: list[Row] = []
        is_enough = until()
        for row in rows:
            found.append(row)
            if is_enough(row):
                break
        return found

    def broken_off(self) -> AbstractContextManager[None]:
        """What runs in the block is broken off at the call's deadline."""
        return deadline.broken_off_by(self.driver.interrupt)

    def give_back(self) -> None:
        """Give it back to the engine's pool."""
        self._checkout.close()

    def destroy(self) -> None:
        """Close it, for good: a cursor in the middle of its rows would keep it open."""
        self.cursor.close()
        self._checkout.invalidate()


class Connections:
    """The connections of one store.

    Up to eight stay checked out between calls: a way through the pool takes nearly as long as the
    SELECT that reads a session (7 and 10 microseconds).
    """

    def __init__(self, engine: Engine, file: DatabaseFile | None) -> None:
        self._engine = engine
        self._file = file
        """None: the database is in memory, and lives as long as its only connection."""
        self._idle: list[Connection] = []
        self._closed = False
        forks.close_at_fork(self)

    def take(self) -> Connection:
        """A connection that nobody else uses, until it is given back: meanwhile no fork happens."""
        if self._closed:
            raise ConfigurationError("this sqlite store is closed; open another")
        use = forks.Use()
        forks.process.uses.add(use)
        try:
            if forks.process.forking:
                forks.wait_for_forks(use)
            while True:
                try:
                    connection = self._idle.pop()
                except IndexError:
                    if self._file is not None:
                        self._file.require_there()
                    connection = Connection(self._engine.raw_connection(), use)
                else:
                    connection.use = use
                if self._file is None or connection.inode == self._file.inode:
                    return connection
                # The engine has kept it since before the file was replaced.
                connection.destroy()
        except BaseException:
            forks.process.uses.discard(use)
            raise

    def give(self, connection: Connection) -> None:
        """Give a connection back that is in no transaction."""
        # Once it is idle, it may be another thread's at any moment.
        use = connection.use
        try:
            if len(self._idle) < _MOST_IDLE and not self._closed:
                self._idle.append(connection)
            else:
                connection.give_back()
        finally:
            forks.process.uses.discard(use)

    def recover(self, connection: Connection, error: BaseException) -> None:
        """Give a connection back in whose transaction `error` was raised. After an error that is
        not ours, the connection is not used again, unless the database lives in it."""
        try:
            if connection.driver.in_transaction:
                connection.cursor.execute("ROLLBACK")
        finally:
            if self._file is None or isinstance(error, ChatStoreError) or is_busy(error):
                self.give(connection)
            else:
                try:
                    connection.destroy()
                finally:
                    forks.process.uses.discard(connection.use)

    def close_idle(self) -> None:
        """Close the connections that no call uses."""
        if self._file is not None:
            while self._idle:
                self._idle.pop().destroy()

    def close(self) -> None:
        """Give all of them back to the engine's pool, and lend none any more."""
        self._closed = True
        with forks.no_fork():
            while self._idle:
                self._idle.pop().give_back()


class _WriterLocks:
    """One lock for each file, which all engines of a process share, as long as somebody holds on to
    it."""

    def __init__(self) -> None:
        self._begin()
        call_in_child(self._begin)

    def _begin(self) -> None:
        """Begin anew: in a child, threads that are not there would hold the old ones for ever."""
        self.by_file: WeakValueDictionary[Hashable, threading.Lock] = WeakValueDictionary()
        self.guard = threading.Lock()


_locks = _WriterLocks()


def writer_lock(file: Hashable) -> threading.Lock:
    """The lock that a thread of this process holds while it writes to `file`."""
    with _locks.guard:
        return _locks.by_file.setdefault(file, threading.Lock())


def _lenient_text(stored: bytes) -> str:
    return stored.decode(errors="surrogateescape")
