"""A server that has every session, each its own user's, and takes its time to answer."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_PAUSE = 0.01
"""Seconds before an answer: long enough for another request to come in on the same socket."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        time.sleep(_PAUSE)
        session_id = request["Key"]["sessionId"]["S"]
        item = {
            "sessionId": {"S": session_id},
            "userId": {"S": f"owner of {session_id}"},
            "createdAt": {"S": "2026-02-28T10:00:00.000000Z"},
            "updatedAt": {"S": "2026-02-28T10:00:00.000000Z"},
            "messages": {"L": []},
            "messageCount": {"N": "0"},
            "version": {"N": "1"},
        }
        answer = json.dumps({"Item": item}).encode()
        self.send_response_only(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base's name
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Requests that were mixed up make no sense; what matters is what the callers get."""


@contextmanager
def slow_server() -> Iterator[str]:
    """The URL of such a server on loopback."""
    server = _Server(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
