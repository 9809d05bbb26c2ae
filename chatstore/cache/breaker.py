"""A cache that is allowed to die: its failures are counted, logged and kept from the caller."""

import logging
import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

from chatstore.cache.protocol import Marker, SessionCache, Snapshot
from chatstore.runtime import deadline
from chatstore.runtime.deadline import NoTimeError

_log = logging.getLogger("chatstore.cached")

_FAILURES_IN_A_ROW = 3

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class CacheStats:
    """What a cached store has counted since it was made.

    `hits`: sessions that the cache answered; `misses`: sessions that the primary had to answer.
    `stale_puts`: snapshots that the cache refused, because something newer, or of another life, was
    there, or because they came too late. `errors`: requests to the cache that failed;
    `left_alone`: requests that were not even sent, because so many had failed just before, or the
    call's time was nearly up.
    """

    hits: int = 0
    misses: int = 0
    stale_puts: int = 0
    errors: int = 0
    left_alone: int = 0


class Breaker:
    """A cache whose every failure is None or False.

    After three failures in a row it is left alone for `pause` seconds; then one request tries it
    again. A request has a quarter of the time that the call has left: a cache that hangs must leave
    the primary its own, and a call whose primary has answered must not end late. `lapse` is that of
    tombstones and markers, and the longest of snapshots, in seconds.
    """

    def __init__(
        self,
        cache: SessionCache,
        *,
        lapse: float,
        pause: float,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._cache = cache
        self._lapse = lapse
        self._pause = pause
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self.failures = 0
        """How many requests in a row have failed."""
        self._alone_until = 0.0
        self.stale_puts = 0
        self.errors = 0
        self.left_alone = 0

    @property
    def is_left_alone(self) -> bool:
        """Whether requests are not even sent at present."""
        return self.failures >= _FAILURES_IN_A_ROW and self._monotonic() < self._alone_until

    def get(self, session_ids: Sequence[str]) -> Mapping[str, Snapshot]:
        """The snapshots that are there; none if the cache failed."""
        return self._send(self._cache.get, session_ids) or {}

    def put(
        self, write: Callable[[], Mapping[str, Snapshot]], *, asked_at: float, wrote: bool
    ) -> None:
        """Put snapshots of an answer that the primary was asked for at `asked_at`. They lapse that
        much sooner: none outlives its question by more than the longest lapse. `write` makes them,
        which costs more than anything else here, and is called only if the cache is."""
        if self.is_left_alone or not (snapshots := write()):
            return
        refused = self._send(
            self._cache.put, snapshots, asked_at=asked_at, lapse=self._lapse, wrote=wrote
        )
        if refused:
            with self._lock:
                self.stale_puts += refused

    def mark(self, session_id: str, marker: Marker) -> None:
        """Leave a marker."""
        self._send(self._cache.mark, session_id, marker, lapse=self._lapse)

    def bury(self, session_ids: Sequence[str]) -> bool:
        """Leave tombstones; whether the cache took them."""
        return self._send(self._buried, session_ids) or False

    def _buried(self, session_ids: Sequence[str]) -> bool:
        self._cache.bury(session_ids, lapse=self._lapse)
        return True

    def _send(
        self,
        request: Callable[Arguments, Result],
        *arguments: Arguments.args,
        **options: Arguments.kwargs,
    ) -> Result | None:
        if self.failures >= _FAILURES_IN_A_ROW and not self._may_try():
            return None
        try:
            result = deadline.call_aside(request, *arguments, **options)
        except NoTimeError:
            # The cache is not to blame.
            with self._lock:
                self.left_alone += 1
            return None
        # Whatever went wrong in a cache, the primary has the answer.
        except Exception as error:  # noqa: BLE001
            self._failed(error)
            return None
        if self.failures:
            self._recovered()
        return result

    def _may_try(self) -> bool:
        with self._lock:
            now = self._monotonic()
            if self.failures >= _FAILURES_IN_A_ROW and now < self._alone_until:
                self.left_alone += 1
                return False
            # This one tries; the others wait for what it finds.
            self._alone_until = now + self._pause
            return True

    def _failed(self, error: Exception) -> None:
        with self._lock:
            self.errors += 1
            self.failures += 1
            alone = self.failures >= _FAILURES_IN_A_ROW
            if alone:
                self._alone_until = self._monotonic() + self._pause
            first_time = self.failures == _FAILURES_IN_A_ROW
        if first_time:
            _log.warning("the cache is left alone, and the primary answers: %s", error)
        elif not alone:
            _log.warning("a request to the cache failed: %s", error)
        else:
            _log.debug("the cache still fails: %s", error)

    def _recovered(self) -> None:
        with self._lock:
            was_alone = self.failures >= _FAILURES_IN_A_ROW
            self.failures = 0
        if was_alone:
            _log.info("the cache answers again")


def name_of(cache: SessionCache) -> str:
    """What people read of a cache: what it says of itself, unless that may hold a secret."""
    kind = type(cache)
    if kind.__repr__ is not object.__repr__:
        try:
            text = repr(cache)
        except Exception:  # noqa: BLE001  a cache may be anybody's code
            text = ""
        if text and not re.search(r"://[^/\s]*@|passw|secret|token", text, re.IGNORECASE):
            return text
    return kind.__name__.lstrip("_")
