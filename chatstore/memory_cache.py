"""The reference cache: the simplest code that obeys `chatstore.caching`. It keeps its entries in
memory, and is safe to share between threads."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence

from chatstore.caching import Entry, Marker, SessionCache, Snapshot, Tombstone, met
from chatstore.errors import ConfigurationError


class MemorySessionCache(SessionCache):
    """Entries in a dict. Several stores in one process may share one.

    Nothing but a lapse removes an entry, and that only when it is looked at: it is for tests and
    development.
    """

    def __init__(self, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._entries: dict[str, tuple[Entry, float]] = {}

    def get(self, session_ids: Sequence[str]) -> Mapping[str, Snapshot]:
        with self._lock:
            found = {session_id: self._entry(session_id) for session_id in session_ids}
        return {key: entry for key, entry in found.items() if isinstance(entry, Snapshot)}

    def put(
        self, snapshots: Mapping[str, Snapshot], *, lapse: float, tombstone_lapse: float
    ) -> int:
        kept = [
            self._meet(session_id, snapshot, lapse, tombstone_lapse)
            for session_id, snapshot in snapshots.items()
        ]
        return kept.count(False)

    def mark(self, session_id: str, marker: Marker, *, lapse: float) -> None:
        self._meet(session_id, marker, lapse, lapse)

    def bury(self, session_ids: Sequence[str], *, lapse: float) -> None:
        with self._lock:
            for session_id in session_ids:
                self._keep(session_id, Tombstone(), lapse)

    def close(self) -> None:
        pass

    def forget(self, session_id: str | None = None) -> None:
        """Lose one session's entry, or all."""
        with self._lock:
            if session_id is None:
                self._entries.clear()
            else:
                self._entries.pop(session_id, None)

    def _meet(
        self, session_id: str, arriving: Snapshot | Marker, lapse: float, tombstone_lapse: float
    ) -> bool:
        with self._lock:
            stored = self._entry(session_id)
            left = met(stored, arriving)
            if left is not stored:
                self._keep(session_id, left, lapse if left is arriving else tombstone_lapse)
            return left is arriving

    def _entry(self, session_id: str) -> Entry | None:
        entry, until = self._entries.get(session_id, (None, 0.0))
        return entry if self._monotonic() < until else None

    def _keep(self, session_id: str, entry: Entry, lapse: float) -> None:
        self._entries[session_id] = (entry, self._monotonic() + lapse)


def open_url(url: str) -> MemorySessionCache:
    """A fresh, empty cache for `memory://`."""
    if url != "memory://":
        raise ConfigurationError(f"{url!r}: the URL of a cache in memory is memory:// alone")
    return MemorySessionCache()
