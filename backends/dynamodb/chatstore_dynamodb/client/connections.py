"""Connections that can be broken off, by the thread that watches the time."""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from ipaddress import ip_address
from typing import Any, TypeVar

from botocore.awsrequest import (
    AWSHTTPConnection,
    AWSHTTPConnectionPool,
    AWSHTTPSConnection,
    AWSHTTPSConnectionPool,
)
from urllib3 import Timeout
from urllib3.exceptions import NewConnectionError
from urllib3.util.connection import allowed_gai_family

from chatstore.runtime import deadline
from chatstore_dynamodb.client.time_limit import in_time

Answer = TypeVar("Answer")


class Breaker:
    """Breaks off one request: it shuts down the connection that the request uses, now or later."""

    def __init__(self) -> None:
        self.is_broken = False
        self._handle: socket.socket | None = None
        self._kept: list[socket.socket] = []

    def __call__(self) -> None:
        self.is_broken = True
        self._shut_down()

    def uses(self, handle: socket.socket) -> None:
        """The request goes through this connection from here on."""
        self._handle = handle
        if self.is_broken:
            self._shut_down()

    def keeps(self, handle: socket.socket) -> bool:
        """Whether a connection that is closed while its answer is still read stays breakable."""
        if handle is not self._handle:
            return False
        self._kept.append(handle)
        return True

    def end(self) -> None:
        """The request has ended."""
        self._handle = None
        for handle in self._kept:
            handle.close()

    def _shut_down(self) -> None:
        handle = self._handle
        if handle is not None:
            with suppress(OSError):
                handle.shutdown(socket.SHUT_RDWR)


class _Requests(threading.local):
    breaker: Breaker | None = None


_requests = _Requests()


def in_time_or_broken(send: Callable[[Any], Answer], request: Any) -> Answer:
    """What `send` returns for a request, over a connection that is broken off when the call's time
    is up. Raises `DeadlineError` then, whatever broke, and before a request that would begin too
    late."""
    breaker = Breaker()
    _requests.breaker = breaker
    try:
        with deadline.broken_off_by(breaker):
            answer = send(request)
    except deadline.DeadlineError:
        raise
    except Exception as error:
        if breaker.is_broken or deadline.is_over():
            raise deadline.DeadlineError from error
        raise
    finally:
        _requests.breaker = None
        breaker.end()
    if breaker.is_broken:
        raise deadline.DeadlineError
    return answer


class _Breakable:
    """What an HTTP connection of urllib3's is, and a second handle on its socket: TLS takes the
    first one over, and hides it until hands are shaken."""

    _handle: socket.socket | None = None

    def request(self, *arguments: Any, **options: Any) -> Any:
        if self._handle is not None and _requests.breaker is not None:
            _requests.breaker.uses(self._handle)
        return super().request(*arguments, **options)  # type: ignore[misc]  # urllib3's connection

    def close(self) -> None:
        super().close()  # type: ignore[misc]  # urllib3's connection
        handle, self._handle = self._handle, None
        if handle is not None and not (_requests.breaker and _requests.breaker.keeps(handle)):
            handle.close()

    def _new_conn(self) -> socket.socket:
        """Connect to the first of the name's addresses that answers, all within the time left."""
        connection: Any = self
        name, most = connection._dns_host, connection.timeout
        failure: Exception | None = None
        try:
            for address in _addresses(connection):
                connection._dns_host = address
                connection.timeout = _least(most, deadline.seconds_left())
                try:
                    connected: socket.socket = super()._new_conn()  # type: ignore[misc]  # likewise
                except Exception as error:  # noqa: BLE001  raised below, if no address answers
                    failure = error
                    continue
                self._handle = connected.dup()
                if _requests.breaker is not None:
                    _requests.breaker.uses(self._handle)
                return connected
        finally:
            connection._dns_host, connection.timeout = name, most
        raise failure or NewConnectionError(connection, f"no address for {name}")


class _BreakableHTTPConnection(_Breakable, AWSHTTPConnection):  # type: ignore[misc]  # botocore's
    pass


class _BreakableHTTPSConnection(_Breakable, AWSHTTPSConnection):  # type: ignore[misc]  # likewise
    pass


class _Timed:
    """What a pool of urllib3's is, where each request has the time that its call has left."""

    timeout: Any

    def urlopen(self, *arguments: Any, **options: Any) -> Any:
        left = deadline.seconds_left()
        if left is not None:
            most = options.get("timeout") or self.timeout
            options["timeout"] = Timeout(
                connect=_least(most.connect_timeout, left), read=_least(most.read_timeout, left)
            )
        return super().urlopen(*arguments, **options)  # type: ignore[misc]  # urllib3's pool


class _TimedHTTPPool(_Timed, AWSHTTPConnectionPool):
    ConnectionCls = _BreakableHTTPConnection


class _TimedHTTPSPool(_Timed, AWSHTTPSConnectionPool):
    ConnectionCls = _BreakableHTTPSConnection


POOLS: dict[str, Any] = {"http": _TimedHTTPPool, "https": _TimedHTTPSPool}
"""The pool for each scheme, as urllib3 wants them."""


def _least(most: Any, left: float | None) -> Any:
    if left is None:
        return most
    # Without a time-out there is None, or a mark of urllib3's own.
    return min(most, left) if isinstance(most, int | float) else left


def _addresses(connection: Any) -> list[str]:
    name, port = connection._dns_host, connection.port
    literal = name.strip("[]")
    with suppress(ValueError):
        return [str(ip_address(literal))]
    try:
        found = in_time(
            lambda: socket.getaddrinfo(literal, port, allowed_gai_family(), socket.SOCK_STREAM)
        )
    except socket.gaierror as error:
        raise NewConnectionError(connection, f"no address for {name}: {error}") from error
    return list(dict.fromkeys(str(address[0]) for *_, address in found))
