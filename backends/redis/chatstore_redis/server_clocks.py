"""What a client knows of its servers' clocks: enough to say when a question was asked by theirs."""

import time
from collections.abc import Callable

from redis.cluster import RedisCluster
from redis.crc import key_slot

from chatstore_redis.connection import Client

_MICROSECONDS = 1_000_000
_RATE = 0.001
"""By how much the rates of two clocks may differ; what is within it is counted on the safe side."""


class ServerClocks:
    """The last time that each server told, and when that came.

    Servers are told apart by what they keep: a cluster's by the slots of its keys, since a client
    never knows for sure which of the nodes has answered. `monotonic` is this process's.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._told: dict[int, tuple[int, float]] = {}

    def tell(self, client: Client, key: bytes, shown: int) -> None:
        """The server of `key` has answered: its clock showed `shown` microseconds, or less time ago
        than the answer took."""
        self._told[_place(client, key)] = (shown, self._monotonic())

    def at(self, client: Client, key: bytes, moment: float) -> int | None:
        """What that clock showed at `moment` of this process's, in microseconds: that or more. None
        if it has told nothing yet."""
        told = self._told.get(_place(client, key))
        if told is None:
            return None
        shown, came = told
        since = moment - came
        return shown + int((since - abs(since) * _RATE) * _MICROSECONDS) - 1


def _place(client: Client, key: bytes) -> int:
    return key_slot(key) if isinstance(client, RedisCluster) else -1
