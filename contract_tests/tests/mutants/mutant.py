"""What a mutant is: the reference store with one defect, and the test that is meant for it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from chatstore import (
    Clock,
    MemorySessionStore,
    MemoryStorage,
    RetentionPolicy,
    utc_now,
)
from chatstore.clock import Moment
from chatstore.memory import MemoryEngine
from chatstore.store.engine_calls import EngineCalls
from chatstore_contract_tests import SessionStoreContract
from chatstore_contract_tests.memory import MemoryHarness

Broken = type[MemorySessionStore] | type[MemoryEngine] | type[EngineCalls]
"""The part of the reference store that has the defect; the others are as they should be."""

BrokenType = TypeVar("BrokenType", bound=Broken)

LONG_AGO = Moment(datetime(1990, 1, 1, tzinfo=UTC))
"""By this clock nothing has expired yet."""


@dataclass(frozen=True)
class Mutant:
    """A broken store, and the name of the test that catches it."""

    broken: Broken
    test: str

    @property
    def name(self) -> str:
        """The broken store's name."""
        return self.broken.__name__

    @property
    def defect(self) -> str:
        """What is wrong with it, on one line."""
        return " ".join((self.broken.__doc__ or "").split())

    @property
    def behaviour(self) -> type:
        """The one class of the contract that has the test."""
        return next(each for each in SessionStoreContract.__mro__ if self.test in vars(each))

    @property
    def promise(self) -> str:
        """The sentence that the test proves, on one line."""
        return " ".join((vars(self.behaviour)[self.test].__doc__ or "").split())


MUTANTS: list[Mutant] = []


def caught_by(test: str) -> Callable[[BrokenType], BrokenType]:
    """Enter a broken store, and the test that is meant for it."""

    def enter(broken: BrokenType) -> BrokenType:
        MUTANTS.append(Mutant(broken, test))
        return broken

    return enter


class EngineWithPolicy(MemoryEngine):
    """An engine that remembers its store's policy, for defects that need one."""

    policy: RetentionPolicy

    def open(self, policy: RetentionPolicy) -> None:
        self.policy = policy


class _StoreOverCalls(MemorySessionStore):
    """The reference store with another way to its engine."""

    def __init__(
        self,
        calls: type[EngineCalls],
        storage: MemoryStorage,
        *,
        policy: RetentionPolicy | None,
        clock: Clock,
    ) -> None:
        super().__init__(storage, policy=policy, clock=clock)
        self._calls = calls(self.engine, self.policy, self.deadline)


class MutantHarness(MemoryHarness):
    """The reference store's harness over another store of its kind."""

    def __init__(self, broken: Broken) -> None:
        super().__init__()
        self.name = broken.__name__
        self._broken = broken
        self.storage = MemoryStorage()

    def open(
        self, *, policy: RetentionPolicy | None = None, clock: Clock = utc_now
    ) -> MemorySessionStore:
        broken = self._broken
        if issubclass(broken, MemorySessionStore):
            return broken(self.storage, policy=policy, clock=clock)
        if issubclass(broken, EngineCalls):
            return _StoreOverCalls(broken, self.storage, policy=policy, clock=clock)
        return MemorySessionStore(broken(self.storage), policy=policy, clock=clock)
