"""Turns at a database: one thread of a process, and then one process, writes at a time.

Who waits for the disk finds the processor's caches cold when it goes on. So a turn is an object
with few steps, and not a generator.
"""

import sqlite3
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType
from typing import TypeVar

from chatstore.errors import BackendUnavailableError
from chatstore.runtime import deadline
from chatstore_sql.errors import is_busy
from chatstore_sql.sqlite.connections import Connection, Connections, writer_lock
from chatstore_sql.sqlite.file import DatabaseFile
from chatstore_sql.sqlite.sqlalchemy_engine import EngineSettings

Result = TypeVar("Result")

_PAUSE = 0.001


class Turns:
    """The turns of one store."""

    def __init__(
        self, settings: EngineSettings, connections: Connections, file: DatabaseFile | None
    ) -> None:
        self.settings = settings
        self.connections = connections
        self.file = file
        self.writer = writer_lock(settings.file)
        """By which the threads of this process take turns to write; in memory, to read as well."""

    def take(self) -> None:
        """Take the turn among this process's threads. Raises `BackendUnavailableError` if others
        keep it for longer than the timeout."""
        if self.writer.acquire(blocking=False):
            return
        # A lock wakes who waits for it; SQLite's own waiting is a poll.
        left = deadline.seconds_left(self.settings.timeout)
        if not self.writer.acquire(timeout=-1 if left is None else left):
            # Which of both times is up?
            deadline.seconds_left()
            raise BackendUnavailableError(
                f"{self.settings.place}: other threads kept writing for {self.settings.timeout:g} "
                "seconds, the URL's timeout; send the call again"
            )

    def begin(self) -> Connection:
        """A connection in a transaction that may write."""
        connection = self.connections.take()
        try:
            connection.cursor.execute("BEGIN IMMEDIATE")
            if self.file is not None:
                # It may have waited since it was looked at.
                connection.log = self.file.require_whole(connection.log)
        except BaseException as error:
            self.connections.recover(connection, error)
            raise
        return connection


class Turn:
    """A cursor, while no other thread of this process writes. In a transaction, no other process
    writes either: it is committed at the end, and rolled back if an exception leaves it."""

    __slots__ = ("_connection", "_in_transaction", "_turns", "_watch", "_watched")

    _connection: Connection

    def __init__(self, turns: Turns, *, in_transaction: bool, watched: bool) -> None:
        self._turns = turns
        self._in_transaction = in_transaction
        self._watched = watched
        self._watch: AbstractContextManager[None] | None = None

    def __enter__(self) -> sqlite3.Cursor:
        turns = self._turns
        began = time.monotonic()
        turns.take()
        try:
            attempt = turns.begin if self._in_transaction else turns.connections.take
            try:
                connection = attempt()
            except Exception as error:
                if not is_busy(error):
                    raise
                connection = patiently(attempt, began + turns.settings.timeout)
            self._connection = connection
            if self._watched:
                self._begin_watch(connection)
        except BaseException:
            turns.writer.release()
            raise
        return connection.cursor

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        turns, connection = self._turns, self._connection
        try:
            if error is not None:
                self._end_watch()
                turns.connections.recover(connection, error)
                return
            try:
                if self._in_transaction:
                    connection.cursor.execute("COMMIT")
                self._end_watch()
            except BaseException as failure:
                self._end_watch()
                turns.connections.recover(connection, failure)
                raise
            turns.connections.give(connection)
        finally:
            turns.writer.release()

    def _begin_watch(self, connection: Connection) -> None:
        watch = connection.broken_off()
        try:
            watch.__enter__()
        except BaseException as error:
            self._turns.connections.recover(connection, error)
            raise
        self._watch = watch

    def _end_watch(self) -> None:
        watch, self._watch = self._watch, None
        if watch is not None:
            watch.__exit__(None, None, None)


def patiently(attempt: Callable[[], Result], until: float) -> Result:
    """What comes of the attempt: made again as long as somebody else holds the file, which opening
    a connection may find too, and there is time."""
    while True:
        try:
            return attempt()
        except Exception as error:
            if not is_busy(error) or time.monotonic() >= until:
                raise
        deadline.pause(_PAUSE)
