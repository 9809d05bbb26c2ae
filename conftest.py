"""What the whole test run prints at its end: how much of the contract ran on which backend."""

from collections import Counter

import pytest

from chatstore_contract_tests.behaviour import BACKEND_PROPERTY


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
