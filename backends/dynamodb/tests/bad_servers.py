"""Servers on loopback that answer badly, or not at all."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

Answer = Callable[[socket.socket, threading.Event], None]

_PAUSE = 0.02
"""Seconds between the bytes of an answer that drips."""


def says_nothing(_: socket.socket, ends: threading.Event) -> None:
    """Take the request, and leave it at that."""
    ends.wait()


def drips_its_headers(connection: socket.socket, ends: threading.Event) -> None:
    """One byte at a time, for ever."""
    _drip(connection, ends, b"HTTP/1.1 200 OK\r\n" + b"X-Slow: " + b"x" * 100_000)


def drips_its_body(connection: socket.socket, ends: threading.Event) -> None:
    """Headers at once, and a long body a byte at a time, on a connection that ends with it."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\nConnection: close\r\n\r\n{")
    _drip(connection, ends, b" " * 100_000)


def answers(status: int, code: str) -> Answer:
    """The same error to each request."""
    body = json.dumps({"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": "no"})
    whole = f"HTTP/1.1 {status} No\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()

    def answer(connection: socket.socket, _: threading.Event) -> None:
        connection.sendall(whole)

    return answer


def says(body: bytes, *, length: int | None = None, headers: bytes = b"") -> Answer:
    """The same success to each request, which may be shorter than it claims to be."""
    claimed = len(body) if length is None else length
    whole = b"HTTP/1.1 200 OK\r\n%bContent-Length: %d\r\n\r\n%b" % (headers, claimed, body)

    def answer(connection: socket.socket, _: threading.Event) -> None:
        connection.sendall(whole)
        if claimed > len(body):
            connection.shutdown(socket.SHUT_RDWR)

    return answer


def _drip(connection: socket.socket, ends: threading.Event, data: bytes) -> None:
    for index in range(len(data)):
        connection.sendall(data[index : index + 1])
        if ends.wait(_PAUSE):
            return


@contextmanager
def serving(answer: Answer, *, reads: bool = True) -> Iterator[str]:
    """The URL of a server that answers so; one that `reads` nothing answers at once."""
    ends = threading.Event()
    threads: list[threading.Thread] = []

    def serve(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            while not ends.is_set():
                if reads and not _read_request(connection):
                    return
                answer(connection, ends)

    def accept() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            thread = threading.Thread(target=serve, args=(connection,), daemon=True)
            threads.append(thread)
            thread.start()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        accepting = threading.Thread(target=accept, daemon=True)
        accepting.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            ends.set()
            # `close` alone would leave the thread waiting.
            listening.shutdown(socket.SHUT_RDWR)
    accepting.join()


def _read_request(connection: socket.socket) -> bool:
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65_536)
        if not more:
            return False
        data += more
    headers, _, body = data.partition(b"\r\n\r\n")
    [length] = [
        int(line.partition(b":")[2])
        for line in headers.split(b"\r\n")
        if line.lower().startswith(b"content-length")
    ]
    while len(body) < length:
        body += connection.recv(65_536)
    return True
