"""Run what matters on the lowest versions that pyproject.toml names, or on the newest that there
are: `make test-lowest`, `make test-newest`.

The lowest versions go with the oldest Python on this machine that chatstore supports, the newest
with the newest. Each leg has an environment of its own under .versions/, kept for the next run.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".versions"

# Beside what pyproject.toml names: the engines in memory, and what the tests are run with.
_TOOLS = ("fakeredis", "hypothesis", "moto", "pytest-xdist")

_TESTS = (
    "contract_tests/tests/test_reference.py",
    "backends/sql/tests/test_sqlite_contract.py",
    "backends/sql/tests/test_sqlite_opening.py",
    "backends/redis/tests/test_redis_contract.py",
    "backends/redis/tests/test_redis_url.py",
    "backends/dynamodb/tests/test_dynamodb_contract.py",
    "backends/dynamodb/tests/test_errors.py",
    "backends/dynamodb/tests/test_url.py",
    "tests/cli/test_failures.py",
    "tests/cli/test_sessions.py",
    "tests/test_models.py",
    "tests/test_opening.py",
)
# The same engines behind the async adapter use no more of a dependency, and real ones have legs of
# their own.
_SELECTED = "not ThroughAsync and not Local and not RedisCluster and not TestRedis"

_REQUIREMENT = re.compile(r"([\w.-]+)(?:\[[\w, -]*\])?\s*(?:>=\s*([\w.]+))?")
_ASK = "import sys, venv, ensurepip; print(*sys.version_info[:3])"


@dataclass(frozen=True, order=True)
class Interpreter:
    """A Python that can make virtual environments."""

    version: tuple[int, ...]
    path: str

    def __str__(self) -> str:
        return f"Python {'.'.join(map(str, self.version))} ({self.path})"


def lowest(project: Mapping[str, Any]) -> list[str]:
    """A constraint for each bound in pyproject.toml: exactly that version. What has none is left to
    the requirements of the others."""
    requirements = [*project["dependencies"]]
    for extra in project["optional-dependencies"].values():
        requirements += extra
    constraints: dict[str, str] = {}
    for requirement in requirements:
        found = _REQUIREMENT.fullmatch(requirement)
        if found is None:
            raise SystemExit(f"pyproject.toml: {requirement}: say NAME or NAME>=VERSION")
        name, version = found.groups()
        if version is not None and constraints.setdefault(name, version) != version:
            raise SystemExit(f"pyproject.toml names two lowest versions of {name}")
    return [f"{name}=={version}" for name, version in constraints.items()]


def tools(lines: Iterable[str]) -> list[str]:
    """The lines of requirements-dev.txt that name what a leg needs."""
    named = {_name(line): line.strip() for line in lines}
    return [named[tool] for tool in _TOOLS]


def _name(requirement: str) -> str:
    return re.split(r"[^\w.-]", requirement.strip(), maxsplit=1)[0].lower()


def interpreters(oldest: tuple[int, ...]) -> list[Interpreter]:
    """The Pythons of this machine that are not older, from the lowest version to the highest."""
    found: dict[tuple[int, ...], Interpreter] = {}
    for path in _candidates():
        answer = subprocess.run([path, "-c", _ASK], capture_output=True, text=True, check=False)
        if answer.returncode == 0:
            version = tuple(map(int, answer.stdout.split()))
            if version >= oldest:
                found.setdefault(version, Interpreter(version, path))
    return sorted(found.values())


def _candidates() -> Iterator[str]:
    """Where a Python may be: on the PATH, with a version manager; and this one."""
    for minor in range(11, 30):
        for folder in os.get_exec_path():
            if path := shutil.which(f"python3.{minor}", path=folder):
                yield path
    managed = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    yield from map(str, sorted(managed.glob("versions/*/bin/python3")))
    yield sys.executable


def prepare(leg: str, interpreter: Interpreter, constraints: Sequence[str]) -> Path:
    """The leg's environment, made anew if what decides it has changed; its folder of programs."""
    folder = FOLDER / leg
    wanted = tools((ROOT / "requirements-dev.txt").read_text(encoding="utf-8").splitlines())
    decided = [str(interpreter), *constraints, *wanted, (ROOT / "pyproject.toml").read_text()]
    stamp, digest = folder / "stamp", hashlib.sha256("\n".join(decided).encode()).hexdigest()
    if not stamp.exists() or stamp.read_text() != digest:
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([interpreter.path, "-m", "venv", folder], check=True)
        # The newest are asked for in each run: a new release changes no file here.
    elif constraints:
        return folder / "bin"
    constraint_file = folder / "constraints.txt"
    constraint_file.write_text("\n".join(constraints))
    subprocess.run(
        [
            *(str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet"),
            *("--disable-pip-version-check", "--upgrade", "--upgrade-strategy", "eager"),
            *("--constraint", str(constraint_file), "--editable", ".[all,contract-tests]", *wanted),
        ],
        check=True,
        cwd=ROOT,
    )
    stamp.write_text(digest)
    return folder / "bin"


def run(leg: str) -> int:
    """Run a leg; the exit status."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    oldest = tuple(map(int, re.findall(r"\d+", project["requires-python"])))
    found = interpreters(oldest)
    if len({each.version[:2] for each in found}) == 1:
        print(f"only one Python here: {found[0]}")
    constraints = lowest(project) if leg == "lowest" else []
    interpreter = found[0] if leg == "lowest" else found[-1]
    print(f"{leg}: {interpreter}, {', '.join(constraints) or 'the newest of everything'}")
    programs = prepare(leg, interpreter, constraints)
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("CHATSTORE_", "PYTHON"))
    }
    # Old versions are told by newer ones of their own needs that they should move on.
    warnings = ["-W", "ignore::DeprecationWarning"] if leg == "lowest" else []
    tests = [
        *("pytest", "--quiet", "--no-header", "--brief", "-o", "console_output_style=classic"),
        *("-p", "no:cacheprovider", "--numprocesses", "auto", "--dist", "loadgroup"),
        *(*warnings, "-k", _SELECTED, *_TESTS),
    ]
    for command in (tests, ["chatstore", "contract", "memory://"]):
        status = subprocess.run(
            [programs / command[0], *command[1:]], check=False, cwd=ROOT, env=environment
        ).returncode
        if status:
            return status
    return 0


if __name__ == "__main__":
    if sys.argv[1:] not in (["lowest"], ["newest"]):
        sys.exit("say lowest or newest")
    sys.exit(run(sys.argv[1]))
