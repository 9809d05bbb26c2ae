"""Redis, from the system's own package: one server, and a cluster of three masters."""

import contextlib
import os
import shutil
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from server_kinds.kind import LOOPBACK, ServerError, ServerKind, require_program, run

_ADVICE = "install it, on Debian with: apt-get install redis-server"


class RedisServer(ServerKind):
    """One server with nothing on disk."""

    name = "redis"

    def install(self) -> None:
        programs = ("redis-server", "redis-cli")
        can_install = os.geteuid() == 0 and shutil.which("apt-get") is not None
        if can_install and not all(map(shutil.which, programs)):
            apt = ["apt-get", "-q", "-y", "-o", "Dpkg::Options::=--force-confold"]
            run([*apt, "update"], folder=Path("/"))
            run([*apt, "install", "--no-install-recommends", "redis-server"], folder=Path("/"))
        for program in programs:
            require_program(program, _ADVICE)

    def command(self, port: int, folder: Path) -> Sequence[str]:
        return [
            "redis-server",
            *("--bind", LOOPBACK, "--port", str(port), "--dir", str(folder)),
            *("--save", "", "--appendonly", "no"),
        ]

    def answers(self, port: int) -> bool:
        with contextlib.suppress(OSError), socket.create_connection((LOOPBACK, port), 1) as link:
            link.sendall(b"PING\r\n")
            return link.recv(64).startswith(b"+PONG")
        return False

    def environment(self, ports: Sequence[int]) -> Mapping[str, str]:
        return {"CHATSTORE_TEST_REDIS_URL": f"redis://{LOOPBACK}:{ports[0]}/0"}


class RedisCluster(RedisServer):
    """Three masters that share the slots, without replicas."""

    name = "redis-cluster"
    processes: ClassVar[int] = 3

    def command(self, port: int, folder: Path) -> Sequence[str]:
        return [
            *super().command(port, folder),
            *("--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf"),
        ]

    def join(self, ports: Sequence[int]) -> None:
        nodes = [f"{LOOPBACK}:{port}" for port in ports]
        created = run(
            ["redis-cli", "--cluster", "create", *nodes, "--cluster-yes"], folder=Path("/")
        )
        if "All 16384 slots covered" not in created:
            raise ServerError(f"the cluster was not formed:\n{created}")

    def environment(self, ports: Sequence[int]) -> Mapping[str, str]:
        return {"CHATSTORE_TEST_REDIS_CLUSTER_URL": f"redis+cluster://{LOOPBACK}:{ports[0]}"}
