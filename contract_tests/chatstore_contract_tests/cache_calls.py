"""Calls of a cache, as the contract for caches makes them."""

import random
import threading
from collections.abc import Callable, Sequence
from typing import NamedTuple

from chatstore.cache.protocol import Marker, SessionCache, Snapshot
from chatstore_contract_tests.cache_harness import CacheHarness

LAPSE = 1_003.0
"""Seconds that an entry lives. Half of it, after which a put comes too late, is 501.5."""

ID = "a session"
LIFE, ANOTHER = "id one", "id two"


def snapshot(version: int, life: str = LIFE, body: bytes = b"[10, null]\n{}") -> Snapshot:
    """A snapshot; what its body means is no cache's concern."""
    return Snapshot(life, version, body)


class CacheCalls:
    """A cache under test, with the calls that most tests make on one session."""

    def __init__(self, harness: CacheHarness) -> None:
        self.harness = harness
        self.raw: SessionCache = harness.connect()
        self.session_id = ID

    def put(
        self,
        given: Snapshot,
        *,
        age: float = 0,
        wrote: bool = False,
        session_id: str | None = None,
        lapse: float = LAPSE,
    ) -> bool:
        """Put a snapshot whose question is this old; whether it stayed."""
        asked_at = self.harness.now() - age
        snapshots = {session_id or self.session_id: given}
        return self.raw.put(snapshots, asked_at=asked_at, lapse=lapse, wrote=wrote) == 0

    def mark(self, version: int, life: str = LIFE) -> None:
        """Leave a marker."""
        self.raw.mark(self.session_id, Marker(life, version), lapse=LAPSE)

    def bury(self) -> None:
        """Leave a tombstone."""
        self.raw.bury([self.session_id], lapse=LAPSE)

    def shown(self) -> Snapshot | None:
        """What the cache answers."""
        return self.raw.get([self.session_id]).get(self.session_id)

    def pass_time(self, seconds: float) -> None:
        """Let time pass."""
        self.harness.pass_time(seconds)


class Step(NamedTuple):
    """A message, and how much time passes after it."""

    what: str
    version: int
    life: str
    age: int
    wrote: bool
    passes: int

    @classmethod
    def by(cls, chance: random.Random) -> "Step":
        """Any message."""
        return cls(
            chance.choice(["put", "put", "put", "mark", "bury"]),
            chance.choice([1, 9, 10]),
            chance.choice([LIFE, LIFE, LIFE, ANOTHER]),
            # With the times that pass, none ever comes to a lapse or to half of one.
            chance.choice([5, 105, 405, 605]),
            chance.random() < 0.5,
            chance.choice([10, 10, 10, 250, 700]),
        )

    def outcome(self, cache: CacheCalls) -> tuple[bool, Snapshot | None, Snapshot | None]:
        """What the cache does with it: whether it stayed, and what is shown before and after."""
        stayed = False
        if self.what == "put":
            given = snapshot(self.version, self.life)
            stayed = cache.put(given, age=self.age, wrote=self.wrote)
        elif self.what == "mark":
            cache.mark(self.version, self.life)
        else:
            cache.bury()
        shown = cache.shown()
        cache.pass_time(self.passes)
        return stayed, shown, cache.shown()


def at_once(calls: Sequence[Callable[[], None]]) -> None:
    """Make these calls at the same time."""
    barrier = threading.Barrier(len(calls))

    def run(call: Callable[[], None]) -> None:
        barrier.wait()
        call()

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
