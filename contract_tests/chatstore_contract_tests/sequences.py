"""Any sequence of calls is answered like the reference: how the state machine is run."""

import os
import sys
from unittest import mock

from hypothesis import HealthCheck, Phase, settings
from hypothesis.internal.conjecture import engine
from hypothesis.stateful import run_state_machine_as_test

from chatstore_contract_tests.behaviour import Behaviour
from chatstore_contract_tests.harness import Harness
from chatstore_contract_tests.machine import StoreMachine
from chatstore_contract_tests.paired_stores import DivergenceError

PROFILE_VARIABLE = "CHATSTORE_CONTRACT_PROFILE"
"""`long` searches for minutes and anew each time; anything else is the same short run always."""

SHRINKING_SECONDS = 15
"""How long a found difference is made shorter."""


class SequencesBehaviour(Behaviour):
    """Any sequence of calls."""

    def test_any_sequence_of_calls_is_answered_like_the_reference(self, harness: Harness) -> None:
        """One behaviour: results, order, errors, expiry and numbers are those of the reference,
        whatever several clients do to the same sessions."""
        run_machine(StoreMachine, harness)


def run_machine(kind: type[StoreMachine], harness: Harness) -> None:
    """Run a state machine on the stores of a harness, by the profile that is set."""
    thorough = os.environ.get(PROFILE_VARIABLE) == "long"
    machine = type("BoundMachine", (kind,), {"harness": harness})
    chosen = settings(
        max_examples=600 if thorough else 25,
        stateful_step_count=80,
        derandomize=not thorough,
        database=None,
        deadline=None,
        phases=[Phase.generate, Phase.shrink],
        report_multiple_bugs=False,
        print_blob=False,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )
    try:
        # Hypothesis looks for a shorter program for five minutes, and no setting bounds that.
        with mock.patch.object(engine, "MAX_SHRINKING_SECONDS", SHRINKING_SECONDS, create=True):
            run_state_machine_as_test(machine, settings=chosen)
    except DivergenceError as error:
        # Where pytest shows what was printed, nothing stands before the lines: they can be
        # pasted.
        sys.stdout.write(error.program)
        raise
