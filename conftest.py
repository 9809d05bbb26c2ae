"""What the whole test run prints: with `--brief`, a dot for every hundred tests; at its end, why
tests were skipped, and how much of the contract ran on which backend. And how to run the contract
alone, or all but it. And the wheel, which several files of tests look at."""

import gc
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

import legs
from chatstore_contract_tests.behaviour import BACKEND_PROPERTY, Behaviour
from chatstore_contract_tests.sequences import PROFILE_VARIABLE
from order import longest_first

if TYPE_CHECKING:
    # The lowest pytest that the contract runs on does not export it.
    from pytest import TerminalReporter  # noqa: PT013  see above

# A busy machine is no defect: no example has to be found, or to pass, within a time. Every run but
# the long one tries the same examples: what it finds, it finds again.
_LONG = os.environ.get(PROFILE_VARIABLE) == "long"
settings.register_profile(
    "chatstore",
    deadline=None,
    derandomize=not _LONG,
    max_examples=400 if _LONG else 40,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("chatstore")

ROOT = Path(__file__).parent
TESTS_A_DOT = 100
_FINE = ("passed", "skipped")
_finished = count(1)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options that `make coverage` and `make test` use."""
    parser.addoption(
        "--contract", choices=["only", "without"], help="run the contract alone, or not"
    )
    parser.addoption("--brief", action="store_true", help="a dot for every hundred tests")


def pytest_report_teststatus(
    report: pytest.CollectReport | pytest.TestReport, config: pytest.Config
) -> tuple[str, str, str] | None:
    """With `--brief`, let all but one of a hundred tests that went well pass in silence."""
    if not config.getoption("--brief") or report.outcome not in _FINE:
        return None
    if hasattr(report, "wasxfail") or (report.passed and report.when != "call"):
        return None
    letter = "" if next(_finished) % TESTS_A_DOT else "."
    return report.outcome, letter, letter and report.outcome.upper()


def pytest_pycollect_makeitem(
    collector: pytest.Module | pytest.Class, name: str, obj: object
) -> pytest.Item | None:
    """Let one test stand for a class whose real engine is not there."""
    return legs.stand_in(collector, name, obj)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put the longest files first, and keep the contract's tests, or the others."""
    longest_first(items, ROOT)
    choice = config.getoption("--contract")
    if choice is None:
        return
    kept = [item for item in items if _is_of_the_contract(item) == (choice == "only")]
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = kept


def pytest_collection_finish() -> None:
    """What was collected stays: the garbage collector need not look at it again and again."""
    gc.collect()
    gc.freeze()


def _is_of_the_contract(item: pytest.Item) -> bool:
    test_class = getattr(item, "cls", None)
    return test_class is not None and issubclass(test_class, Behaviour)


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the tree as it stands."""
    target = tmp_path_factory.mktemp("wheel")
    subprocess.run(  # noqa: S603 - it names itself what it runs
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", target, ROOT],
        check=True,
        capture_output=True,
    )
    (built,) = target.glob("*.whl")
    return built


def pytest_terminal_summary(terminalreporter: "TerminalReporter") -> None:
    """Print a line for each reason of a skip, and one for each backend."""
    skipped = Counter(map(_reason, terminalreporter.stats.get("skipped", [])))
    if skipped:
        terminalreporter.section("skipped")
    for reason, number in sorted(skipped.items()):
        terminalreporter.write_line(f"{number}: {reason}")
    counts: dict[str, Counter[str]] = {}
    for outcome, backend in _outcomes(terminalreporter):
        counts.setdefault(backend, Counter())[outcome] += 1
    if counts:
        terminalreporter.section("the contract")
    for backend, outcomes in sorted(counts.items()):
        told = ", ".join(f"{number} {outcome}" for outcome, number in outcomes.items())
        terminalreporter.write_line(f"{backend}: {told}")


def _reason(report: pytest.TestReport) -> str:
    text = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return text.removeprefix("Skipped: ")


def _outcomes(terminalreporter: "TerminalReporter") -> Iterator[tuple[str, str]]:
    for outcome in ("passed", "failed", "error", "skipped"):
        for report in terminalreporter.stats.get(outcome, []):
            backend = dict(getattr(report, "user_properties", ())).get(BACKEND_PROPERTY)
            if backend is not None:
                yield outcome, str(backend)
