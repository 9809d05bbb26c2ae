"""What a broken cache is: the reference cache with one defect, and its test."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

from chatstore import MemorySessionCache
from chatstore.cache.protocol import Entry, Marker, Snapshot, arrived, met

CacheType = TypeVar("CacheType", bound=type[MemorySessionCache])


@dataclass(frozen=True)
class CacheMutant:
    """A broken cache, and the name of the test that catches it."""

    cache: type[MemorySessionCache]
    test: str

    @property
    def defect(self) -> str:
        """What is wrong with it, on one line."""
        return " ".join((self.cache.__doc__ or "").split())


CACHE_MUTANTS: list[CacheMutant] = []


def caught_by(test: str) -> Callable[[CacheType], CacheType]:
    """Enter a broken cache, and the test that is meant for it."""

    def enter(cache: CacheType) -> CacheType:
        CACHE_MUTANTS.append(CacheMutant(cache, test))
        return cache

    return enter


class When(NamedTuple):
    """When something came, when it was asked for, and whether its sender wrote it."""

    now: float
    asked: float
    wrote: bool


class Opened(MemorySessionCache):
    """The reference cache, with each of its rules in a method that a mutant may break."""

    def put(
        self, snapshots: Mapping[str, Snapshot], *, asked_at: float, lapse: float, wrote: bool
    ) -> int:
        stayed = 0
        for session_id, snapshot in snapshots.items():
            with self._held():
                when = When(self._monotonic(), asked_at, wrote)
                left = self.arrived(snapshot, lapse, when)
                if left is None:
                    continue
                stored = self._entry(session_id)
                entry = self.met(stored, left, when)
                if entry is left is snapshot:
                    stayed += 1
                    until = self.until(when, lapse)
                    self._entries[session_id] = (entry, until)
                elif entry is not stored:
                    self._entries[session_id] = (entry, when.now + lapse)
        return len(snapshots) - stayed

    def mark(self, session_id: str, marker: Marker, *, lapse: float) -> None:
        with self._held():
            when = When(self._monotonic(), float("-inf"), True)
            stored = self._entry(session_id)
            entry = self.met(stored, marker, when)
            if entry is not stored:
                self._entries[session_id] = (entry, when.now + lapse)

    def arrived(self, snapshot: Snapshot, lapse: float, when: When) -> Snapshot | Marker | None:
        return arrived(snapshot, asked=when.asked, now=when.now, lapse=lapse, wrote=when.wrote)

    def met(self, stored: Entry | None, arriving: Snapshot | Marker, when: When) -> Entry:
        return met(stored, arriving, now=when.now, asked=when.asked, wrote=when.wrote)

    def until(self, when: When, lapse: float) -> float:
        return when.asked + lapse
