"""Any sequence of calls is answered like the reference."""

import os
import secrets
import sys
from contextlib import nullcontext

from chatstore_contract_tests.behaviour import Behaviour
from chatstore_contract_tests.harness import Harness
from chatstore_contract_tests.memory import MemoryHarness
from chatstore_contract_tests.parity.material import POLICIES
from chatstore_contract_tests.parity.running import REFERENCE, Comparison, Divergence, Stores, fresh
from chatstore_contract_tests.parity.steps import source

PROFILE_VARIABLE = "CHATSTORE_CONTRACT_PROFILE"
"""`long` searches for minutes and anew each time; anything else is the same short run always."""

STEPS, STEPS_OF_A_LONG_RUN = 600, 40_000

SHORTENING_SECONDS = 15.0
"""How long a found difference is made shorter."""

_TESTED = "the store"


class DivergenceError(AssertionError):
    """The store answered otherwise than the reference; `program` shows it."""

    def __init__(self, found: Divergence) -> None:
        expected, answered = found.answers[REFERENCE], found.answers[_TESTED]
        self.program = f"{source(found.steps)}# expected: {expected!r}\n# answered: {answered!r}\n"
        step = found.steps[-1].source
        super().__init__(f"{step}\nreference: {expected!r}\nstore:     {answered!r}")


class SequencesBehaviour(Behaviour):
    """Any sequence of calls."""

    def test_any_sequence_of_calls_is_answered_like_the_reference(self, harness: Harness) -> None:
        """One behaviour: results, order, errors, expiry and numbers are those of the reference,
        whatever several clients do to the same sessions."""
        compare_with_the_reference(harness)


def compare_with_the_reference(harness: Harness, *, clients: int = len(POLICIES)) -> None:
    """Run random programs on the harness and on the reference, by the profile that is set."""
    thorough = os.environ.get(PROFILE_VARIABLE) == "long"
    stores: Stores = {REFERENCE: fresh(MemoryHarness), _TESTED: lambda: nullcontext(harness)}
    comparison = Comparison(stores, texts=False, clients=clients)
    found = comparison.run(
        seed=secrets.randbelow(10**9) if thorough else 0,
        steps=STEPS_OF_A_LONG_RUN if thorough else STEPS,
    )
    if found is not None:
        error = DivergenceError(comparison.shortened(found, seconds=SHORTENING_SECONDS))
        # Where pytest shows what was printed, nothing stands before the lines: they can be
        # pasted.
        sys.stdout.write(error.program)
        answered = found.answers[_TESTED]
        raise error from (answered if isinstance(answered, Exception) else None)
