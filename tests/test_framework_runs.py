"""`scripts/frameworks`: when a run went as it must, and which frameworks there are."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent

sys.path.insert(0, str(ROOT / "scripts"))

from framework_runs.known import known  # noqa: E402  the folder is no package's
from framework_runs.verdicts import judged  # noqa: E402

LIST = {"reason": "looks into its own store", "tests": ["tests/a.py::test_b", "tests/c.py"]}


@pytest.mark.parametrize(
    ("outcomes", "told"),
    [
        ({"tests/a.py::test_a": "failed"}, "failed: tests/a.py::test_a"),
        ({"tests/a.py::test_a": "error"}, "error: tests/a.py::test_a"),
        ({"tests/a.py::test_b[1]": "passed"}, "passes, and is called not applicable"),
        ({"tests/c.py::test_d": "xfailed"}, "passes, and is called not applicable"),
        ({"tests/a.py::test_a": "passed"}, "does not exist: tests/a.py::test_b"),
        ({}, "no test was run"),
    ],
)
def test_what_must_not_be_is_told(outcomes: Mapping[str, str], told: str) -> None:
    """A test that fails, one that is called not applicable and passes or does not exist, and a run
    of no test at all: each is a failure."""
    verdict = judged(outcomes, [LIST], ["tests"])
    assert any(told in each for each in verdict.failed)


def test_a_reason_is_asked_for() -> None:
    """No test is left out without a reason."""
    unexplained = {"tests": ["tests/a.py::test_b"]}
    verdict = judged({"tests/a.py::test_b": "failed"}, [unexplained], ["tests/a.py"])
    assert verdict.failed == ["not applicable without a reason: tests/a.py::test_b"]


def test_what_went_well_is_counted() -> None:
    """Passed, not applicable and skipped are told apart; what was not asked for is no matter."""
    outcomes = {
        "tests/a.py::test_a": "passed",
        "tests/a.py::test_b[x]": "failed",
        "tests/a.py::test_c": "skipped",
        "tests/a.py::test_bb": "xfailed",
    }
    verdict = judged(outcomes, [LIST], ["tests/a.py"])
    assert verdict.failed == []
    assert (verdict.passed, verdict.not_applicable, verdict.skipped) == (2, 1, 1)


def test_every_adapter_is_run() -> None:
    """Each module for a framework has a folder of tests, an example and a cost."""
    names = {each.name for each in known() if each.module is not None}
    extras: Mapping[str, Any] = {each.name: each.requirements for each in known()}
    assert names == {
        *("claude_agent_sdk", "google_adk", "llama_index", "openai_agents", "pydantic_ai"),
        "strands",
    }
    assert extras.keys() - names == {"langchain"}
    for name in names:
        folder = ROOT / "frameworks" / name
        example = (folder / "example.py").read_text(encoding="utf-8")
        assert len(example.splitlines()) <= 30, name
        assert (folder / "cost.py").exists(), name
