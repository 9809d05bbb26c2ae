"""What one kind of server has to say for itself."""

import os
import shutil
import signal
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

LOOPBACK = "127.0.0.1"


class ServerError(Exception):
    """A server that can't be installed or started; the text says why."""


class ServerKind(ABC):
    """One kind of server: one process, or several that belong together."""

    name: ClassVar[str]
    """What the command line calls it."""
    processes: ClassVar[int] = 1
    """How many processes it takes; each has a port of its own."""
    patience: ClassVar[float] = 60.0
    """Seconds that a process may take until it answers."""

    ending: ClassVar[signal.Signals] = signal.SIGTERM
    """What tells a process to end, whoever is connected."""

    @abstractmethod
    def install(self) -> None:
        """Bring what is missing; return at once if nothing is. Raises `ServerError`."""

    def prepare(  # noqa: B027  most need nothing that they don't make themselves
        self, port: int, folder: Path, ports: Sequence[int]
    ) -> None:
        """Make in `folder`, which is empty, what the process on `port` needs before it starts.
        `ports` are those of all processes of the kind. Raises `ServerError`."""

    @abstractmethod
    def command(self, port: int, folder: Path) -> Sequence[str]:
        """The command line of the process that listens on `port` of loopback. `folder` is its
        own, with what `prepare` made there."""

    @abstractmethod
    def answers(self, port: int) -> bool:
        """Whether the process on `port` answers in its own protocol, within a second or so."""

    @abstractmethod
    def environment(self, ports: Sequence[int]) -> Mapping[str, str]:
        """The variables by which tests find the running server."""

    def join(self, ports: Sequence[int]) -> None:  # noqa: B027  one process has nothing to join
        """Make one server of several processes that all answer; return when it is ready."""


def downloads(name: str) -> Path:
    """The folder in which what was downloaded for `name` is kept, for every checkout."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(cache) / "chatstore-servers" / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def require_program(program: str, advice: str) -> str:
    """The path of a program on PATH; `ServerError` with `advice` if there is none."""
    found = shutil.which(program)
    if found is None:
        raise ServerError(f"{program} is not installed; {advice}")
    return found


def run(arguments: Sequence[str], *, folder: Path, seconds: float = 600.0) -> str:
    """Run a command to its end and return what it printed; `ServerError` if it fails."""
    try:
        done = subprocess.run(  # noqa: S603  the commands are the kinds' own
            arguments, cwd=folder, capture_output=True, text=True, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise ServerError(f"{arguments[0]} took more than {seconds:.0f} s") from error
    if done.returncode:
        ending = "\n".join((done.stdout + done.stderr).strip().splitlines()[-10:])
        raise ServerError(f"{' '.join(arguments)} ended with {done.returncode}:\n{ending}")
    return done.stdout
