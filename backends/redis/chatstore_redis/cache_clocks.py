"""What a client knows of its servers' clocks: enough to say when a question was asked by theirs."""

import time
from collections.abc import Callable

from redis.crc import key_slot

_MICROSECONDS = 1_000_000
_RATE = 0.001
"""By how much the rates of two clocks may differ; what is within it is counted on the safe side."""


class ServerClocks:
    """The last time that each server told, and when that came.

    `are_many`: the servers are a cluster's, and are told apart by the slots of the keys that they
    keep, since a client never knows for sure which of the nodes has answered. `monotonic` is this
    process's clock.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic, *, are_many: bool) -> None:
        self._monotonic = monotonic
        self._are_many = are_many
        self._told: dict[int, tuple[int, float]] = {}

    def tell(self, key: bytes, shown: int) -> None:
        """The server of `key` has answered: its clock showed `shown` microseconds when it did."""
        self._told[self._server(key)] = (shown, self._monotonic())

    def at(self, key: bytes, moment: float) -> int | None:
        """What the clock of the server of `key` showed at `moment` of this process's, in
        microseconds: that or more. None if it has told nothing yet."""
        told = self._told.get(self._server(key))
        if told is None:
            return None
        shown, came = told
        since = moment - came
        return shown + int((since - abs(since) * _RATE) * _MICROSECONDS) - 1

    def _server(self, key: bytes) -> int:
        return key_slot(key) if self._are_many else 0
