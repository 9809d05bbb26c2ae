"""What the tests of a run came to, by behaviour."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

Outcome = Literal["passed", "failed", "skipped"]


@dataclass(frozen=True, slots=True)
class TestOutcome:
    """One test, and what came of it."""

    __test__ = False

    name: str
    """The test as pytest names it, its parameters included."""
    promise: str
    """The sentence that it proves."""
    outcome: Outcome
    reason: str
    """Why it failed or was skipped; empty if it passed."""


@dataclass(slots=True)
class BehaviourOutcome:
    """The tests of one behaviour, in the order in which they ran."""

    name: str
    """As the suite's files name it, such as `user queries`."""
    summary: str
    """What the behaviour is, in a sentence."""
    tests: list[TestOutcome] = field(default_factory=list)

    def count(self, outcome: Outcome) -> int:
        """How many tests came to that."""
        return sum(test.outcome == outcome for test in self.tests)

    @property
    def holds(self) -> bool:
        """Whether no test failed, and at least one passed."""
        return self.count("failed") == 0 and self.count("passed") > 0


@dataclass(frozen=True, slots=True)
class Run:
    """The whole suite on one deployment."""

    backend: str
    """The backend as its harness names it."""
    behaviours: Sequence[BehaviourOutcome]
    expected: int
    """How many tests the suite has."""
    interrupted: bool

    def count(self, outcome: Outcome) -> int:
        """How many tests of all behaviours came to that."""
        return sum(behaviour.count(outcome) for behaviour in self.behaviours)

    @property
    def holds(self) -> bool:
        """Whether the deployment keeps the contract: all of it ran, and nothing failed."""
        ran = sum(len(behaviour.tests) for behaviour in self.behaviours)
        complete = not self.interrupted and 0 < self.expected == ran
        return complete and all(behaviour.holds for behaviour in self.behaviours)

    @property
    def failures(self) -> list[TestOutcome]:
        """The tests that failed."""
        tests = (test for behaviour in self.behaviours for test in behaviour.tests)
        return [test for test in tests if test.outcome == "failed"]
