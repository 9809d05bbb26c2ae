"""Runs the suite in this process, and notes what each test comes to.

Nothing of the place where the command is called takes part: no configuration file, no conftest.py,
no plug-in that happens to be installed.
"""

import io
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from chatstore_contract_tests import sequences
from chatstore_contract_tests.behaviour import BACKEND_PROPERTY
from chatstore_contract_tests.live.outcomes import BehaviourOutcome, Outcome, Run, TestOutcome
from chatstore_contract_tests.namespaces import FreshHarness

FRESH_HARNESS = pytest.StashKey[FreshHarness]()

Progress = Callable[[int, int, BehaviourOutcome, TestOutcome], None]
"""Told after each test: how many have run, of how many, the behaviour, and the test."""

_SUITE = Path(__file__).with_name("suite.py")
_REASON_LINES = 12


def run_suite(fresh_harness: FreshHarness, progress: Progress) -> Run:
    """Run every test of the contract, each on a harness of its own."""
    recorder = _Recorder(fresh_harness, progress)
    arguments = [
        *(
            "-c",
            os.devnull,
            f"--rootdir={_SUITE.parent}",
            "--noconftest",
            "--import-mode=importlib",
        ),
        # Output of the file descriptors themselves is left alone: progress goes there.
        *("--capture=sys", "--tb=short", "-p", "no:cacheprovider", "-p", "no:faulthandler"),
        *("-p", "no:warnings", str(_SUITE)),
    ]
    printed = io.StringIO()
    with _only_our_pytest(), _quick_failures(), redirect_stdout(printed), redirect_stderr(printed):
        code = pytest.main(arguments, plugins=[recorder])
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.INTERRUPTED):
        raise RuntimeError(f"pytest ended with {code}:\n{printed.getvalue()}")
    return Run(
        recorder.backend,
        list(recorder.behaviours.values()),
        recorder.expected,
        interrupted=code == pytest.ExitCode.INTERRUPTED,
    )


class _Recorder:
    """A plug-in of pytest's that hands out harnesses and collects outcomes."""

    def __init__(self, fresh_harness: FreshHarness, progress: Progress) -> None:
        self.backend = ""
        self.behaviours: dict[str, BehaviourOutcome] = {}
        self.expected = 0
        self._fresh_harness = fresh_harness
        self._progress = progress
        self._items: dict[str, pytest.Function] = {}
        self._reports: list[pytest.TestReport] = []
        self._finished = 0

    def pytest_configure(self, config: pytest.Config) -> None:
        config.stash[FRESH_HARNESS] = self._fresh_harness

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.expected = len(session.items)
        for item in session.items:
            if isinstance(item, pytest.Function):
                self._items[item.nodeid] = item
                # In the order of the suite, whatever comes of them.
                _behaviour_of(item, self.behaviours)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._reports.append(report)
        self.backend = str(dict(report.user_properties).get(BACKEND_PROPERTY, self.backend))
        if report.when != "teardown":
            return
        item = self._items[report.nodeid]
        outcome, reason = _outcome_of(self._reports)
        self._reports = []
        test = TestOutcome(item.name, _one_line(item.function.__doc__), outcome, reason)
        behaviour = _behaviour_of(item, self.behaviours)
        behaviour.tests.append(test)
        self._finished += 1
        self._progress(self._finished, self.expected, behaviour, test)


def _behaviour_of(
    item: pytest.Function, behaviours: dict[str, BehaviourOutcome]
) -> BehaviourOutcome:
    """The behaviour whose class the test was written in; added if it is new."""
    home = item.function.__module__
    if home not in behaviours:
        name = home.rpartition(".")[2].replace("_", " ")
        behaviours[home] = BehaviourOutcome(name, _one_line(sys.modules[home].__doc__))
    return behaviours[home]


def _one_line(docstring: str | None) -> str:
    return " ".join((docstring or "").split())


def _outcome_of(reports: list[pytest.TestReport]) -> tuple[Outcome, str]:
    """What setting up, calling and tearing down a test come to together."""
    for report in reports:
        if report.failed:
            return "failed", _reason(report)
    for report in reports:
        if report.skipped:
            return "skipped", _skip_reason(report.longrepr)
    return "passed", ""


def _reason(report: pytest.TestReport) -> str:
    crash = getattr(report.longrepr, "reprcrash", None)
    text = report.longreprtext if crash is None else str(crash.message)
    lines = text.strip().splitlines()
    if report.when == "setup":
        lines = ["the harness could not be made:", *lines]
    elif report.when == "teardown":
        lines = ["the harness could not be closed:", *lines]
    return "\n".join(lines[:_REASON_LINES])


def _skip_reason(longrepr: Any) -> str:
    text = longrepr[2] if isinstance(longrepr, tuple) else str(longrepr)
    return str(text).removeprefix("Skipped: ")


@contextmanager
def _quick_failures() -> Iterator[None]:
    """Let the random programs tell of the first difference that they meet, and not look, on a live
    deployment, for a shorter program that shows it."""
    with mock.patch.object(sequences, "SHORTENING_SECONDS", 0.0):
        yield


@contextmanager
def _only_our_pytest() -> Iterator[None]:
    """Keep pytest from what the environment asks of it."""
    changes: Mapping[str, str | None] = {
        "PYTEST_ADDOPTS": None,
        "PYTEST_PLUGINS": None,
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    }
    before = {name: os.environ.get(name) for name in changes}
    _set_environment(changes)
    try:
        yield
    finally:
        _set_environment(before)


def _set_environment(values: Mapping[str, str | None]) -> None:
    for name, value in values.items():
        os.environ.pop(name, None)
        if value is not None:
            os.environ[name] = value
