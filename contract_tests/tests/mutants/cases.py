"""What `test_mutants.py` runs: for each mutant a class with the test meant for it, over the broken
store; and for each such test a class over the unbroken one."""

from collections.abc import Iterator

import pytest

from chatstore import MemorySessionStore
from chatstore_contract_tests import Harness

from . import (
    content,
    corners,
    counting,
    entering,
    histories,
    keeping,
    listing,
    lives,
    operating,
    others,
    racing,
    refusing,
    sessions,
    shipped,
    values,
    writing,
)
from .mutant import MUTANTS, Broken, Mutant, MutantHarness

GROUPS = (
    shipped,
    sessions,
    writing,
    refusing,
    entering,
    values,
    keeping,
    listing,
    others,
    operating,
    corners,
    counting,
    racing,
    content,
    histories,
    lives,
)
"""The modules that enter their mutants, in the order of the table."""


def over(broken: Broken, mutant: Mutant) -> type:
    """The class of tests that holds `broken` to the promise which the mutant breaks."""

    @pytest.fixture
    def harness(_: object) -> Iterator[Harness]:
        yield MutantHarness(broken)

    return type(f"Test{broken.__name__}", (mutant.behaviour,), {"harness": harness})


for each in MUTANTS:
    globals()[f"TestBroken_{each.name}"] = over(each.broken, each)
    globals()[f"TestSound_{each.test}"] = over(MemorySessionStore, each)
