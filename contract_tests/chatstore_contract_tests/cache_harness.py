"""What a cache's author gives the contract for caches, and the reference cache's own."""

import time
from abc import ABC, abstractmethod
from typing import ClassVar

from chatstore import MemorySessionCache
from chatstore.cache.protocol import SessionCache


class CacheHarness(ABC):
    """Clients of one cache, and its time. Each test has a harness of its own, whose cache is
    empty."""

    name: ClassVar[str]

    @abstractmethod
    def connect(self) -> SessionCache:
        """A further client of the one cache."""

    @abstractmethod
    def pass_time(self, seconds: float) -> None:
        """Let this much more time have passed since everything that has happened so far: by moving
        a clock, by making what is stored so much older, or by waiting."""

    def now(self) -> float:
        """The time, by the clock of which the clients are told `asked_at`."""
        return time.monotonic()

    def close(self) -> None:  # noqa: B027  not every harness holds something
        """Close what is still open."""


class MemoryCacheHarness(CacheHarness):
    """One `MemorySessionCache`, whose clock is moved by hand."""

    name = "memory"

    def __init__(self, kind: type[MemorySessionCache] = MemorySessionCache) -> None:
        self._now = 1_000.0
        self._cache = kind(monotonic=self.now)

    def connect(self) -> MemorySessionCache:
        return self._cache

    def pass_time(self, seconds: float) -> None:
        self._now += seconds

    def now(self) -> float:
        # Two calls never come at the same moment.
        self._now += 0.001
        return self._now
