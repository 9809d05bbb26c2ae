import os
import subprocess
import sys
from pathlib import Path

import pytest

import legs
from chatstore import Clock, MemorySessionStore, RetentionPolicy, utc_now
from chatstore.engine.write import Patch, Write
from chatstore.memory import MemoryEngine
from chatstore.record.stored import Body
from chatstore_contract_tests.memory import MemoryHarness
from chatstore_contract_tests.parity.running import Comparison, Divergence, fresh, taken
from chatstore_contract_tests.parity.steps import source

STEPS = 600


def test_a_random_program_is_answered_alike_everywhere(tmp_path: Path) -> None:
    """One behaviour: SQLite, and each server that runs, answer every step of a random program as
    the reference does, cursors' texts and errors included."""
    servers = [url for name in legs.VARIABLES.values() if (url := os.environ.get(name))]
    with taken([f"sqlite:///{tmp_path}/chat.db", *servers]) as stores:
        assert len(stores) == 2 + len(servers)
        assert Comparison(stores).run(seed=20260301, steps=STEPS) is None


class _ForgetfulEngine(MemoryEngine):
    """Updates no metadata in sessions that have messages."""

    def update(self, write: Write, patch: Patch) -> Body:
        stored = self.storage.documents.get(write.session_id, {})
        kept = Patch(patch.user_preferences, {}, patch.session_status)
        return super().update(write, kept if stored.get("messages") else patch)


class _ForgetfulHarness(MemoryHarness):
    name = "forgetful"

    def open(
        self, *, policy: RetentionPolicy | None = None, clock: Clock = utc_now
    ) -> MemorySessionStore:
        return MemorySessionStore(_ForgetfulEngine(self.storage), policy=policy, clock=clock)


@pytest.fixture
def divergence() -> Divergence:
    """What a run on a broken store finds."""
    comparison = Comparison({"memory": fresh(MemoryHarness), "forgetful": fresh(_ForgetfulHarness)})
    found = comparison.run(seed=7, steps=5_000)
    assert found is not None
    again = comparison.run(seed=7, steps=5_000)
    assert again is not None
    assert (again.seed, again.step) == (found.seed, found.step)
    return comparison.shortened(found)


def test_a_divergence_is_told_with_a_short_program(divergence: Divergence) -> None:
    """A store that differs is found, at the same step for the same seed, and the program that is
    left shows it and little else: a session with a message, and its update."""
    assert divergence.seed == 7
    assert divergence.answers["memory"] != divergence.answers["forgetful"]
    assert len(divergence.steps) <= 3
    assert divergence.steps[-1].arguments[1] == "update"


def test_the_program_can_be_pasted(divergence: Divergence, tmp_path: Path) -> None:
    """The program runs as printed, on any URL, and prints the answers of that store."""
    program = tmp_path / "program.py"
    program.write_text(source(divergence.steps), encoding="utf-8")
    ran = subprocess.run(
        [sys.executable, program, "memory://"], check=True, capture_output=True, text=True
    )
    lines = ran.stdout.splitlines()
    assert len(lines) == len(divergence.steps)
    assert lines[-1] == repr(divergence.answers["memory"])
