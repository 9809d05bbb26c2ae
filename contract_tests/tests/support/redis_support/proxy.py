"""A proxy between a client and a Redis, which sees every command and may spoil the answer."""

import selectors
import socket
import struct
import threading
from collections.abc import Callable, Sequence
from enum import Enum
from urllib.parse import urlsplit

from loopback import LOOPBACK, LoopbackServer

Command = Sequence[bytes]


Address = tuple[str, int]


def address(url: str) -> Address:
    """Where the server of a URL listens."""
    parts = urlsplit(url)
    return parts.hostname or LOOPBACK, parts.port or 6379


class Fault(Enum):
    """What the proxy may do with a command instead of passing it and its answer on."""

    NONE = "none"
    DROP_ANSWER = "let the server carry it out, then close the connection without the answer"
    RESET = "reset the connection before the server sees it"
    HANG = "let it lie, and never answer"


Judge = Callable[[Command], Fault | bytes]
"""Decides on a command; bytes are the answer that the proxy gives in the server's place."""


def passed_on(_: Command) -> Fault:
    """The judge that spoils nothing."""
    return Fault.NONE


class Proxy(LoopbackServer):
    """Listens on a port of its own. `turns` has the commands of each turn: what a client sent
    between two answers, and so a round trip."""

    def __init__(self, upstream: Address, judge: Judge = passed_on) -> None:
        self.judge = judge
        self.turns: list[list[Command]] = []
        self._upstream = upstream
        super().__init__()

    @property
    def names(self) -> list[str]:
        """The names of all commands so far."""
        return [command[0].decode().upper() for turn in self.turns for command in turn]

    def serve(self, client: socket.socket) -> None:
        with socket.create_connection(self._upstream) as server:
            _Link(self, client, server).carry(self.is_closing)


class _Link:
    """One client's connection through the proxy."""

    def __init__(self, proxy: Proxy, client: socket.socket, server: socket.socket) -> None:
        self._proxy = proxy
        self._client = client
        self._server = server
        self._unread = b""
        self._turn: list[Command] | None = None
        self._fault = Fault.NONE

    def carry(self, closing: threading.Event) -> None:
        """Carry bytes both ways until one side closes, or a fault does."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._client, selectors.EVENT_READ, self._from_client)
            selector.register(self._server, selectors.EVENT_READ, self._from_server)
            while not closing.is_set():
                for ready, _ in selector.select(0.05):
                    if not ready.data():
                        return

    def _from_client(self) -> bool:
        received = self._client.recv(1 << 20)
        if not received:
            return False
        commands, self._unread = split_commands(self._unread + received)
        if self._turn is None:
            self._turn = []
            self._proxy.turns.append(self._turn)
        self._turn += commands
        passed = received
        for command in commands:
            verdict = self._proxy.judge(command)
            if isinstance(verdict, bytes):
                self._turn = None
                self._client.sendall(verdict)
                passed = b""
            elif verdict is Fault.RESET:
                linger = struct.pack("ii", 1, 0)
                self._client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                return False
            elif verdict is Fault.HANG:
                passed = b""
            else:
                self._fault = verdict
        self._server.sendall(passed)
        return True

    def _from_server(self) -> bool:
        received = self._server.recv(1 << 20)
        if not received or self._fault is Fault.DROP_ANSWER:
            return False
        self._turn = None
        self._client.sendall(received)
        return True


def split_commands(data: bytes) -> tuple[list[Command], bytes]:
    """The whole commands at the beginning of what a client sent, and the rest."""
    commands: list[Command] = []
    while True:
        command, length = _command(data)
        if command is None:
            return commands, data
        commands.append(command)
        data = data[length:]


def _command(data: bytes) -> tuple[Command | None, int]:
    head, found, _ = data.partition(b"\r\n")
    if not found:
        return None, 0
    at = len(head) + 2
    parts: list[bytes] = []
    for _ in range(int(head[1:])):
        size, found, _ = data[at:].partition(b"\r\n")
        start = at + len(size) + 2
        end = start + int(size[1:] or b"0")
        if not found or len(data) < end + 2:
            return None, 0
        parts.append(data[start:end])
        at = end + 2
    return parts, at
