"""A server that is silent until it is back: a listening socket in front of a real one."""

import contextlib
import socket
import threading
from collections.abc import Iterator


class Relay:
    """Takes connections and answers nothing; from `wake` on it relays them to a real server."""

    def __init__(self, host: str, port: int) -> None:
        self._real = (host, port)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=200)
        self.port: int = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []

    def wake(self) -> None:
        """Answer those that have connected, and those that will."""
        threading.Thread(target=self._serve, args=(self._listener,), daemon=True).start()

    def restart(self) -> None:
        """Drop those that have connected, and answer those that will, on the same port."""
        self._listener.close()
        self._listener = socket.create_server(("127.0.0.1", self.port), backlog=200)
        self.wake()

    def replace(self) -> None:
        """Leave those that have connected without an answer for ever, and answer those that
        will."""
        self._listener.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                self._open.append(self._listener.accept()[0])
        self._listener.setblocking(True)
        self.wake()

    def close(self) -> None:
        """Drop everything."""
        for each in (self._listener, *self._open):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _serve(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = listener.accept()
                far = socket.create_connection(self._real)
                self._open += [near, far]
                for source, sink in ((near, far), (far, near)):
                    threading.Thread(target=_pour, args=(source, sink), daemon=True).start()


def _pour(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65_536):
            sink.sendall(data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def relayed(host: str, port: int) -> Iterator[Relay]:
    """A relay, and its end."""
    relay = Relay(host, port)
    try:
        yield relay
    finally:
        relay.close()
