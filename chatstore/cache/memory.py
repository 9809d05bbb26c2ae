"""The reference cache: the simplest code that obeys `chatstore.cache.protocol`. It keeps its
entries in memory, and is safe to share between threads."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import NoReturn

from chatstore.cache.protocol import Entry, Marker, SessionCache, Snapshot, Tombstone, met, put_to
from chatstore.errors import ConfigurationError
from chatstore.runtime.forks import Origin, refuse_pickling
from chatstore.runtime.options import require_function


class MemorySessionCache(SessionCache):
    """Entries in a dict. Several stores in one process may share one.

    Nothing but a lapse removes an entry, and that only when it is looked at: it is for tests and
    development.
    """

    def __init__(self, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._origin = Origin()
        require_function("monotonic", monotonic)
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._entries: dict[str, tuple[Entry, float]] = {}

    def get(self, session_ids: Sequence[str]) -> Mapping[str, Snapshot]:
        found: dict[str, Snapshot] = {}
        with self._held():
            for session_id in session_ids:
                entry = self._entry(session_id)
                if isinstance(entry, Snapshot):
                    found[session_id] = entry
        return found

    def put(
        self, snapshots: Mapping[str, Snapshot], *, asked_at: float, lapse: float, wrote: bool
    ) -> int:
        stayed = 0
        for session_id, snapshot in snapshots.items():
            with self._held():
                now = self._monotonic()
                stored = self._entry(session_id)
                placed = put_to(stored, snapshot, asked=asked_at, now=now, lapse=lapse, wrote=wrote)
                if placed is not None:
                    self._entries[session_id] = placed
                    stayed += placed[0] is snapshot
        return len(snapshots) - stayed

    def mark(self, session_id: str, marker: Marker, *, lapse: float) -> None:
        with self._held():
            now = self._monotonic()
            stored = self._entry(session_id)
            entry = met(stored, marker, now=now)
            if entry is not stored:
                self._entries[session_id] = (entry, now + lapse)

    def bury(self, session_ids: Sequence[str], *, lapse: float) -> None:
        with self._held():
            now = self._monotonic()
            for session_id in session_ids:
                self._entries[session_id] = (Tombstone(now), now + lapse)

    def close(self) -> None:
        pass

    def forget(self, session_id: str | None = None) -> None:
        """Lose one session's entry, or all."""
        with self._held():
            if session_id is None:
                self._entries.clear()
            else:
                self._entries.pop(session_id, None)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {len(self._entries)} entries>"

    def __reduce__(self) -> NoReturn:
        raise refuse_pickling("memory cache")

    def _held(self) -> threading.Lock:
        """The lock: a thread of a parent process may have held it at the fork, for good."""
        self._origin.require_here("memory cache")
        return self._lock

    def _entry(self, session_id: str) -> Entry | None:
        entry, until = self._entries.get(session_id, (None, 0.0))
        return entry if self._monotonic() < until else None


def open_url(url: str) -> MemorySessionCache:
    """A fresh, empty cache for `memory://`."""
    if url != "memory://":
        raise ConfigurationError("the URL of a cache in memory is memory:// alone")
    return MemorySessionCache()
