"""A pytest plug-in that writes the outcome of each test into the file $CHATSTORE_OUTCOMES. Tests
that $CHATSTORE_FLAKY names, a line each, are not run, and are told as such."""

import json
import os
from pathlib import Path

import pytest

_outcomes: dict[str, str] = {}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out what is not run; whoever wants it told, tells it as skipped."""
    flaky = os.environ.get("CHATSTORE_FLAKY", "").split("\n")
    for item in items:
        if any(item.nodeid == each or item.nodeid.startswith(f"{each}[") for each in flaky if each):
            item.add_marker(pytest.mark.skip(reason="is flaky, and not applicable"))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Take note of the worst of a test's three phases."""
    outcome = f"x{report.outcome}" if hasattr(report, "wasxfail") else report.outcome
    outcome = {"xskipped": "xfailed", "xpassed": "passed"}.get(outcome, outcome)
    if report.when != "call" and report.failed:
        outcome = "error"
    if report.when == "call" or outcome != "passed":
        _outcomes[report.nodeid] = outcome


def pytest_collectreport(report: pytest.CollectReport) -> None:
    """A file that can't be imported is an error of its own."""
    if report.failed:
        _outcomes[report.nodeid] = "error"


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write them, in the process that has them all."""
    if not hasattr(session.config, "workerinput"):
        Path(os.environ["CHATSTORE_OUTCOMES"]).write_text(json.dumps(_outcomes), encoding="utf-8")
