"""A proxy between a client and a Redis, which sees every command and may spoil the answer."""

import contextlib
import selectors
import socket
import struct
import threading
from collections.abc import Callable, Sequence
from enum import Enum
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

LOOPBACK = "127.0.0.1"

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


class Proxy:
    """Listens on a port of its own. `turns` has the commands of each turn: what a client sent
    between two answers, and so a round trip."""

    def __init__(self, upstream: Address, judge: Judge = passed_on) -> None:
        self.judge = judge
        self.turns: list[list[Command]] = []
        self._upstream = upstream
        self._listener = socket.create_server((LOOPBACK, 0))
        self._closing = threading.Event()
        self._threads: list[threading.Thread] = []
        self._acceptor = threading.Thread(target=self._accept, daemon=True)
        self._acceptor.start()

    @property
    def port(self) -> int:
        """Where clients connect."""
        port: int = self._listener.getsockname()[1]
        return port

    @property
    def names(self) -> list[str]:
        """The names of all commands so far."""
        return [command[0].decode().upper() for turn in self.turns for command in turn]

    def close(self) -> None:
        """Stop listening, and close every connection."""
        self._closing.set()
        self._acceptor.join(10)
        for thread in self._threads:
            thread.join(10)
        self._listener.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _accept(self) -> None:
        self._listener.settimeout(0.05)
        while not self._closing.is_set():
            with contextlib.suppress(TimeoutError):
                client, _ = self._listener.accept()
                thread = threading.Thread(target=self._serve, args=(client,), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _serve(self, client: socket.socket) -> None:
        with (
            client,
            contextlib.suppress(OSError),
            socket.create_connection(self._upstream) as server,
        ):
            _Link(self, client, server).carry(self._closing)


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
