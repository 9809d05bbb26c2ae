"""What the state machine stands on: a store and its reference, side by side."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import ClassVar

from hypothesis.stateful import RuleBasedStateMachine

from chatstore import MaintainedSessionStore, ManualClock, Session
from chatstore.clock import Moment
from chatstore.engine.write import is_visible
from chatstore_contract_tests.behaviour import START
from chatstore_contract_tests.comparing import outcome, readable
from chatstore_contract_tests.harness import Harness
from chatstore_contract_tests.machine_inputs import POLICIES
from chatstore_contract_tests.memory import MemoryHarness
from chatstore_contract_tests.program import Program, Written, call_code, plain_value


class DivergenceError(AssertionError):
    """The store answered otherwise than the reference; `program` shows it."""

    def __init__(self, step: str, expected: object, actual: object, program: str) -> None:
        self.program = program
        super().__init__(f"{step}\nreference: {expected}\nstore:     {actual}")


class PairedStores(RuleBasedStateMachine):
    """For each client one store under test and one reference store, with one policy and clock."""

    harness: ClassVar[Harness]

    def __init__(self) -> None:
        super().__init__()
        # One storage serves all runs: names of its own keep each run apart.
        self.run = uuid.uuid4().hex
        self.reference = MemoryHarness()
        self.documents = self.reference.storage.documents
        self.clocks = [ManualClock(START) for _ in POLICIES]
        self.subjects = [
            self.harness.open(policy=policy, clock=clock)
            for policy, clock in zip(POLICIES, self.clocks, strict=True)
        ]
        self.references = [
            self.reference.open(policy=policy, clock=clock)
            for policy, clock in zip(POLICIES, self.clocks, strict=True)
        ]
        self.purged_until = START - timedelta(days=1)
        self.cursors: list[str | None] = [None]
        self.backups: list[Session] = []
        self.sessions: list[str] = []
        self.users: list[str] = []
        self.corrupted: set[int] = set()
        self.program = Program(START.isoformat(), POLICIES)
        self.is_over = False

    def named(self, session: int) -> Written:
        """The id of one of this run's sessions."""
        return Written(repr(self.sessions[session]), self.key(session))

    def user(self, user: int) -> Written:
        """The id of one of this run's users."""
        return Written(repr(self.users[user]), f"{self.users[user]} {self.run}")

    def owner(self, user: int | None) -> Written | None:
        """The id of one of this run's users; None stays None."""
        return None if user is None else self.user(user)

    def present(self, session: int) -> int:
        """The session, or if nothing is stored of it another one of which there is. The last one
        is always itself, so that there are calls on missing sessions too."""
        if session != len(self.sessions) - 1:
            stored = [n for n in range(len(self.sessions)) if self.key(n) in self.documents]
            return session if session in stored or not stored else stored[0]
        return session

    def key(self, session: int) -> str:
        """The session id itself."""
        return f"{self.sessions[session]} {self.run}"

    def is_kept(self, session: int) -> bool:
        """Whether a record is live by the earliest clock, so that no engine has reclaimed it."""
        stored = self.documents.get(self.key(session))
        earliest = Moment(min(clock.now for clock in self.clocks))
        return stored is not None and is_visible(earliest, None, owner=None, ttl=stored.get("ttl"))

    def version(self, session: int, offset: int | None) -> int | None:
        """A version to write at: the session's own, `offset` from it, or None."""
        stored = self.documents.get(self.key(session), {})
        return None if offset is None else max(0, stored.get("version", 0) + offset)

    def move(self, client: int) -> None:
        """Put into the program what a client's clock says."""
        moment = self.clocks[client].now.isoformat()
        self.step(f"clocks[{client}].now = datetime.datetime.fromisoformat({moment!r})")

    def step(self, line: str) -> None:
        """Put a line into the program."""
        self.program.steps.append(line)

    def keep(self, form: str) -> None:
        """Let the program keep its last step's result as the machine does."""
        self.program.steps[-1] = form.format(self.program.steps[-1])

    def both(self, client: int, method: str, *arguments: object, **options: object) -> object:
        """Do it to both, and hold one outcome against the other; returns what `compare` does."""
        line = call_code(f"clients[{client}].{method}", arguments, options)
        values = [plain_value(each) for each in arguments]
        named = {name: plain_value(each) for name, each in options.items()}
        return self.compare(client, line, lambda store: getattr(store, method)(*values, **named))

    def compare(
        self, client: int, line: str, call: Callable[[MaintainedSessionStore], object]
    ) -> object:
        """Call both, and hold one outcome against the other; `line` is the step in the program.
        The reference's result; None if it was an error."""
        self.step(line)
        results: list[object] = []

        def kept(store: MaintainedSessionStore) -> object:
            results.append(call(store))
            return results[-1]

        expected = outcome(kept, self.references[client])
        result = results[0] if results else None
        try:
            actual = outcome(call, self.subjects[client])
        except Exception as error:
            raise self.divergence(line, expected, f"{type(error).__name__}: {error}") from error
        if actual != expected:
            raise self.divergence(line, expected, actual)
        self.corrupted = {each for each in self.corrupted if self.key(each) in self.documents}
        return result

    def divergence(self, line: str, expected: object, actual: object) -> DivergenceError:
        """The error that tells of a difference, with the run's names made plain."""
        self.is_over = True
        wanted, told = (
            f"{readable(each)}".replace(f" {self.run}", "") for each in (expected, actual)
        )
        return DivergenceError(line, wanted, told, self.program.text(wanted, told))
