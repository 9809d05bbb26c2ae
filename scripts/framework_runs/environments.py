"""An environment for a framework and a leg, made by uv, and the source of a framework."""

import os
import re
import shutil
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from framework_runs.known import ROOT, TOOLS, WORK, Framework

Leg = Literal["newest", "oldest"]
LEGS: tuple[Leg, ...] = ("newest", "oldest")
_PYTHON: dict[Leg, str] = {"newest": "3.13", "oldest": "3.11"}
_PATIENCE = 900


class RunError(Exception):
    """Something that keeps a run from beginning; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Environment:
    """A framework's environment."""

    framework: Framework
    leg: Leg
    folder: Path

    @property
    def name(self) -> str:
        """The framework and the leg."""
        return self.folder.name

    @property
    def python(self) -> Path:
        """Its Python."""
        return self.folder / "bin" / "python"

    @property
    def version(self) -> str:
        """Which version of the framework is installed."""
        ask = "import sys; from importlib.metadata import version; print(version(sys.argv[1]))"
        return run([self.python, "-c", ask, self.framework.distribution]).strip()


def prepare(framework: Framework, leg: Leg) -> Environment:
    """The environment, with the newest of what is allowed or the lowest of what is named. Raises
    `RunError`."""
    folder = WORK / f"{framework.name}-{leg}"
    if not (folder / "bin" / "python").exists():
        run([_uv(), "venv", "--quiet", "--clear", "--python", _python(leg), folder])
    wanted = [*framework.requirements, *TOOLS, *framework.own_tests.get("requirements", ())]
    constraints = folder / "constraints.txt"
    constraints.write_text("\n".join(framework.oldest if leg == "oldest" else []))
    run(
        [
            *(_uv(), "pip", "install", "--quiet", "--upgrade", "--python", folder / "bin/python"),
            *("--constraint", constraints, "--editable", ".[all]", *wanted),
        ]
    )
    return Environment(framework, leg, folder)


def source(distribution: str, version: str) -> Path:
    """The source distribution of that version, unpacked, as the package index has it. Raises
    `RunError`."""
    folder = WORK / "sources"
    stem = f"{re.sub(r'[-.]+', '_', distribution)}-{version}"
    if not (folder / stem).exists():
        folder.mkdir(parents=True, exist_ok=True)
        run(
            [
                *(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"),
                *("--disable-pip-version-check", "--no-binary", ":all:", "--dest", folder),
                f"{distribution}=={version}",
            ]
        )
        with tarfile.open(folder / f"{stem}.tar.gz") as archive:
            archive.extractall(folder, filter="data")
    return folder / stem


def run(command: list[str | Path]) -> str:
    """What a command prints; `RunError` with what it complains of if it fails."""
    try:
        done = subprocess.run(  # noqa: S603  the commands are named here
            command, cwd=ROOT, capture_output=True, text=True, timeout=_PATIENCE, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise RunError(f"{Path(command[0]).name} took more than {_PATIENCE} seconds") from error
    if done.returncode:
        raise RunError(f"{Path(command[0]).name} failed: {done.stderr.strip()}")
    return done.stdout


@cache
def _uv() -> str:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    if (found := shutil.which("uv", path=path)) is None:
        raise RunError("uv is not installed; `make frameworks` brings it into .venv")
    return found


def _python(leg: Leg) -> str:
    """A Python for a leg: the wanted one with a version manager or on PATH; else this one."""
    managed = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    found = sorted(managed.glob(f"versions/{_PYTHON[leg]}.*/bin/python3"))
    on_path = shutil.which(f"python{_PYTHON[leg]}")
    return str(found[-1]) if found else on_path or sys.executable
