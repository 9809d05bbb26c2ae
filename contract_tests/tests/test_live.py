"""`chatstore contract`, as a process of its own."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, NoReturn

import pytest

from chatstore.cli.application import application
from chatstore_contract_tests.live import command

COMMAND = (sys.executable, "-c", "from chatstore.cli import main; main()", "contract")
BROKEN = ("retries", "paging", "ownership")
"""The behaviours that the third party's store breaks."""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """An environment in which a third party's package is installed, and pytest is told to do what
    would ruin the run."""
    packages = tmp_path / "packages"
    info = packages / "broken_stores-1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: broken-stores\nVersion: 1\n")
    entry = "[chatstore.harnesses]\nbroken = broken_stores:namespace\n"
    (info / "entry_points.txt").write_text(entry)
    module = Path(__file__).with_name("broken_stores.py").read_text(encoding="utf-8")
    (packages / "broken_stores.py").write_text(module, encoding="utf-8")
    (tmp_path / "conftest.py").write_text("raise RuntimeError('not for this run')\n")
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --no-such-option\n")
    return {
        **os.environ,
        "PYTHONPATH": str(packages),
        "PYTEST_ADDOPTS": "--no-such-option",
        "PYTEST_PLUGINS": "no_such_module",
        "COLUMNS": "100",
    }


def _run(
    *arguments: str, environment: dict[str, str], folder: Path
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        cwd=folder,
        env=environment,
    )


def test_a_store_that_keeps_the_contract_is_green(
    environment: dict[str, str], tmp_path: Path
) -> None:
    """Exit code 0, progress on standard error, a table with every behaviour, and a report for a
    README; whatever configuration lies in the folder."""
    report = tmp_path / "report.md"
    ran = _run("memory://", "--markdown", str(report), environment=environment, folder=tmp_path)
    assert (ran.returncode, "FAIL" in ran.stdout) == (0, False), ran.stderr
    assert "memory keeps the contract" in ran.stdout.splitlines()[-1]
    for behaviour in ("sessions", "append", "user queries", "hostile input", "sequences"):
        assert f"\n{behaviour} " in ran.stdout
        assert f": {behaviour} passed" in ran.stderr
        assert f"\n| {behaviour} | pass |" in report.read_text()


def test_a_broken_store_is_red(environment: dict[str, str], tmp_path: Path) -> None:
    """Exit code 5, and each behaviour that is broken is named, with the promise and the reason, in
    the document for programs and in the README's report."""
    report = tmp_path / "report.md"
    ran = _run(
        *("broken://anywhere", "--json", "--markdown", str(report)),
        environment=environment,
        folder=tmp_path,
    )
    assert (ran.returncode, ran.stderr) == (5, "")
    document: Any = json.loads(ran.stdout)
    assert (document["backend"], document["holds"]) == ("broken", False)
    holds = {each["name"]: each["holds"] for each in document["behaviours"]}
    assert holds["numbers"]
    for behaviour in BROKEN:
        assert not holds[behaviour]
        failed = [each for each in document["notPassed"] if each["behaviour"] == behaviour]
        assert all(each["outcome"] == "failed" for each in failed)
        assert all(each["promise"] and each["reason"] for each in failed)
        assert f"| {behaviour} | FAIL |" in report.read_text()
        assert failed[0]["promise"].replace("`", "'") in report.read_text()


def test_a_red_table_tells_what_is_wrong(environment: dict[str, str], tmp_path: Path) -> None:
    """People see which behaviour fails, the test, the promise and the reason."""
    ran = _run("broken://x", environment=environment, folder=tmp_path)
    assert ran.returncode == 5
    table = " ".join(ran.stdout.split())
    assert " ownership FAIL " in table
    assert " numbers pass " in table
    assert "failed: ownership: test_" in ran.stdout
    assert "  promise: " in ran.stdout
    assert "broken does NOT keep the contract" in ran.stdout.splitlines()[-1]
    assert "ownership" in ran.stderr
    assert "FAILED" in ran.stderr


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stopped_run_leaves_nothing(
    environment: dict[str, str], tmp_path: Path, sent: signal.Signals, code: int
) -> None:
    """Interrupted or told to end, the command removes its namespace, says so, and exits as a shell
    expects."""
    place = tmp_path / "place"
    place.mkdir()
    process = subprocess.Popen(
        [*COMMAND, f"sqlite:///{place}/chat.db"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env=environment,
    )
    assert process.stderr is not None
    told = [process.stderr.readline(), process.stderr.readline()]
    assert "sessions passed" in told[1]
    (namespace,) = place.iterdir()
    assert namespace.name in told[0]
    process.send_signal(sent)
    _, rest = process.communicate(timeout=60)
    assert process.returncode == code
    assert f"stopped; namespace {namespace.name} is removed" in rest
    assert list(place.iterdir()) == []


def test_an_interrupt_that_pytest_takes_for_a_defect_is_an_interrupt(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Wherever the request to stop strikes, the run was stopped, and nothing else went wrong."""

    def interrupted(*_: object) -> NoReturn:
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt:
            raise RuntimeError("pytest ended with 3") from None
        raise AssertionError("no interrupt")

    monkeypatch.setattr(command, "run_suite", interrupted)
    arguments = ["contract", f"sqlite:///{tmp_path}/chat.db"]
    assert application(arguments, standalone_mode=False) == 130
    assert "is removed" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_namespace_that_is_not_empty_is_refused(
    environment: dict[str, str], tmp_path: Path
) -> None:
    """Exit code 2, and what was there is as it was. Where it runs was said before."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    ran = _run(
        f"sqlite:///{tmp_path}/chat.db",
        *("--namespace", "mine"),
        environment=environment,
        folder=tmp_path,
    )
    assert ran.returncode == 2
    assert f"at sqlite:///{tmp_path}/chat.db, in namespace mine alone" in ran.stderr
    assert "choose another" in ran.stderr
    assert [each.read_text() for each in (tmp_path / "mine").iterdir()] == ["dear"]


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("nosuch://x",), 5, "no harness for nosuch://"),
        (("chat.db",), 5, "the URL has no scheme"),
        (("memory://", "--markdown", "no/such/folder.md"), 2, "--markdown"),
        (("sqlite:////no/such/folder/chat.db",), 5, "/no/such/folder"),
        (("redis://127.0.0.1:1/0",), 4, "the connection was refused"),
    ],
)
def test_what_can_not_be_run_is_said_at_once(
    environment: dict[str, str], tmp_path: Path, arguments: tuple[str, ...], code: int, told: str
) -> None:
    """A bad URL, a report that can't be written and a deployment out of reach are one line."""
    ran = _run(*arguments, environment=environment, folder=tmp_path)
    assert (ran.returncode, ran.stdout) == (code, "")
    assert told in ran.stderr.splitlines()[-1]
