"""A proxy between a client and PostgreSQL, which counts round trips and may lose answers."""

import contextlib
import selectors
import socket
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

LOOPBACK = "127.0.0.1"
_READY = b"Z"


class PostgreSQLProxy:
    """Listens on a port of its own. `turns` is how often a client spoke after it had been answered
    whole; `loses` is asked of each such turn whether its answer is dropped with the connection."""

    def __init__(self, upstream: tuple[str, int]) -> None:
        self.turns = 0
        self.lost = 0
        self.loses: Callable[[bytes], bool] = lambda _: False
        self._upstream = upstream
        self._closing = threading.Event()
        self._listener = socket.create_server((LOOPBACK, 0))
        self._listener.settimeout(0.05)
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    @property
    def port(self) -> int:
        """Where clients connect."""
        port: int = self._listener.getsockname()[1]
        return port

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closing.set()
        for thread in self._threads:
            thread.join(10)
        self._listener.close()

    def _accept(self) -> None:
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
            selectors.DefaultSelector() as selector,
        ):
            selector.register(client, selectors.EVENT_READ)
            selector.register(server, selectors.EVENT_READ)
            answering, losing = False, False
            while not self._closing.is_set():
                for key, _ in selector.select(0.05):
                    data = key.fileobj.recv(1 << 16)  # type: ignore[union-attr]  # they are sockets
                    if not data:
                        return
                    if key.fileobj is client:
                        if not answering:
                            self.turns += 1
                            losing = self.loses(data)
                        answering = True
                        server.sendall(data)
                        continue
                    answering = False
                    if not losing:
                        client.sendall(data)
                    # The server has committed once it says that it is ready again.
                    elif data[-6:-5] == _READY:
                        self.lost += 1
                        return
