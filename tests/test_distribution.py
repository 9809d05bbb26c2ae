"""The distribution: what is installed, under which name and licence, and what each extra brings."""

import os
import re
import subprocess
import sys
import tomllib
import zipfile
from email import message_from_string
from email.message import Message
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from chatstore.runtime.distribution import EXTRAS, NAME, install_line, needs

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
TEST_TOOLS = {"pytest"}
FRAMEWORKS = {
    *("claude-agent-sdk", "google-adk", "llama-index", "openai-agents", "pydantic-ai", "strands"),
}
"""Extras that only an application which has the framework asks for."""


@pytest.fixture(scope="module")
def stated(wheel: Path) -> Message:
    """What the wheel says of itself."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return message_from_string(archive.read(name).decode())


def required(stated: Message, extra: str) -> set[str]:
    """The distributions that an extra brings."""
    found: set[str] = set()
    for requirement in map(Requirement, stated.get_all("Requires-Dist", ())):
        if requirement.marker is not None and requirement.marker.evaluate({"extra": extra}):
            if requirement.name == NAME:
                found |= {each for inner in requirement.extras for each in required(stated, inner)}
            else:
                found.add(requirement.name)
    return found


def test_the_wheel_says_what_it_is(stated: Message, wheel: Path) -> None:
    """It has a name that nobody else has, its makers, its licence and the Pythons it runs on."""
    assert stated["Name"] == NAME == "chatstore-sessions"
    assert stated["Author"] == stated["Maintainer"] == "chatstore contributors"
    assert stated["License-Expression"] == "Apache-2.0"
    assert stated.get_all("License-File") == ["LICENSE"]
    assert stated["Keywords"]
    assert "Typing :: Typed" in stated.get_all("Classifier", ())
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith("licenses/LICENSE"))
        assert archive.read(name).decode() == (ROOT / "LICENSE").read_text(encoding="utf-8")


def test_the_licence_names_its_holders() -> None:
    """It is the Apache License 2.0, whole, with no blank left to fill in."""
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Copyright 2026 chatstore contributors" in text
    assert "END OF TERMS AND CONDITIONS" in text
    assert "[yyyy]" not in text


def test_all_is_for_production(stated: Message) -> None:
    """`[all]` brings every backend and the command line, no framework and no test tool."""
    production = {"sqlite", "postgresql", "redis", "dynamodb", "cli"}
    assert required(stated, "all") == {
        each for extra in production for each in required(stated, extra)
    }
    assert not required(stated, "all") & TEST_TOOLS
    for extra in FRAMEWORKS:
        assert required(stated, extra) - required(stated, "all"), extra
    assert required(stated, "contract-tests") == TEST_TOOLS


@pytest.mark.parametrize(
    "extra", sorted({*PROJECT["optional-dependencies"]} - {"all", *FRAMEWORKS})
)
def test_what_an_extra_brings_is_known(extra: str, stated: Message) -> None:
    """Whatever module of an extra is missing, the error names that extra; or the smaller one that
    brings a module of both."""
    for distribution in required(stated, extra):
        named = EXTRAS[distribution]
        if named != extra:
            assert required(stated, named) < required(stated, extra)
            continue
        assert needs(f"{distribution}.part").endswith(install_line(extra))


def test_a_stranger_s_module_has_no_extra() -> None:
    """What we do not bring is named, and no extra is invented for it."""
    assert needs("no_such_module.part") == (
        "needs the module no_such_module.part, which is not installed"
    )


def test_every_extra_that_a_text_names_exists() -> None:
    """A text of ours that says what to install names this distribution, or the checkout, and extras
    that there are."""
    sources = [path for suffix in ("md", "py", "toml", "txt") for path in ROOT.rglob(f"*.{suffix}")]
    found = 0
    for path in sources:
        if any(part.startswith(".") for part in path.relative_to(ROOT).parts):
            continue
        text = path.read_text(encoding="utf-8")
        for name, extras in re.findall(r"""["'`/ ]([\w-]*|\.)\[([a-z][a-z,-]*)\]""", text):
            if name.startswith("chatstore") or (name == "." and "pip" in text):
                found += 1
                assert name in {NAME, "."}, path
                assert set(extras.split(",")) <= {*PROJECT["optional-dependencies"]}, path
    assert found > 8


def test_the_wheel_installs_these_names(wheel: Path) -> None:
    """The wheel installs chatstore, its backends and the contract, each typed; no other name."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    packages = {path.name for path in (ROOT / "backends").glob("*/chatstore_*")}
    expected = packages | {"chatstore", "chatstore_contract_tests"}
    top_level = {name.partition("/")[0] for name in names}
    assert {name for name in top_level if not name.endswith(".dist-info")} == expected
    for package in expected:
        assert f"{package}/py.typed" in names
    assert not [name for name in names if "/tests/" in name]


def test_the_contract_runs_from_the_installed_wheel(wheel: Path, tmp_path: Path) -> None:
    """An outside author needs the wheel alone: the suite runs there, away from the repository.
    Here a part of it; in `test_tutorial.py` the whole runs from the wheel."""
    installed = tmp_path / "installed"
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
            *("--no-deps", "--no-index", "--target", installed, wheel),
        ],
        check=True,
    )
    (tmp_path / "test_outside.py").write_text(
        "import chatstore, chatstore_contract_tests, chatstore_sql, pytest\n"
        "from chatstore_contract_tests import SessionStoreContract\n"
        "from chatstore_contract_tests.memory import MemoryHarness\n"
        "def test_it_is_the_installed_one():\n"
        "    for package in (chatstore, chatstore_contract_tests, chatstore_sql):\n"
        f"        assert package.__file__.startswith({str(installed)!r})\n"
        "class TestOutside(SessionStoreContract):\n"
        "    @pytest.fixture\n"
        "    def harness(self):\n"
        "        yield MemoryHarness()\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    run = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_outside.py"),
            *("-k", "installed or create"),
        ],
        check=False,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=environment,
    )
    assert run.returncode == 0, run.stdout
    assert " passed" in run.stdout
