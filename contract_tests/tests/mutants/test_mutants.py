"""The contract catches every broken store, each by the test that is meant for it."""

import ast
import os
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import pytest
from _pytest._code.code import ExceptionChainRepr

from chatstore_contract_tests import SessionStoreContract, sequences

from . import cases  # noqa: F401 - it has every mutant entered
from .mutant import MUTANTS, Mutant
from .table import table

HERE = Path(__file__).parent
ROOT = HERE.parents[2]

SAYS_WHAT_WAS_SEEN = re.compile(
    r"AssertionError: \S|assert \S|Failed: DID NOT RAISE|chatstore\.errors\."
    r"|\S+\.(DriverError|DivergenceError): "
)
"""How a failure begins: what was expected and seen, or an error of the store. Anything else would
be a mutant that breaks down instead of breaking its promise."""

BREAKS_DOWN = re.compile(r"^- .*?: (?!chatstore\.)[\w.]+(?:Error|Exception): ", re.MULTILINE)
"""A case among many that failed as nothing but a defect of the mutant itself does."""

LONG = os.environ.get(sequences.PROFILE_VARIABLE) == "long"
"""Whether the unbroken store runs beside the broken ones. In a short run, its own tests tell that
it passes: `test_reference.py` runs the same."""

Reports = Mapping[str, Sequence[pytest.TestReport]]


class Runner:
    """Runs of each class its one test, and keeps the reports."""

    def __init__(self) -> None:
        self.reports: defaultdict[str, list[pytest.TestReport]] = defaultdict(list)

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Leave the tests that are meant for other mutants."""
        meant = {f"TestBroken_{mutant.name}": mutant.test for mutant in MUTANTS}
        if LONG:
            meant |= {f"TestSound_{mutant.test}": mutant.test for mutant in MUTANTS}
        items[:] = [item for item in items if _function(item) == meant.get(_class(item))]

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """One failure is enough."""
        if any(report.failed for report in self.reports[_class(item)]):
            pytest.skip("caught already")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep what tells: the calls, and fixtures that fail."""
        if report.when == "call" or report.failed:
            self.reports[report.nodeid.split("::")[1]].append(report)


def _class(item: pytest.Item) -> str:
    return item.nodeid.split("::")[1]


def _function(item: pytest.Item) -> str:
    assert isinstance(item, pytest.Function)
    return item.originalname


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Reports:
    """What the tests said of the broken and the sound stores, by class."""
    settings = tmp_path_factory.mktemp("mutants") / "pytest.ini"
    settings.write_text("[pytest]\n")
    runner = Runner()
    with pytest.MonkeyPatch.context() as patch:
        # A program that tells a difference is enough; it need not be the shortest.
        patch.setattr(sequences, "SHORTENING_SECONDS", 0)
        # To show where a test failed, pytest parses the whole file again for each failure.
        patch.setattr("_pytest._code.source.ast.parse", lru_cache(ast.parse))
        pytest.main(
            [
                *("-c", str(settings), "--rootdir", str(ROOT), "--import-mode=importlib"),
                *("-p", "no:cacheprovider", "-p", "no:terminal", str(HERE / "cases.py")),
            ],
            plugins=[runner],
        )
    return runner.reports


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_the_mutant_is_caught(mutant: Mutant, reports: Reports) -> None:
    """The broken store fails the test meant for it, which the reference passes, and the failure
    says which promise was broken and what was seen instead."""
    sound = reports[f"TestSound_{mutant.test}"]
    assert bool(sound) == LONG
    assert [report.longreprtext for report in sound if not report.passed] == []
    broken = reports[f"TestBroken_{mutant.name}"]
    failed = [report for report in broken if report.failed and report.when == "call"]
    assert failed, f"{mutant.defect} {mutant.test} lets it pass"
    for report in failed:
        assert isinstance(report.longrepr, ExceptionChainRepr)
        assert report.longrepr.reprcrash is not None
        message = report.longrepr.reprcrash.message
        assert SAYS_WHAT_WAS_SEEN.match(message), report.longreprtext
        assert not BREAKS_DOWN.search(message), report.longreprtext
        # The failing test is shown with its docstring: the promise.
        assert mutant.promise.split()[0] in report.longreprtext


def test_every_test_catches_something() -> None:
    """No test of the contract has yet to show that it can fail."""
    tests = {name for name in dir(SessionStoreContract) if name.startswith("test_")}
    assert tests - {mutant.test for mutant in MUTANTS} == set()


def test_each_mutant_has_its_own_name_and_defect() -> None:
    """Names and descriptions tell the mutants apart, in the table too."""
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS)
    assert len({mutant.defect for mutant in MUTANTS}) == len(MUTANTS)


def test_the_table_in_the_documents_is_this_one() -> None:
    """docs/mutants.md lists every mutant with its test."""
    command = "python -m contract_tests.tests.mutants.table > docs/mutants.md"
    written = (ROOT / "docs" / "mutants.md").read_text()
    assert written == table(), f"docs/mutants.md is out of date; run {command}"
