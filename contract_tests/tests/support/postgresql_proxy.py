"""A proxy between a client and PostgreSQL, which counts round trips and may lose answers."""

import selectors
import socket
from collections.abc import Callable

from loopback import LoopbackServer

_READY = b"Z"


class PostgreSQLProxy(LoopbackServer):
    """Listens on a port of its own. `turns` is how often a client spoke after it had been answered
    whole; `loses` is asked of each such turn whether its answer is dropped with the connection."""

    def __init__(self, upstream: tuple[str, int]) -> None:
        self.turns = 0
        self.lost = 0
        self.loses: Callable[[bytes], bool] = lambda _: False
        self._upstream = upstream
        super().__init__()

    def serve(self, client: socket.socket) -> None:
        with (
            socket.create_connection(self._upstream) as server,
            selectors.DefaultSelector() as selector,
        ):
            selector.register(client, selectors.EVENT_READ)
            selector.register(server, selectors.EVENT_READ)
            answering, losing = False, False
            while not self.is_closing.is_set():
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
