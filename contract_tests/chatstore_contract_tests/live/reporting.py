"""A run's outcome: for people, for programs and for a README."""

from collections.abc import Iterable
from datetime import datetime

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from chatstore import JsonObject
from chatstore.cli.printable import printable, printable_lines
from chatstore.runtime.distribution import installed_version
from chatstore_contract_tests import SUITE_VERSION
from chatstore_contract_tests.live.outcomes import BehaviourOutcome, Outcome, Run, TestOutcome

_OUTCOMES: tuple[Outcome, ...] = ("passed", "failed", "skipped")


def table(run: Run) -> RenderableType:
    """A line for each behaviour, then each test that failed, with its promise and the reason."""
    lines = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    lines.add_column("BEHAVIOUR", no_wrap=True)
    lines.add_column("", no_wrap=True)
    lines.add_column("TESTS", justify="right", no_wrap=True)
    lines.add_column("WHAT IT IS", overflow="fold")
    for behaviour in run.behaviours:
        lines.add_row(
            Text(behaviour.name),
            Text(_verdict(behaviour), style="green" if behaviour.holds else "bold red"),
            Text(_passed_of(behaviour)),
            Text(printable(behaviour.summary)),
        )
    parts: list[RenderableType] = [lines]
    for behaviour in run.behaviours:
        for test in behaviour.tests:
            if test.outcome != "passed":
                parts += [Text(), *_told(behaviour, test)]
    return Group(*parts, Text(), Text(summary(run), style="bold"))


def summary(run: Run) -> str:
    """The one line that says it all."""
    counts = ", ".join(f"{run.count(each)} {each}" for each in _OUTCOMES if run.count(each))
    if run.interrupted:
        verdict = "was stopped before the end"
    else:
        verdict = "keeps the contract" if run.holds else "does NOT keep the contract"
    return f"{run.backend} {verdict}: {counts or 'nothing ran'} of {run.expected} tests"


def document(run: Run, *, now: datetime, namespace: str) -> JsonObject:
    """The run for programs."""
    return {
        "backend": run.backend,
        "holds": run.holds,
        "suiteVersion": SUITE_VERSION,
        "chatstoreVersion": installed_version(),
        "finishedAt": f"{now:%Y-%m-%dT%H:%M:%SZ}",
        "namespace": namespace,
        "expected": run.expected,
        **{each: run.count(each) for each in _OUTCOMES},
        "behaviours": [
            {
                "name": behaviour.name,
                "summary": behaviour.summary,
                "holds": behaviour.holds,
                **{each: behaviour.count(each) for each in _OUTCOMES},
            }
            for behaviour in run.behaviours
        ],
        "notPassed": [
            {
                "behaviour": behaviour.name,
                "test": test.name,
                "promise": test.promise,
                "outcome": test.outcome,
                "reason": test.reason,
            }
            for behaviour in run.behaviours
            for test in behaviour.tests
            if test.outcome != "passed"
        ],
    }


def markdown(run: Run, *, now: datetime) -> str:
    """The run for a README, as a section of its own."""
    when = f"on {now:%Y-%m-%d}, by chatstore {installed_version()}"
    lines = [
        f"## The chatstore contract on {_cell(run.backend)}",
        "",
        f"**{_cell(summary(run))}**, {when} with version {SUITE_VERSION} of its contract.",
        "",
        "| behaviour | | tests passed | what it is |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| {behaviour.name} | {_verdict(behaviour)} | {_passed_of(behaviour)} | "
        f"{_cell(behaviour.summary)} |"
        for behaviour in run.behaviours
    ]
    failures = run.failures
    if failures:
        lines += ["", "| failed | the promise |", "|---|---|"]
        lines += [f"| `{_cell(each.name)}` | {_cell(each.promise)} |" for each in failures]
    return "\n".join([*lines, ""])


def _verdict(behaviour: BehaviourOutcome) -> str:
    if behaviour.count("failed"):
        return "FAIL"
    return "pass" if behaviour.holds else "did not run"


def _passed_of(behaviour: BehaviourOutcome) -> str:
    return f"{behaviour.count('passed')} of {len(behaviour.tests)}"


def _told(behaviour: BehaviourOutcome, test: TestOutcome) -> Iterable[Text]:
    style = "bold red" if test.outcome == "failed" else "yellow"
    yield Text(f"{test.outcome}: {behaviour.name}: {printable(test.name)}", style=style)
    yield Text(f"  promise: {printable(test.promise)}")
    for line in printable_lines(test.reason):
        yield Text(f"  {line}", style="dim")


def _cell(text: str) -> str:
    """Text that stays in one cell of a table."""
    return printable(text).replace("|", "\\|").replace("`", "'")
