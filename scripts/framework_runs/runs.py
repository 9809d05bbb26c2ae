"""What is run in an environment: the types, our tests, and the framework's own."""

import json
import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from framework_runs.environments import Environment, RunError, source
from framework_runs.known import ROOT, WORK
from framework_runs.verdicts import Verdict, judged
from store_urls import VARIABLES, prepared

SUPPORT = ROOT / "frameworks" / "support"
_PATIENCE = 3_600


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table."""

    framework: str
    what: str
    store: str
    verdict: Verdict
    log: Path


def types(environment: Environment) -> Row:
    """Mypy --strict of the adapter and of everything below frameworks/NAME."""
    framework = environment.framework
    checked = [path for path in (framework.module, framework.folder) if path is not None]
    command: list[str | Path] = [
        environment.python,
        *("-m", "mypy", "--config-file", str(ROOT / "frameworks" / "mypy.ini")),
        *("--cache-dir", str(environment.folder / "mypy")),
        *checked,
        SUPPORT,
    ]
    log = _log(environment, "types", "")
    status = _run(command, environment, log, cwd=ROOT, variables={})
    verdict = Verdict(failed=[f"mypy ended with {status}"] if status else [])
    verdict.passed = 0 if status else 1
    return Row(_label(environment), "types", "", verdict, log)


def ours(environment: Environment, store: str, url: str, *, short: bool) -> Row:
    """Our tests in frameworks/NAME, on one store. The short form leaves out what is marked as
    long."""
    chosen = ("-m", "not long") if short else ()
    command: list[str | Path] = [
        *(environment.python, "-m", "pytest", "-q", "-c", ROOT / "frameworks" / "pytest.ini"),
        *("-p", "no:cacheprovider", "-p", "outcomes", *chosen, environment.framework.folder),
    ]
    variables = {"CHATSTORE_FRAMEWORKS_STORE": store}
    if url:
        variables[VARIABLES[store]] = url
    return _tests(environment, "ours", store, command, ROOT, variables, {}, ())


def theirs(environment: Environment, store: str, url: str, *, short: bool) -> Row:
    """The framework's own tests over our adapter, on one store."""
    told = environment.framework.own_tests
    folder = source(told["distribution"], environment.version)
    tests = told.get("short", told["tests"]) if short else told["tests"]
    flaky = [
        test
        for each in told.get("not_applicable", ())
        if each.get("flaky")
        for test in each["tests"]
    ]
    plugins = ("-p", "outcomes", "-p", "upstream", "-p", "no:cacheprovider")
    workers = ("--numprocesses", "2") if told.get("parallel") else ()
    command: list[str | Path] = [
        *(environment.folder / "bin" / "pytest", "-q", *plugins, *workers),
        *(*told.get("arguments", ()), *tests),
    ]
    with tempfile.TemporaryDirectory() as place:
        variables = {
            "CHATSTORE_URL": prepared(url) if url else f"sqlite:///{place}/chat.db",
            "CHATSTORE_FLAKY": "\n".join(flaky),
        }
        return _tests(environment, "theirs", store, command, folder, variables, told, tests)


def _tests(
    environment: Environment,
    what: str,
    store: str,
    command: list[str | Path],
    cwd: Path,
    variables: Mapping[str, str],
    told: Mapping[str, Any],
    tests: Sequence[str],
) -> Row:
    log = _log(environment, what, store)
    outcomes = log.with_suffix(".json")
    outcomes.unlink(missing_ok=True)
    given = {**variables, "CHATSTORE_OUTCOMES": str(outcomes)}
    status = _run(command, environment, log, cwd=cwd, variables=given)
    if not outcomes.exists():
        verdict = Verdict(failed=[f"pytest ended with {status} before it ran a test"])
    else:
        found = json.loads(outcomes.read_text(encoding="utf-8"))
        verdict = judged(found, told.get("not_applicable", ()), tests)
        if status not in (0, 1):
            verdict.failed.append(f"pytest ended with {status}")
    return Row(_label(environment), what, store, verdict, log)


def _label(environment: Environment) -> str:
    return f"{environment.framework.name} {environment.version}"


def _log(environment: Environment, what: str, store: str) -> Path:
    folder = WORK / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{'-'.join(filter(None, (environment.name, what, store)))}.log"


def _run(
    command: Sequence[str | Path],
    environment: Environment,
    log: Path,
    *,
    cwd: Path,
    variables: Mapping[str, str],
) -> int:
    path = f"{SUPPORT}{os.pathsep}{environment.framework.folder}"
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("CHATSTORE_", "PYTHON", "PYTEST"))
    }
    given = {**kept, **variables, "PYTHONPATH": path, "MYPYPATH": path}
    with log.open("w", encoding="utf-8") as output:
        try:
            return subprocess.run(  # noqa: S603  the commands are named above
                command,
                cwd=cwd,
                env=given,
                stdout=output,
                stderr=subprocess.STDOUT,
                timeout=_PATIENCE,
                check=False,
            ).returncode
        except subprocess.TimeoutExpired as error:
            raise RunError(f"{log.stem} took more than {_PATIENCE} seconds") from error


def lines_of(
    environment: Environment, command: Sequence[str | Path], servers: Mapping[str, str]
) -> list[str]:
    """What a program prints that is run in the environment, with these servers. Raises `RunError`
    if it fails."""
    log = _log(environment, "program", "")
    variables = {VARIABLES[name]: url for name, url in servers.items()}
    if status := _run(command, environment, log, cwd=ROOT, variables=variables):
        raise RunError(f"{log.stem} ended with {status}; see {log}")
    return [each for each in log.read_text(encoding="utf-8").splitlines() if each[:1] == "{"]
