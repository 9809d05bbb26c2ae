"""A store of record and a cache, and clients of both, with a time that passes by hand."""

from collections.abc import Mapping, Sequence
from typing import Any

from chatstore import (
    BackendUnavailableError,
    CachedSessionStore,
    ManualClock,
    MemorySessionCache,
    MemorySessionStore,
    MemoryStorage,
    Message,
)
from chatstore.cache.protocol import Snapshot


class Time:
    """Seconds that pass by hand."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


class Shared:
    """A store of record and a cache, and clients of both."""

    def __init__(self) -> None:
        self.time = Time()
        self.storage = MemoryStorage()
        self.cache: Any = SwitchedCache(self.time)
        self.clock = ManualClock()

    def client(self, **options: Any) -> CachedSessionStore:
        policy = options.pop("policy", None)
        primary = MemorySessionStore(self.storage, policy=policy, clock=self.clock)
        return CachedSessionStore(primary, self.cache, monotonic=self.time, **options)


class SwitchedCache(MemorySessionCache):
    """A cache that can be turned off, and counts what reaches it."""

    def __init__(self, time: Time) -> None:
        super().__init__(monotonic=time)
        self.is_off = False
        self.reached = 0

    def get(self, session_ids: Sequence[str]) -> Mapping[str, Snapshot]:
        self._reach()
        return super().get(session_ids)

    def put(
        self, snapshots: Mapping[str, Snapshot], *, asked_at: float, lapse: float, wrote: bool
    ) -> int:
        self._reach()
        return super().put(snapshots, asked_at=asked_at, lapse=lapse, wrote=wrote)

    def bury(self, session_ids: Sequence[str], *, lapse: float) -> None:
        self._reach()
        super().bury(session_ids, lapse=lapse)

    def _reach(self) -> None:
        self.reached += 1
        if self.is_off:
            raise BackendUnavailableError("off")


def said(content: str) -> Message:
    return Message(type="user_query", content=content)
