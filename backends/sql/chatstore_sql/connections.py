"""The driver's connections as the store uses them: one for each call, and one writer at a time."""

import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar, cast

from sqlalchemy import Engine, PoolProxiedConnection

from chatstore.errors import BackendUnavailableError, ChatStoreError, ConfigurationError
from chatstore.runtime import deadline
from chatstore_sql import forking
from chatstore_sql.engine import INODE, settings_of
from chatstore_sql.errors import is_busy, is_undecodable
from chatstore_sql.file import DatabaseFile
from chatstore_sql.turns import writers_lock

Result = TypeVar("Result")
Row = tuple[Any, ...]
Parameters = Mapping[str, object]

_MOST_IDLE = 8
NO_PARAMETERS: Parameters = {}
_PAUSE = 0.001


class _Lease:
    """A connection that is checked out of the engine's pool, and its one cursor."""

    __slots__ = ("checkout", "connection", "cursor", "inode", "log", "use")

    def __init__(self, checkout: PoolProxiedConnection, use: forking.Use) -> None:
        self.checkout = checkout
        self.connection = cast("sqlite3.Connection", checkout.driver_connection)
        self.cursor = self.connection.cursor()
        self.inode: forking.Inode | None = checkout.info.get(INODE)
        self.log: forking.Inode | None = None
        self.use = use

    def destroy(self) -> None:
        """Close the connection, for good: a cursor in the middle of its rows would keep it open."""
        self.cursor.close()
        self.checkout.invalidate()


