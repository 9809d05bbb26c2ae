"""Servers of a test's own: to be restarted, filled up, locked and demoted."""

import contextlib
import os
import random
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
import redis

from chatstore_redis.deployment import Deployment
from loopback import LOOPBACK

_SECONDS_TO_START = 20.0


class Server:
    """A redis-server on a free port, with its files in `folder`."""

    def __init__(self, folder: Path, *options: str, first: Sequence[str] = ()) -> None:
        program = shutil.which("redis-server")
        if program is None:
            pytest.skip("no redis-server is installed")
        self.port = self.free_port()
        self._log = folder / "log"
        self._command = [
            *(program, *first, "--bind", LOOPBACK, "--port", str(self.port), "--dir", str(folder)),
            *("--save", "", "--logfile", str(self._log), *options),
        ]
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        """Start the process, and wait until it answers."""
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + _SECONDS_TO_START
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection((LOOPBACK, self.port), 1):
                return
            time.sleep(0.02)
        self.stop()
        raise TimeoutError(f"redis-server on port {self.port} did not start; see {self._log}")

    @staticmethod
    def free_port() -> int:
        """A port on which nothing listens. It and a cluster's second one, 10,000 above, lie below
        those that outgoing connections take. Each worker of a test run has its own, so that
        no other takes it before the server does."""
        worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
        ports = range(20_000 + worker % 16 * 125, 22_000)[:125]
        for port in random.sample(ports, len(ports)):
            with contextlib.suppress(OSError), socket.create_server((LOOPBACK, port)):
                return port
        raise OSError(f"no free port in {ports}")

    def stop(self) -> None:
        """Stop the process, by its own id."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(_SECONDS_TO_START)
            self._process = None

    def configure(self, **settings: str | int) -> None:
        """Change settings of the running server; `_` stands for `-`."""
        with redis.Redis(port=self.port) as client:
            for name, value in settings.items():
                client.config_set(name.replace("_", "-"), value)


@contextlib.contextmanager
def running(
    folder: Path, options: Sequence[str] = (), *, first: Sequence[str] = ()
) -> Iterator[Server]:
    """A server of the test's own; `first` may name its file of settings."""
    server = Server(folder, *options, first=first)
    try:
        yield server
    finally:
        server.stop()


def form_cluster(node: Server) -> None:
    """Make a cluster of one node, and wait until it serves."""
    with redis.Redis(port=node.port) as client:
        connection = Deployment(client)
        connection.send("CLUSTER", "ADDSLOTS", *range(16_384))
        for _ in range(1_000):
            if b"cluster_state:ok" in connection.send("CLUSTER", "INFO"):
                connection.close()
                return
            time.sleep(0.01)
    raise TimeoutError("the cluster does not serve")
