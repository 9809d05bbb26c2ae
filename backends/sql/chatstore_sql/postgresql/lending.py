"""Which connection a call gets, and when a statement is sent again."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager

import psycopg
from sqlalchemy import Engine

from chatstore.errors import ChatStoreError, ConfigurationError
from chatstore.runtime import deadline
from chatstore_sql.postgresql.connections import Connection, Row
from chatstore_sql.postgresql.statements import Statement, Value

_AGAIN = frozenset({"40001", "40P01"})
"""What the server undid because of others: it was not written, and can be written now."""
_PAUSE = 0.002


class Connections:
    """The connections of one store.

    Those of an engine of its own stay checked out between calls, and are no more than `most`: who
    finds none waits. Another's engine has a pool that others need too, with its own bounds.
    """

    def __init__(self, engine: Engine, *, most: int | None) -> None:
        self._engine = engine
        self._slots = None if most is None else threading.BoundedSemaphore(most)
        self._idle: list[Connection] = []
        self._closed = False

    def run(self, statement: Statement, values: Sequence[Value]) -> list[Row]:
        """The rows of one statement, which is a transaction of its own."""
        return self._run(self._lent, statement, values)

    def run_step(self, statement: Statement, values: Sequence[Value]) -> list[Row]:
        """The same for one step of what takes long: the server gives up at the deadline, too."""
        return self._run(self.transaction, statement, values)

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A connection in a transaction: committed at the end, rolled back if an exception leaves
        it. No statement of it takes longer than the call has now."""
        left = deadline.seconds_left()
        limit = 0 if left is None else max(int(left * 1000), 1)
        with self._lent() as connection:
            # Local to the transaction: a pooler may give the next one another server.
            connection.run_plain(f"BEGIN; SET LOCAL statement_timeout = {limit}")
            yield connection
            connection.run_plain("COMMIT")

    def close(self) -> None:
        """Give all of them back to the engine's pool, and lend none any more."""
        self._closed = True
        while self._idle:
            self._idle.pop().give_back()

    def _run(
        self,
        lend: Callable[[], AbstractContextManager[Connection]],
        statement: Statement,
        values: Sequence[Value],
    ) -> list[Row]:
        while True:
            try:
                with lend() as connection:
                    return connection.run(statement, values)
            except psycopg.Error as error:
                if error.sqlstate not in _AGAIN:
                    raise
            deadline.pause(_PAUSE)

    @contextmanager
    def _lent(self) -> Iterator[Connection]:
        slots = self._slots
        if slots is not None and not slots.acquire(blocking=False):
            left = deadline.seconds_left()
            if not slots.acquire(timeout=left):
                raise deadline.DeadlineError
        try:
            connection = self._take()
            try:
                yield connection
            except BaseException as error:
                said = isinstance(error, ChatStoreError) or _is_of_server(error)
                if said and connection.is_usable:
                    self._give(connection)
                else:
                    connection.destroy()
                raise
            self._give(connection)
        finally:
            if slots is not None:
                slots.release()

    def _take(self) -> Connection:
        if self._closed:
            raise ConfigurationError("this postgresql store is closed; open another")
        while True:
            try:
                connection = self._idle.pop()
            except IndexError:
                connection = Connection(self._engine.raw_connection())
                if connection.is_usable:
                    return connection
                # The engine's pool has kept it since before the server hung up.
                connection.destroy()
                continue
            if connection.is_usable:
                return connection
            connection.destroy()

    def _give(self, connection: Connection) -> None:
        if self._slots is not None and not self._closed:
            self._idle.append(connection)
        else:
            connection.give_back()


def _is_of_server(error: BaseException) -> bool:
    """Whether the server said so, and can be asked again."""
    return isinstance(error, psycopg.Error) and error.sqlstate is not None
