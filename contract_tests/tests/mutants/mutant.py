"""What a mutant is: the reference store with one defect, and the test that is meant for it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from chatstore import Clock, MemorySessionStore, MemoryStorage, RetentionPolicy, utc_now
from chatstore.clock import Moment
from chatstore_contract_tests import SessionStoreContract
from chatstore_contract_tests.memory import MemoryHarness

StoreType = TypeVar("StoreType", bound=type[MemorySessionStore])

LONG_AGO = Moment(datetime(1990, 1, 1, tzinfo=UTC))
"""By this clock nothing has expired yet."""


@dataclass(frozen=True)
class Mutant:
    """A broken store, and the name of the test that catches it."""

    store: type[MemorySessionStore]
    test: str

    @property
    def name(self) -> str:
        """The broken store's name."""
        return self.store.__name__

    @property
    def defect(self) -> str:
        """What is wrong with it, on one line."""
        return " ".join((self.store.__doc__ or "").split())

    @property
    def behaviour(self) -> type:
        """The one class of the contract that has the test."""
        return next(each for each in SessionStoreContract.__mro__ if self.test in vars(each))

    @property
    def promise(self) -> str:
        """The sentence that the test proves, on one line."""
        return " ".join((vars(self.behaviour)[self.test].__doc__ or "").split())


MUTANTS: list[Mutant] = []


def caught_by(test: str) -> Callable[[StoreType], StoreType]:
    """Enter a broken store, and the test that is meant for it."""

    def enter(store: StoreType) -> StoreType:
        MUTANTS.append(Mutant(store, test))
        return store

    return enter


class MutantHarness(MemoryHarness):
    """The reference store's harness over another store of its kind."""

    def __init__(self, store: type[MemorySessionStore]) -> None:
        super().__init__()
        self.name = store.__name__
        self._store = store
        self.storage = MemoryStorage()

    def open(
        self, *, policy: RetentionPolicy | None = None, clock: Clock = utc_now
    ) -> MemorySessionStore:
        return self._store(self.storage, policy=policy, clock=clock)
