"""A proxy on loopback before a server: it counts round trips, and may drop answers."""

import contextlib
import selectors
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

LOOPBACK = "127.0.0.1"
_POSTGRESQL_IS_READY = b"Z"


def _loses_none() -> bool:
    """Loses no answer."""
    return False


class AnsweringProxy:
    """Listens on a port of its own. `requests` is how often a client spoke after it had been
    answered: round trips. `loses` is asked at each whether its answer is dropped, and the
    connection with it, once the server has done what it was asked."""

    def __init__(self, upstream: tuple[str, int], *, speaks_postgresql: bool) -> None:
        self.requests = 0
        self.lost = 0
        self.loses: Callable[[], bool] = _loses_none
        self._upstream = upstream
        self._speaks_postgresql = speaks_postgresql
        self._lock = threading.Lock()
        self._is_closing = threading.Event()
        self._listener = socket.create_server((LOOPBACK, 0))
        self._listener.settimeout(0.05)

    @property
    def port(self) -> int:
        """Where clients connect."""
        port: int = self._listener.getsockname()[1]
        return port

    @contextmanager
    def running(self) -> Iterator[None]:
        """Serve within the context."""
        threads = [threading.Thread(target=self._accept, daemon=True)]
        threads[0].start()
        try:
            yield
        finally:
            self._is_closing.set()
            threads[0].join(5)
            self._listener.close()

    def _accept(self) -> None:
        while not self._is_closing.is_set():
            with contextlib.suppress(TimeoutError):
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with (
            client,
            contextlib.suppress(OSError),
            socket.create_connection(self._upstream) as server,
            selectors.DefaultSelector() as selector,
        ):
            for each in (client, server):
                each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            selector.register(client, selectors.EVENT_READ)
            selector.register(server, selectors.EVENT_READ)
            self._carry(client, server, selector)

    def _carry(
        self, client: socket.socket, server: socket.socket, selector: selectors.BaseSelector
    ) -> None:
        is_answering, is_losing = True, False
        while not self._is_closing.is_set():
            for ready, _ in selector.select(0.05):
                source = client if ready.fileobj is client else server
                data = source.recv(1 << 18)
                if not data:
                    return
                if source is client:
                    if is_answering:
                        is_losing = self._asked()
                    is_answering = False
                    server.sendall(data)
                    continue
                is_answering = True
                if not is_losing:
                    client.sendall(data)
                elif not self._speaks_postgresql or data[-6:-5] == _POSTGRESQL_IS_READY:
                    with self._lock:
                        self.lost += 1
                    return

    def _asked(self) -> bool:
        with self._lock:
            self.requests += 1
            return self.loses()
