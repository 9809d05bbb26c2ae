"""A proxy before DynamoDB that lets a write happen, and drops its answer."""

import hashlib
import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit


class LossyProxy:
    """Passes requests on. Of the operations named in `losing`, the first answer to every request
    is dropped; what is sent again is answered."""

    def __init__(self, target: str) -> None:
        self.losing: set[str] = set()
        self.lost = 0
        self._target = urlsplit(target)
        self._seen: set[bytes] = set()
        self._lock = threading.Lock()

    def passes(self, operation: str, body: bytes) -> bool:
        """Whether the answer to this request reaches the client."""
        if operation not in self.losing:
            return True
        digest = hashlib.sha256(body).digest()
        with self._lock:
            known = digest in self._seen
            self._seen.add(digest)
            self.lost += not known
            return known

    def forward(self, path: str, headers: dict[str, str], body: bytes) -> Any:
        """The target's answer, as status, headers and body."""
        connection = http.client.HTTPConnection(self._target.netloc, timeout=30)
        try:
            connection.request("POST", path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            connection.close()


@contextmanager
def lossy_proxy(target: str) -> Iterator[tuple[LossyProxy, str]]:
    """A running proxy on loopback, and its URL."""
    proxy = LossyProxy(target)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            operation = self.headers["X-Amz-Target"].rpartition(".")[2]
            status, headers, answer = proxy.forward(self.path, dict(self.headers), body)
            if not proxy.passes(operation, body):
                self.close_connection = True
                return
            self.send_response_only(status)
            for name, value in headers:
                if name.lower() not in {"transfer-encoding", "connection", "content-length"}:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base's name
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield proxy, f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
