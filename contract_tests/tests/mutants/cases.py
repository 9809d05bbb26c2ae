"""For each mutant two classes of tests, run by `test_mutants.py` alone: the behaviour that has the
test meant for it, over the broken store and over the unbroken one."""

from collections.abc import Iterator

import pytest

from chatstore import MemorySessionStore
from chatstore_contract_tests import Harness

from . import keeping, listing, others, racing, sessions, shipped, writing
from .mutant import MUTANTS, Mutant, MutantHarness

GROUPS = (shipped, sessions, writing, keeping, listing, others, racing)
"""The modules that enter their mutants, in the order of the table."""


def over(store: type[MemorySessionStore], mutant: Mutant) -> type:
    """The class of tests that holds `store` to the promise which the mutant breaks."""

    @pytest.fixture
    def harness(_: object) -> Iterator[Harness]:
        yield MutantHarness(store)

    return type(f"Test{store.__name__}", (mutant.behaviour,), {"harness": harness})


for each in MUTANTS:
    globals()[f"TestBroken_{each.name}"] = over(each.store, each)
    globals()[f"TestSound_{each.name}"] = over(MemorySessionStore, each)
