"""What the state machine stands on: a store and its reference, side by side."""

import uuid
from datetime import timedelta
from typing import ClassVar

from hypothesis.stateful import RuleBasedStateMachine

from chatstore import ManualClock, Session
from chatstore_contract_tests.behaviour import START
from chatstore_contract_tests.comparing import Call, outcome
from chatstore_contract_tests.harness import Harness
from chatstore_contract_tests.machine_inputs import POLICIES
from chatstore_contract_tests.memory import MemoryHarness


class PairedStores(RuleBasedStateMachine):
    """For each client one store under test and one reference store, with one policy and clock."""

    harness: ClassVar[Harness]

    def __init__(self) -> None:
        super().__init__()
        # One storage serves all runs: names of its own keep each run apart.
        self.run = uuid.uuid4().hex
        reference = MemoryHarness()
        self.documents = reference.storage.documents
        self.clocks = [ManualClock(START) for _ in POLICIES]
        self.subjects = [
            self.harness.open(policy=policy, clock=clock)
            for policy, clock in zip(POLICIES, self.clocks, strict=True)
        ]
        self.references = [
            reference.open(policy=policy, clock=clock)
            for policy, clock in zip(POLICIES, self.clocks, strict=True)
        ]
        self.purged_until = START - timedelta(days=1)
        self.cursors: list[str | None] = [None]
        self.backups: list[Session] = []

    def named(self, name: str) -> str:
        """The id, of a session or a user, that `name` stands for in this run."""
        return f"{name} {self.run}"

    def owner(self, name: str | None) -> str | None:
        """The user id that `name` stands for; None stays None."""
        return None if name is None else self.named(name)

    def version(self, name: str, offset: int | None) -> int | None:
        """A version to write at: the session's own, `offset` from it, or None."""
        stored = self.documents.get(self.named(name), {})
        return None if offset is None else max(0, stored.get("version", 0) + offset)

    def both(self, client: int, call: Call) -> object:
        """Do it to both, and hold one outcome against the other; the reference's."""
        expected = outcome(call, self.references[client])
        actual = outcome(call, self.subjects[client])
        assert actual == expected
        return expected
