"""Servers that never answer as they should: they hang, drip, or say the same for ever."""

import socket
import time
from collections.abc import Callable

from loopback import LOOPBACK, LoopbackServer
from redis_support.proxy import split_commands

Behaviour = Callable[["FailingServer", socket.socket], None]


class FailingServer(LoopbackServer):
    """Listens on a port of its own, and treats each client by one behaviour until it is closed."""

    def __init__(self, behaviour: Behaviour) -> None:
        self._behaviour = behaviour
        super().__init__()

    def serve(self, client: socket.socket) -> None:
        self._behaviour(self, client)


def hangs(server: FailingServer, _: socket.socket) -> None:
    """Accepts, and says nothing."""
    server.is_closing.wait()


def drips(server: FailingServer, client: socket.socket) -> None:
    """Sends a byte of an endless answer now and then."""
    client.sendall(b"$100000\r\n")
    while not server.is_closing.wait(0.03):
        client.sendall(b"x")


def closes(server: FailingServer, client: socket.socket) -> None:
    """Hangs up at once."""


def answers(text: bytes, *, seconds: float = 0) -> Behaviour:
    """Says the same to each command, after so many seconds."""

    def behave(server: FailingServer, client: socket.socket) -> None:
        unread = b""
        while not server.is_closing.is_set():
            received = client.recv(1 << 16)
            if not received:
                return
            commands, unread = split_commands(unread + received)
            for command in commands:
                time.sleep(seconds)
                greets = command[0].upper() in (b"HELLO", b"CLIENT", b"AUTH", b"SELECT")
                client.sendall(b"+OK\r\n" if greets else text)

    return behave


def maps_to(port: int | None, text: bytes) -> Behaviour:
    """A node of a cluster, all of whose slots are at a port, its own if that is None; to anything
    else it says `text`, in which `{port}` stands for that."""

    def behave(server: FailingServer, client: socket.socket) -> None:
        place = f"{server.port if port is None else port}".encode()
        host = b"$%d\r\n%b\r\n" % (len(LOOPBACK), LOOPBACK.encode())
        slots = b"*1\r\n*3\r\n:0\r\n:16383\r\n*2\r\n%b:%b\r\n" % (host, place)
        unread = b""
        while not server.is_closing.is_set():
            received = client.recv(1 << 16)
            if not received:
                return
            commands, unread = split_commands(unread + received)
            for command in commands:
                asks = command[0].upper() == b"CLUSTER"
                client.sendall(slots if asks else text.replace(b"{port}", place))

    return behave
