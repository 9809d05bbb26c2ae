"""A server of a test's own on loopback: each client is served in a thread while the test lasts."""

import contextlib
import socket
import threading
from types import TracebackType
from typing import Self

LOOPBACK = "127.0.0.1"


class LoopbackServer:
    """Listens on a port of its own. What a subclass needs to serve is there before it calls this
    class's `__init__`: the first client may come at once."""

    def __init__(self) -> None:
        self.is_closing = threading.Event()
        self._listener = socket.create_server((LOOPBACK, 0))
        self._listener.settimeout(0.05)
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    @property
    def port(self) -> int:
        """Where clients connect."""
        port: int = self._listener.getsockname()[1]
        return port

    def serve(self, client: socket.socket) -> None:
        """Treat one client, until it goes or `is_closing` is set."""
        raise NotImplementedError

    def close(self) -> None:
        """Stop listening, and wait until no client is served any more."""
        self.is_closing.set()
        for thread in self._threads:
            thread.join(5)
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
        while not self.is_closing.is_set():
            with contextlib.suppress(TimeoutError):
                client, _ = self._listener.accept()
                thread = threading.Thread(target=self._serve, args=(client,), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _serve(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            self.serve(client)
