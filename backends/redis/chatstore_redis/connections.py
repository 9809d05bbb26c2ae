"""Connections and pools of redis-py that keep to the deadline of the call that uses them.

redis-py's own time-outs begin anew with each byte that arrives. So each thing that may block is
broken off at the deadline, by shutting down its socket.
"""

import contextlib
import os
import select
import socket
from collections.abc import Callable, Sequence
from typing import Any

from redis import BlockingConnectionPool, ConnectionPool
from redis.connection import AbstractConnection

from chatstore.errors import ConfigurationError
from chatstore.runtime import deadline
from chatstore.runtime.deadline import DeadlineError
from chatstore_redis.tls import wrapping_fault

_NO_TIME = 0.001
"""A time-out that fails at once; 0 would mean a socket that does not wait at all."""


class BoundedConnection(AbstractConnection):
    """What every connection of ours adds to redis-py's own class of its kind."""

    _readable: Callable[[int], Sequence[object]] | None = None
    """Tells at once whether anything can be read, where the operating system can."""
    _socket_connect_timeout: float | None = None

    # redis-py reads it before each address of a host that it tries.
    @property
    def socket_connect_timeout(self) -> float | None:
        try:
            return deadline.seconds_left(self._socket_connect_timeout)
        except DeadlineError:
            return _NO_TIME

    @socket_connect_timeout.setter
    def socket_connect_timeout(self, value: float | None) -> None:
        self._socket_connect_timeout = value

    def connect(self) -> None:
        """Connect, unless that is done: whole, or not at all."""
        if self._sock is not None:
            return
        try:
            deadline.seconds_left()
            super().connect()  # type: ignore[no-untyped-call]  # redis-py's
            deadline.seconds_left()
            self._readable = _readable(self._sock)
        except BaseException as error:
            # Half a handshake must not come back into the pool.
            self.disconnect()
            if isinstance(error, ValueError | TypeError | OverflowError):
                raise ConfigurationError(
                    f"the Redis client can't connect with the options it has: {_reason(error)}"
                ) from error
            raise

    def disconnect(self, *arguments: Any, **options: Any) -> None:
        super().disconnect(*arguments, **options)  # type: ignore[no-untyped-call]  # redis-py's

    @property
    def can_wait(self) -> bool:
        """Whether it can be asked, after a while, whether it is ready."""
        return self._sock is not None and self._readable is not None

    def is_ready(self) -> bool:
        """Whether a request may follow, of one that can wait: it is open, and nothing came that
        nobody asked for."""
        return self._sock is not None and self._readable is not None and not self._readable(0)

    def ask(self, command: bytes) -> Any:
        """Send a command, and return its answer, in bytes; somebody else breaks this off at the
        deadline."""
        if self._sock is None:
            self.connect()
        super().send_packed_command((command,))  # type: ignore[no-untyped-call]  # redis-py's
        return super().read_response(disable_decoding=True)

    def tell(self, *pieces: bytes) -> None:
        """Send; somebody else breaks this off at the deadline."""
        if self._sock is None:
            self.connect()
        super().send_packed_command(pieces)  # type: ignore[no-untyped-call]  # redis-py's

    def hear(self) -> Any:
        """An answer, in bytes; somebody else breaks this off at the deadline."""
        return super().read_response(disable_decoding=True)

    def break_off(self) -> None:
        """Make whatever waits for the server fail, from another thread."""
        _shut_down(self._sock)

    def send_packed_command(self, command: Any, check_health: bool = True) -> None:
        if self._sock is None:
            self.connect()
        with deadline.broken_off_by(self.break_off):
            super().send_packed_command(command, check_health)  # type: ignore[no-untyped-call]  # redis-py's

    def read_response(self, *arguments: Any, **options: Any) -> Any:
        with deadline.broken_off_by(self.break_off):
            return super().read_response(*arguments, **options)

    def _wrap_socket_with_ssl(self, sock: socket.socket) -> Any:
        # The handshake takes the socket's handle away from it.
        handle = socket.socket(fileno=os.dup(sock.fileno()))
        wrap: Any = super()._wrap_socket_with_ssl  # type: ignore[misc]  # SSLConnection's own
        try:
            with deadline.broken_off_by(lambda: _shut_down(handle)):
                return wrap(sock)
        except BaseException as error:
            sock.close()
            fault = wrapping_fault(error) if isinstance(error, OSError | ValueError) else None
            if fault is not None:
                raise fault from error
            raise
        finally:
            handle.close()


def _readable(sock: Any) -> Callable[[int], Sequence[object]] | None:
    # What came through TLS, the operating system knows nothing of.
    if type(sock) is not socket.socket or not hasattr(select, "poll"):
        return None
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return poll.poll


def _shut_down(sock: Any) -> None:
    if isinstance(sock, socket.socket):
        with contextlib.suppress(OSError):
            # Not the TLS socket's own method, which would let a reader go on without TLS.
            socket.socket.shutdown(sock, socket.SHUT_RDWR)


def _reason(error: Exception) -> str:
    # A text about text may quote it, and so a password.
    return type(error).__name__ if isinstance(error, UnicodeError) else str(error)


class PatientPool(BlockingConnectionPool):
    """A pool that waits for a free connection, and no longer than the call may take."""

    _patience: float | None

    @property
    def timeout(self) -> float | None:
        return deadline.seconds_left(self._patience)

    @timeout.setter
    def timeout(self, value: float | None) -> None:
        self._patience = value


_classes: dict[type, type] = {}


def bounded_class(kind: type) -> type[BoundedConnection]:
    """The class of connections that are of this kind and keep to deadlines."""
    if not isinstance(kind, type) or not issubclass(kind, AbstractConnection):
        raise ConfigurationError(
            "the Redis client's connection_class must be a subclass of redis.Connection"
        )
    derived: type[BoundedConnection] = _derived(kind, BoundedConnection)
    return derived


def bounded_pool(kind: type[ConnectionPool]) -> type[ConnectionPool]:
    """The class of pools that are of this kind and keep to deadlines."""
    derived: type[ConnectionPool] = kind
    if issubclass(kind, BlockingConnectionPool):
        derived = _derived(kind, PatientPool)
    return derived


def _derived(kind: type, part: Any) -> Any:
    if issubclass(kind, part):
        return kind
    if kind not in _classes:
        bases = (part,) if issubclass(part, kind) else (part, kind)
        _classes[kind] = type(f"Bounded{kind.__name__}", bases, {})
    return _classes[kind]