class Connections:
    """The connections of one store.

    Up to eight stay checked out between calls: a way through the pool takes nearly as long as the
    SELECT that reads a session (7 and 10 microseconds). `close` gives them back.
    """

    def __init__(self, engine: Engine) -> None:
        self.settings = settings_of(engine)
        self._engine = engine
        self._writer = writers_lock(self.settings.file)
        self.file = None if self.settings.path is None else DatabaseFile(self.settings.path)
        self._idle: list[_Lease] = []
        self._closed = False
        forking.keep_connections(self)

    def fetch(
        self,
        statement: str,
        parameters: Parameters = NO_PARAMETERS,
        *,
        may_take_long: bool = True,
    ) -> list[Row]:
        """All rows of one SELECT, which sees one state of the database. One that `may_take_long`
        is broken off at the deadline; to have it watched costs 2 microseconds."""
        until = time.monotonic() + self.settings.timeout
        if self.file is None:
            with self._turn(until):
                return self._fetch(statement, parameters, until, may_take_long)
        return self._fetch(statement, parameters, until, may_take_long)

    @contextmanager
    def alone(self) -> Iterator[sqlite3.Cursor]:
        """A cursor, outside of any transaction, while no other thread of this process writes.
        Raises `BackendUnavailableError` if others keep writing for longer than the timeout."""
        until = time.monotonic() + self.settings.timeout
        with self._turn(until), self._lent(self._take()) as cursor:
            yield cursor

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Cursor]:
        """A transaction that may write: committed at the end, rolled back if an exception leaves
        it. It waits as `alone` does, and for other processes likewise."""
        until = time.monotonic() + self.settings.timeout
        with self._turn(until):
            lease = self._begin(until)
            with self._lent(lease) as cursor:
                self._require_files(lease)
                yield cursor
                cursor.execute("COMMIT")

    def close(self) -> None:
        """Give the connections back to the engine's pool."""
        self._closed = True
        with forking.no_fork():
            while self._idle:
                self._idle.pop().checkout.close()

    def close_idle(self) -> None:
        """Close the connections that no call uses."""
        if self.file is not None:
            while self._idle:
                self._idle.pop().destroy()

    @contextmanager
    def _turn(self, until: float) -> Iterator[None]:
        # A lock wakes who waits for it; SQLite's own waiting is a poll.
        left = deadline.seconds_left(max(until - time.monotonic(), 0.0))
        if not self._writer.acquire(timeout=-1 if left is None else left):
            # Which of both times is up?
            deadline.seconds_left()
            raise BackendUnavailableError(
                f"{self.settings.place}: other threads kept writing for {self.settings.timeout:g} "
                "seconds, the URL's timeout; send the call again"
            )
        try:
            yield
        finally:
            self._writer.release()

    @contextmanager
    def _lent(self, lease: _Lease) -> Iterator[sqlite3.Cursor]:
        """The lease's cursor, for one call; broken off at its deadline."""
        try:
            with deadline.broken_off_by(lease.connection.interrupt):
                yield lease.cursor
        except BaseException as error:
            self._recover(lease, error)
            raise
        self._give(lease)

    def _begin(self, until: float) -> _Lease:
        """A connection in a transaction that may write."""

        def attempt() -> _Lease:
            lease = self._take()
            try:
                lease.cursor.execute("BEGIN IMMEDIATE")
            except BaseException as error:
                self._recover(lease, error)
                raise
            return lease

        return _patiently(attempt, until)

    def _fetch(
        self, statement: str, parameters: Parameters, until: float, may_take_long: bool
    ) -> list[Row]:
        def attempt() -> list[Row]:
            lease = self._take()
            try:
                if may_take_long:
                    with deadline.broken_off_by(lease.connection.interrupt):
                        rows = _rows(lease, statement, parameters)
                else:
                    rows = _rows(lease, statement, parameters)
            except BaseException as error:
                self._recover(lease, error)
                raise
            self._give(lease)
            return rows

        return _patiently(attempt, until)

    def _take(self) -> _Lease:
        if self._closed:
            raise ConfigurationError("this sqlite store is closed; open another")
        use = forking.begin_use()
        try:
            while True:
                inode = None if self.file is None else self.file.require_same()
                lease = self._next(use)
                if lease.inode == inode:
                    return lease
                # The engine has kept it since before the file was replaced.
                lease.destroy()
        except BaseException:
            forking.end_use(use)
            raise

    def _next(self, use: forking.Use) -> _Lease:
        try:
            lease = self._idle.pop()
        except IndexError:
            return _Lease(self._engine.raw_connection(), use)
        lease.use = use
        return lease

    def _give(self, lease: _Lease) -> None:
        # Once it is idle, it may be another thread's at any moment.
        use = lease.use
        try:
            if len(self._idle) < _MOST_IDLE and not self._closed:
                self._idle.append(lease)
            else:
                lease.checkout.close()
        finally:
            forking.end_use(use)

    def _recover(self, lease: _Lease, error: BaseException) -> None:
        """End the transaction that `error` broke off. After an error that is not ours, the
        connection is not used again, unless the database lives in it."""
        try:
            if lease.connection.in_transaction:
                lease.cursor.execute("ROLLBACK")
        finally:
            if self.file is None or isinstance(error, ChatStoreError) or is_busy(error):
                self._give(lease)
            else:
                try:
                    lease.destroy()
                finally:
                    forking.end_use(lease.use)

    def _require_files(self, lease: _Lease) -> None:
        """Raise `SchemaError` if what the connection writes to is not what lies there."""
        if self.file is None:
            return
        # It may have waited since it was looked at.
        self.file.require_same()
        if lease.log is None:
            lease.log = self.file.log_inode()
        else:
            self.file.require_log(lease.log)


def _patiently(attempt: Callable[[], Result], until: float) -> Result:
    """What comes of the attempt: made again as long as somebody else holds the file, which opening
    a connection may find too, and there is time."""
    while True:
        try:
            return attempt()
        except Exception as error:
            if not is_busy(error) or time.monotonic() >= until:
                raise
        deadline.pause(_PAUSE)


def _rows(lease: _Lease, statement: str, parameters: Parameters) -> list[Row]:
    try:
        return lease.cursor.execute(statement, parameters).fetchall()
    except sqlite3.OperationalError as error:
        if not is_undecodable(error):
            raise
        return _fetch_leniently(lease, statement, parameters)


def _fetch_leniently(lease: _Lease, statement: str, parameters: Parameters) -> list[Row]:
    """The rows, where bytes that are not UTF-8 become characters that no decoder of JSON takes:
    the record they stand in, and no other, can't be read."""
    lease.connection.text_factory = _lenient_text
    try:
        return lease.cursor.execute(statement, parameters).fetchall()
    finally:
        lease.connection.text_factory = str


def _lenient_text(stored: bytes) -> str:
    return stored.decode(errors="surrogateescape")
