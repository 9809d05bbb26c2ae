"""What the whole test run prints at its end: how much of the contract ran on which backend; and how
to run the contract alone, or all but it."""

from collections import Counter

import pytest

from chatstore_contract_tests.behaviour import BACKEND_PROPERTY, Behaviour


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that `make coverage` uses."""
    parser.addoption(
        "--contract", choices=["only", "without"], help="run the contract alone, or not"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the contract's tests, or the others."""
    choice = config.getoption("--contract")
    if choice is None:
        return
    kept = [item for item in items if _is_of_the_contract(item) == (choice == "only")]
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = kept


def _is_of_the_contract(item: pytest.Item) -> bool:
    test_class = getattr(item, "cls", None)
    return test_class is not None and issubclass(test_class, Behaviour)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print a line for each backend."""
    counts: dict[str, Counter[str]] = {}
    for outcome in ("passed", "failed", "error", "skipped"):
        for report in terminalreporter.stats.get(outcome, []):
            backend = dict(getattr(report, "user_properties", ())).get(BACKEND_PROPERTY)
            if backend is not None:
                counts.setdefault(backend, Counter())[outcome] += 1
    if counts:
        terminalreporter.section("the contract")
    for backend, outcomes in sorted(counts.items()):
        told = ", ".join(f"{count} {outcome}" for outcome, count in outcomes.items())
        terminalreporter.write_line(f"{backend}: {told}")
