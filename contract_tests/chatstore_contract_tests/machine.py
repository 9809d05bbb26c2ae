"""A state machine holds a store against the reference, step by step."""

from chatstore_contract_tests.behaviour import Behaviour


class MachineBehaviour(Behaviour):
    """Any sequence of calls."""
