"""The tutorial in docs/tutorial, followed by somebody who has the wheel and nothing else."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import venv
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent
PAGES = sorted((ROOT / "docs" / "tutorial").glob("*.md"))
TUTORIAL = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
EXAMPLE = ROOT / "examples" / "json_files"
LISTING = re.compile(r"^`([\w/.]+)`:\n\n```(?:python|toml)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Author:
    """Somebody with a new virtual environment and the tutorial's files in an empty folder."""

    folder: Path
    bin: Path

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a program of the environment in the folder."""
        with self.running(*command) as process:
            out, error = process.communicate(timeout=300)
        return subprocess.CompletedProcess(command, process.returncode, out, error)

    def running(self, *command: str) -> subprocess.Popen[str]:
        """Begin to run it."""
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith("PYTHON")
        }
        return subprocess.Popen(
            [self.bin / command[0], *command[1:]],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.folder,
            env=environment,
        )


@pytest.fixture(scope="module")
def author(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Author:
    """The author, as far as the tutorial's last command but one: both wheels are installed, with
    what they say they need, and nothing else is."""
    folder = tmp_path_factory.mktemp("json_files")
    for name, text in LISTING.findall(TUTORIAL):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    wheels = tmp_path_factory.mktemp("wheels")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "-o", wheels, folder],
        check=True,
        capture_output=True,
    )
    venv.create(folder / ".venv", with_pip=False)
    (site,) = folder.glob(".venv/lib/python*/site-packages")
    for name in _needed(Requirement("chatstore-sessions[cli,contract-tests]")):
        _copy_installed(name, site)
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "--python", str(folder / ".venv"), "install"),
            *("--quiet", "--disable-pip-version-check", "--no-deps", "--no-index"),
            *map(str, [wheel, *wheels.glob("*.whl")]),
        ],
        check=True,
    )
    # Nothing but the tests may be found where they run: the package has to be the installed one.
    shutil.rmtree(folder / "json_files_store")
    return Author(folder, folder / ".venv" / "bin")


def _needed(wanted: Requirement) -> set[str]:
    """The distributions that must be installed for one, without it."""
    found: set[str] = set()
    seen: set[str] = set()
    waiting = [wanted]
    while waiting:
        current = waiting.pop()
        if str(current) in seen:
            continue
        seen.add(str(current))
        for text in metadata.requires(current.name) or ():
            needed = Requirement(text)
            extras = [{"extra": extra} for extra in (*current.extras, "")]
            if needed.marker is None or any(map(needed.marker.evaluate, extras)):
                waiting.append(needed)
                if needed.name != wanted.name:
                    found.add(needed.name)
    return found


def _copy_installed(name: str, site: Path) -> None:
    """Install a distribution as it is installed here: what pip would do, without an index. Each
    file keeps its time, so that what is compiled stays valid."""
    for file in metadata.files(name) or ():
        source = Path(str(file.locate()))
        if ".." not in file.parts and source.exists():
            (site / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, site / file)


def test_the_tutorial_shows_the_example_as_it_is() -> None:
    """Each listing of the tutorial is the example's file, to the letter, and none is left out."""
    shown = dict(LISTING.findall(TUTORIAL))
    files = {
        str(path.relative_to(EXAMPLE)): path.read_text(encoding="utf-8")
        for suffix in ("py", "toml")
        for path in EXAMPLE.rglob(f"*.{suffix}")
    }
    assert shown == files


def test_the_tutorial_leads_to_a_green_suite(author: Author) -> None:
    """From the wheel and the tutorial alone, the example's own tests pass: the whole contract."""
    ran = author.run("python", "-m", "pytest", "-q", "-p", "no:cacheprovider")
    assert ran.returncode == 0, ran.stdout
    assert re.search(r"\b[1-9]\d\d+ passed", ran.stdout)


def test_the_tutorial_leads_to_an_entry_point(author: Author, tmp_path: Path) -> None:
    """Installed, the backend's URL opens like any other; what one process writes the next reads."""
    (tmp_path / "sessions").mkdir()
    common = ("--url", f"json-files://{tmp_path}/sessions", "--json")
    made = author.run("chatstore", "sessions", "new", "ana", "--message", "Hello", *common)
    assert made.returncode == 0, made.stderr
    session_id = json.loads(made.stdout)["sessionId"]
    shown = author.run("chatstore", "sessions", "show", session_id, *common)
    assert json.loads(shown.stdout)["messages"][0]["content"] == "Hello"


def test_the_installed_backend_can_be_held_to_the_contract(author: Author, tmp_path: Path) -> None:
    """`chatstore contract` finds the harness by its entry point, holds the backend to one behaviour
    after the other, and leaves nothing. The first two tell; all of them pass in the suite above."""
    with author.running("chatstore", "contract", f"json-files://{tmp_path}/sessions") as process:
        assert process.stderr is not None
        told = [process.stderr.readline() for _ in range(3)]
        process.send_signal(signal.SIGINT)
        _, rest = process.communicate(timeout=60)
    assert re.search(r": sessions passed\n.*: append passed\n", "".join(told)), told
    assert "is removed" in rest
    assert list(tmp_path.iterdir()) == []


@pytest.mark.long
def test_the_installed_backend_keeps_the_contract(author: Author, tmp_path: Path) -> None:
    """All of it, by `chatstore contract`."""
    ran = author.run("chatstore", "contract", f"json-files://{tmp_path}/sessions", "--json")
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout)["holds"]
    assert list(tmp_path.iterdir()) == []


def test_the_author_has_no_driver(author: Author) -> None:
    """The environment is as new as it says: no driver of another backend is in it."""
    ran = author.run("python", "-c", "import sqlalchemy")
    assert "No module named 'sqlalchemy'" in ran.stderr
