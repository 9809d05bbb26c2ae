"""Starts, watches and stops the processes of one kind of server, and remembers them."""

import contextlib
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from server_kinds.kind import LOOPBACK, ServerError, ServerKind


@dataclass(frozen=True)
class Started:
    """A process that `up` started. Its start time tells it from a later one with its id."""

    port: int
    pid: int
    since: str


class Runner:
    """One kind of server in one checkout: its state lies in `state`/<kind>."""

    def __init__(self, kind: ServerKind, state: Path) -> None:
        self.kind = kind
        self._folder = state / kind.name
        self._memory = self._folder / "processes.json"
        # Held until they are known to have ended: a Popen that is let go of before complains.
        self._children: list[subprocess.Popen[bytes]] = []

    def up(self) -> None:
        """Start the server unless it runs and answers. Raises `ServerError`."""
        if self.is_running():
            return
        self.down()
        self.kind.install()
        shutil.rmtree(self._folder, ignore_errors=True)
        started: list[Started] = []
        try:
            ports = free_ports(self.kind.processes)
            for port in ports:
                started.append(self._start(port, ports))
                self._remember(started)
            for process in started:
                self._await(process)
            self.kind.join([process.port for process in started])
        except BaseException:
            self.down()
            raise

    def down(self) -> None:
        """Stop what `up` started, by its process id; nothing else is touched."""
        for process in self.started():
            _stop(process, self.kind.ending)
        for child in self._children:
            child.poll()
        self._memory.unlink(missing_ok=True)

    def is_running(self) -> bool:
        """Whether all its processes live and answer."""
        started = self.started()
        return bool(started) and all(
            is_alive(process) and self.kind.answers(process.port) for process in started
        )

    def status(self) -> str:
        """One line for a person."""
        started = self.started()
        if not started:
            return "not running"
        where = ", ".join(f"{LOOPBACK}:{each.port} (process {each.pid})" for each in started)
        return f"running on {where}" if self.is_running() else f"not answering on {where}"

    def environment(self) -> Mapping[str, str]:
        """The variables by which tests find it."""
        return self.kind.environment([process.port for process in self.started()])

    def _start(self, port: int, ports: list[int]) -> Started:
        folder = self._folder / str(port)
        folder.mkdir(parents=True)
        self.kind.prepare(port, folder, ports)
        with self._log(port).open("wb") as log:
            process = subprocess.Popen(  # noqa: S603  the command is the kind's own
                self.kind.command(port, folder),
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._children.append(process)
        return Started(port, process.pid, start_time(process.pid))

    def _await(self, process: Started) -> None:
        answered = _within(
            self.kind.patience,
            lambda: not is_alive(process) or self.kind.answers(process.port),
        )
        if not answered or not is_alive(process):
            log = self._log(process.port).read_text(errors="replace").strip().splitlines()
            ending = "\n".join(log[-10:])
            raise ServerError(f"no answer on port {process.port}; its log ends:\n{ending}")

    def _log(self, port: int) -> Path:
        return self._folder / f"{port}.log"

    def _remember(self, started: list[Started]) -> None:
        self._memory.write_text(json.dumps([asdict(process) for process in started]))

    def started(self) -> list[Started]:
        """The processes that `up` started, alive or not."""
        if not self._memory.exists():
            return []
        return [Started(**entry) for entry in json.loads(self._memory.read_text())]


def free_ports(count: int) -> list[int]:
    """Ports of loopback on which nothing listens, each for one process.

    They lie below the range from which outgoing connections take theirs, and so low that a server
    may add 10,000 for a second port of its own.
    """
    found: list[int] = []
    for port in random.sample(range(20_000, 22_000), 2_000):
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind((LOOPBACK, port))
            found.append(port)
        if len(found) == count:
            return found
    raise ServerError("no free port from 20000 to 22000")


def is_alive(process: Started) -> bool:
    """Whether this very process runs."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(process.pid, os.WNOHANG)
    return bool(process.since) and start_time(process.pid) == process.since


def start_time(pid: int) -> str:
    """When a process was started, as the system prints it; empty if there is none."""
    answer = subprocess.run(  # noqa: S603
        ["ps", "-o", "lstart=,state=", "-p", str(pid)],  # noqa: S607  wherever the system has it
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "LC_ALL": "C", "TZ": "UTC"},
    )
    *words, state = answer.stdout.split() or [""]
    return "" if state.startswith("Z") else " ".join(words)


def _stop(process: Started, ending: signal.Signals) -> None:
    for number in (ending, signal.SIGKILL):
        if is_alive(process):
            os.kill(process.pid, number)
            _within(10.0, lambda: not is_alive(process))


def _within(seconds: float, condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.1)
    return False
