"""`scripts/servers`: what it starts answers, and what it stops was its own."""

import importlib.util
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

SCRIPTS = Path(__file__).parent.parent / "scripts"

sys.path.insert(0, str(SCRIPTS))

from server_kinds import KINDS  # noqa: E402  the folder is no package's
from server_kinds.kind import ServerError, ServerKind  # noqa: E402
from server_kinds.runner import Runner, is_alive  # noqa: E402


class WebServers(ServerKind):
    """Two of Python's own web servers: a kind that needs nothing installed."""

    name = "web"
    processes = 2
    installed = 0
    joined: Sequence[int] = ()

    def __init__(self) -> None:
        self.prepared: dict[int, Sequence[int]] = {}

    def install(self) -> None:
        self.installed += 1

    def prepare(self, port: int, folder: Path, ports: Sequence[int]) -> None:
        (folder / "prepared").touch()
        self.prepared[port] = ports

    def command(self, port: int, folder: Path) -> Sequence[str]:
        return [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1"]

    def answers(self, port: int) -> bool:
        try:
            with urlopen(f"http://127.0.0.1:{port}/prepared", timeout=2) as answer:
                return bool(answer.status == 200)
        except URLError:
            return False

    def join(self, ports: Sequence[int]) -> None:
        self.joined = ports

    def environment(self, ports: Sequence[int]) -> Mapping[str, str]:
        return {"WEB": " ".join(map(str, ports))}


class Stubborn(WebServers):
    """One that ends at once, and says why."""

    name = "stubborn"

    def command(self, port: int, folder: Path) -> Sequence[str]:
        return [sys.executable, "-c", "raise SystemExit('no licence')"]


@pytest.fixture
def runner(tmp_path: Path) -> Iterator[Runner]:
    runner = Runner(WebServers(), tmp_path)
    yield runner
    runner.down()


def test_up_starts_once_and_down_stops(runner: Runner) -> None:
    """`up` returns when all processes answer, each in a folder that was prepared for it, a second
    one starts nothing, and `down` ends exactly those."""
    assert runner.status() == "not running"
    runner.up()
    assert isinstance(runner.kind, WebServers)
    ports = runner.environment()["WEB"].split()
    assert [str(port) for port in runner.kind.joined] == ports
    assert runner.kind.prepared == dict.fromkeys(runner.kind.joined, runner.kind.joined)
    assert len(set(ports)) == 2
    runner.up()
    assert runner.environment()["WEB"].split() == ports
    assert runner.kind.installed == 1
    started = runner.started()
    assert all(map(is_alive, started))
    runner.down()
    assert not any(map(is_alive, started))
    assert runner.status() == "not running"
    runner.down()


def test_another_s_process_is_left_alone(runner: Runner, tmp_path: Path) -> None:
    """A process id that belongs to another process by now is not stopped."""
    runner.up()
    memory = tmp_path / "web" / "processes.json"
    text = memory.read_text()
    started = runner.started()
    memory.write_text(text.replace(started[0].since, "Thu Jan  1 00:00:00 1970"))
    runner.down()
    assert is_alive(started[0])
    memory.write_text(text)
    runner.down()
    assert not is_alive(started[0])


def test_one_that_does_not_start_says_why(tmp_path: Path) -> None:
    """The end of its log is in the error, and nothing is left running."""
    runner = Runner(Stubborn(), tmp_path)
    with pytest.raises(ServerError, match="no licence"):
        runner.up()
    assert runner.status() == "not running"


def test_every_kind_is_registered_under_its_name() -> None:
    """`scripts/servers` knows each kind by the name that it gives itself."""
    assert {name: kind().name for name, kind in KINDS.items()} == {name: name for name in KINDS}
    assert importlib.util.find_spec("server_kinds") is not None
