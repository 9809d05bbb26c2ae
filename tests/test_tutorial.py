"""backends/README.md, followed by somebody who has the wheel and nothing else."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TUTORIAL = (ROOT / "backends" / "README.md").read_text(encoding="utf-8")
EXAMPLE = ROOT / "examples" / "json_files"
LISTING = re.compile(r"^`([\w/.]+)`:\n\n```(?:python|toml)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which chatstore's wheel and the example's are installed, and nothing else is."""
    place = tmp_path_factory.mktemp("tutorial")
    example = place / "source"
    ignored = shutil.ignore_patterns("__pycache__", ".pytest_cache")
    shutil.copytree(EXAMPLE, example, ignore=ignored)
    for source in (ROOT, example):
        subprocess.run(
            [sys.executable, "-m", "build", "--wheel", "--no-isolation", "-o", place, source],
            check=True,
            capture_output=True,
        )
    wheels = list(place.glob("*.whl"))
    assert len(wheels) == 2
    target = place / "installed"
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
            *("--no-deps", "--no-index", "--target", target),
            *wheels,
        ],
        check=True,
    )
    return target


def _run(*command: str | Path, installed: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(installed)},
    )


def test_the_tutorial_shows_the_example_as_it_is() -> None:
    """Each listing of the tutorial is the example's file, to the letter, and none is left out."""
    shown = dict(LISTING.findall(TUTORIAL))
    files = {
        str(path.relative_to(EXAMPLE)): path.read_text(encoding="utf-8")
        for suffix in ("py", "toml")
        for path in EXAMPLE.rglob(f"*.{suffix}")
    }
    assert shown == files


def test_the_tutorial_leads_to_a_green_suite(installed: Path, tmp_path: Path) -> None:
    """From the wheels alone, the example's own tests pass: the whole contract."""
    shutil.copytree(EXAMPLE / "tests", tmp_path / "tests")
    ran = _run("-m", "pytest", "-q", "-p", "no:cacheprovider", installed=installed, folder=tmp_path)
    assert ran.returncode == 0, ran.stdout
    assert re.search(r"\b[1-9]\d\d+ passed", ran.stdout)


def test_the_tutorial_leads_to_an_entry_point(installed: Path, tmp_path: Path) -> None:
    """Installed, the backend's URL opens like any other; what one process writes the next reads."""
    folder = tmp_path / "sessions"
    folder.mkdir()
    url = f"json-files://{folder}"
    script = "from chatstore.cli import main; main()"
    common = ("--url", url, "--json")
    made = _run(
        *("-c", script, "sessions", "new", "ana", "--message", "Hello", *common),
        installed=installed,
        folder=tmp_path,
    )
    assert made.returncode == 0, made.stderr
    session_id = json.loads(made.stdout)["sessionId"]
    shown = _run(
        "-c", script, "sessions", "show", session_id, *common, installed=installed, folder=tmp_path
    )
    assert json.loads(shown.stdout)["messages"][0]["content"] == "Hello"
    where = _run(
        "-c",
        "import json_files_store as s; print(s.__file__)",
        installed=installed,
        folder=tmp_path,
    )
    assert where.stdout.startswith(str(installed))


def test_the_installed_backend_can_be_held_to_the_contract(installed: Path, tmp_path: Path) -> None:
    """`chatstore contract` finds the harness by its entry point, and leaves nothing."""
    ran = _run(
        *("-c", "from chatstore.cli import main; main()", "contract"),
        *(f"json-files://{tmp_path}/sessions", "--json"),
        installed=installed,
        folder=tmp_path,
    )
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout)["holds"]
    assert list(tmp_path.iterdir()) == []
