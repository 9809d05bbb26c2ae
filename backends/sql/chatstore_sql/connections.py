"""The driver's connections as the store uses them: one for each call, and one writer at a time."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple, cast

from sqlalchemy import Engine, PoolProxiedConnection

from chatstore.errors import BackendUnavailableError, ChatStoreError, ConfigurationError
from chatstore_sql.engine import settings_of
from chatstore_sql.errors import is_undecodable

Row = tuple[Any, ...]
Parameters = Mapping[str, object]

_MOST_IDLE = 8
_NONE: Parameters = {}


class _Lease(NamedTuple):
    """A connection that is checked out of the engine's pool, and its one cursor."""

    checkout: PoolProxiedConnection
    connection: sqlite3.Connection
    cursor: sqlite3.Cursor


class Connections:
    """The connections of one store.

    Up to eight stay checked out between calls: a way through the pool takes nearly as long as the
    SELECT that reads a session (7 and 10 microseconds). `close` gives them back.
    """

    def __init__(self, engine: Engine) -> None:
        self.settings = settings_of(engine)
        self._engine = engine
        self._idle: list[_Lease] = []
        self._closed = False
        self._shares_one = self.settings.path is None

    def fetch(self, statement: str, parameters: Parameters = _NONE) -> list[Row]:
        """All rows of one SELECT, which sees one state of the database."""
        if self._shares_one:
            with self._turn():
                return self._fetch(statement, parameters)
        return self._fetch(statement, parameters)

    @contextmanager
    def alone(self) -> Iterator[sqlite3.Cursor]:
        """A cursor, outside of any transaction, while no other thread of this process writes.
        Raises `BackendUnavailableError` if others keep writing for longer than the timeout."""
        with self._turn():
            lease = self._take()
            try:
                yield lease.cursor
            except BaseException as error:
                self._recover(lease, error)
                raise
            self._give(lease)

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Cursor]:
        """A transaction that may write: committed at the end, rolled back if an exception leaves
        it. It waits as `alone` does, and for other processes likewise."""
        with self.alone() as cursor:
            cursor.execute("BEGIN IMMEDIATE")
            yield cursor
            cursor.execute("COMMIT")

    def close(self) -> None:
        """Give the connections back to the engine's pool."""
        self._closed = True
        while self._idle:
            self._idle.pop().checkout.close()

    @contextmanager
    def _turn(self) -> Iterator[None]:
        # A lock wakes who waits for it; SQLite's own waiting is a poll with growing pauses.
        if not self.settings.writer.acquire(timeout=self.settings.timeout):
            raise BackendUnavailableError(
                f"sqlite: other threads kept writing for {self.settings.timeout} seconds; send the "
                "call again"
            )
        try:
            yield
        finally:
            self.settings.writer.release()

    def _fetch(self, statement: str, parameters: Parameters) -> list[Row]:
        lease = self._take()
        try:
            rows = lease.cursor.execute(statement, parameters).fetchall()
        except Exception as error:
            if not is_undecodable(error):
                self._recover(lease, error)
                raise
            rows = _fetch_leniently(lease, statement, parameters)
        except BaseException as error:
            self._recover(lease, error)
            raise
        self._give(lease)
        return rows

    def _take(self) -> _Lease:
        if self._closed:
            raise ConfigurationError("this sqlite store is closed; open another")
        if self.settings.is_inherited:
            raise ConfigurationError(
                "this sqlite store was opened before the process forked, and SQLite's connections "
                "do not survive that; open another in the child"
            )
        try:
            return self._idle.pop()
        except IndexError:
            checkout = self._engine.raw_connection()
            connection = cast("sqlite3.Connection", checkout.driver_connection)
            return _Lease(checkout, connection, connection.cursor())

    def _give(self, lease: _Lease) -> None:
        if len(self._idle) < _MOST_IDLE and not self._closed:
            self._idle.append(lease)
        else:
            lease.checkout.close()

    def _recover(self, lease: _Lease, error: BaseException) -> None:
        """End the transaction that `error` broke off. After an error that is not ours, the
        connection is not used again, unless the database lives in it."""
        try:
            if lease.connection.in_transaction:
                lease.cursor.execute("ROLLBACK")
        finally:
            if isinstance(error, ChatStoreError) or self._shares_one:
                self._give(lease)
            else:
                lease.checkout.invalidate()


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
