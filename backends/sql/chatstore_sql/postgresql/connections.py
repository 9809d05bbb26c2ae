"""The driver's connections: lent to one call each, and broken off at its deadline.

Statements go by libpq's own calls, which the driver has as `psycopg.pq`: a cursor would take as
long again as the server does.
"""

import select
import socket
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, cast

import psycopg
from psycopg import errors, pq
from psycopg.pq.abc import PGconn, PGresult
from sqlalchemy import PoolProxiedConnection

from chatstore.errors import ConfigurationError, SchemaError
from chatstore.runtime import deadline
from chatstore_sql.postgresql.statements import Statement, Value

Row = list[str | None]

_PREPARED = "chatstore_sql.prepared"
"""Where a connection says what it keeps prepared."""
_PREPARE_AT = 5
"""A statement that has been sent so often to a server is worth keeping there."""
_FORGOTTEN = ("26000", "0A000")
"""What a server says of a prepared statement that it has lost, or that its tables have outlived."""
_DONE = (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK)


class _Prepared:
    """What one connection keeps prepared."""

    __slots__ = ("is_direct", "names", "uses")

    def __init__(self) -> None:
        self.names: set[bytes] = set()
        self.uses: dict[bytes, int] = {}
        self.is_direct: bool | None = None
        """Whether no pooler stands between, which gives each transaction another server; None:
        nobody has asked yet."""


class Connection:
    """A connection that is checked out of the engine's pool."""

    __slots__ = ("_checkout", "_libpq", "_poll", "_prepared")

    def __init__(self, checkout: PoolProxiedConnection) -> None:
        self._checkout = checkout
        driver = cast("psycopg.Connection[Any]", checkout.driver_connection)
        self._libpq: PGconn = driver.pgconn
        self._prepared: _Prepared = checkout.info.setdefault(_PREPARED, _Prepared())
        self._poll = select.poll()
        self._poll.register(self._libpq.socket, select.POLLIN)
        try:
            _require_fit(self._libpq)
        except BaseException:
            self.destroy()
            raise

    @property
    def is_usable(self) -> bool:
        """Whether it is in no transaction, and the server has not hung up."""
        idle = self._libpq.transaction_status == pq.TransactionStatus.IDLE
        return idle and not self._poll.poll(0)

    def run(self, statement: Statement, values: Sequence[Value]) -> list[Row]:
        """The rows of a statement, in one round trip. Raises the driver's exceptions."""
        given = [_encoded(value) for value in values]
        with deadline.broken_off_by(self._hang_up):
            result = self._sent(statement, given)
        if result.status not in _DONE:
            raise self._error(result)
        columns = range(result.nfields)
        get = result.get_value
        return [
            [None if (value := get(row, column)) is None else value.decode() for column in columns]
            for row in range(result.ntuples)
        ]

    def run_plain(self, text: str) -> None:
        """Run statements without parameters or an answer."""
        with deadline.broken_off_by(self._hang_up):
            result = self._libpq.exec_(text.encode())
        if result.status not in _DONE:
            raise self._error(result)

    def give_back(self) -> None:
        """Give it back to the engine's pool."""
        self._checkout.close()

    def destroy(self) -> None:
        """Close it, for good."""
        self._checkout.invalidate()
        self._checkout.close()

    def _sent(self, statement: Statement, given: list[bytes | None]) -> PGresult:
        name = statement.name
        if name in self._prepared.names or self._prepare(statement):
            result = self._libpq.exec_prepared(name, given)  # type: ignore[arg-type]  # takes None
            if _state_of(result) not in _FORGOTTEN:
                return result
            # It was not run.
            self._prepared.names.clear()
        return self._libpq.exec_params(statement.text, given)

    def _prepare(self, statement: Statement) -> bool:
        """Have the server keep a statement that is used often; whether it does."""
        prepared = self._prepared
        if prepared.is_direct is False:
            return False
        uses = prepared.uses[statement.name] = prepared.uses.get(statement.name, 0) + 1
        if uses < _PREPARE_AT:
            return False
        if prepared.is_direct is None:
            asked = self._libpq.exec_(b"SELECT pg_backend_pid()")
            if asked.status not in _DONE:
                return False
            # A pooler makes up the id that it gives its clients.
            prepared.is_direct = asked.get_value(0, 0) == str(self._libpq.backend_pid).encode()
            if not prepared.is_direct:
                return False
        made = self._libpq.prepare(statement.name, statement.prepared or statement.text)
        # One of that name may be there from before it was forgotten.
        if made.status not in _DONE and _state_of(made) != "42P05":
            return False
        prepared.names.add(statement.name)
        return True

    def _hang_up(self) -> None:
        # The socket is the driver's, which closes it. Whoever waits for it is woken by this.
        with suppress(OSError), socket.socket(fileno=socket.dup(self._libpq.socket)) as link:
            link.shutdown(socket.SHUT_RDWR)

    def _error(self, result: PGresult) -> psycopg.Error:
        if self._libpq.status == pq.ConnStatus.BAD:
            return psycopg.OperationalError("the connection was lost")
        return errors.error_from_result(result)


def _state_of(result: PGresult) -> str:
    state = result.error_field(pq.DiagnosticField.SQLSTATE)
    return "" if state is None else state.decode()


def _encoded(value: Value) -> bytes | None:
    if type(value) is str:
        return value.encode()
    if value is None:
        return None
    if value is True:
        return b"t"
    if value is False:
        return b"f"
    return str(value).encode()


def _require_fit(libpq: PGconn) -> None:
    """Raise unless it is PostgreSQL, and its text is what chatstore's is."""
    if libpq.parameter_status(b"crdb_version") is not None:
        raise ConfigurationError(
            "the server is CockroachDB, which chatstore does not support: name a PostgreSQL one"
        )
    if libpq.server_version < OLDEST_SERVER:
        raise ConfigurationError(
            f"the server is PostgreSQL {libpq.server_version // 10_000}; chatstore needs 13 or "
            "newer"
        )
    for name, what in (("server_encoding", "database's"), ("client_encoding", "connection's")):
        found = libpq.parameter_status(name.encode())
        if found != b"UTF8":
            told = "unknown" if found is None else found.decode("ascii", "replace")
            raise SchemaError(
                f"the {what} encoding is {told}, and chatstore needs UTF8: for a database, make "
                "one with ENCODING 'UTF8'; for a connection, leave client_encoding alone"
            )


OLDEST_SERVER = 130_000
"""The oldest version of PostgreSQL, as libpq has it."""
