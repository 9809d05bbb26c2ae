"""Harnesses for a cache in front of a store: over the harness of any primary, with any cache."""

import random
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from chatstore import (
    BackendUnavailableError,
    CachedSessionStore,
    Clock,
    JsonObject,
    RetentionPolicy,
    utc_now,
)
from chatstore.cache.protocol import Marker, SessionCache, Snapshot
from chatstore_contract_tests.harness import Harness

MAX_STALENESS = 3600.0
"""Longer than any test: nothing is right only because it lapsed."""

Result = TypeVar("Result")


class OpenedStore(CachedSessionStore):
    """A cached store that closes its primary."""

    def close(self) -> None:
        super().close()
        self.primary.close()


class CachedHarness(Harness):
    """Cached stores over the stores of `primary`.

    `connect` makes a further client of the one cache. `forget` loses what the cache holds of a
    session, as whoever writes behind the stores' back must do; of every session for None.
    """

    def __init__(
        self,
        name: str,
        primary: Harness,
        *,
        connect: Callable[[], SessionCache],
        forget: Callable[[str | None], None],
    ) -> None:
        self.name = name
        # An emulator's faults stay its own.
        self.faults = primary.faults  # type: ignore[misc]
        self.primary = primary
        self._connect = connect
        self._forget = forget

    def open(
        self, *, policy: RetentionPolicy | None = None, clock: Clock = utc_now
    ) -> CachedSessionStore:
        # Left alone never: a client that does not send what others must hear is what
        # `max_staleness` is about, and the contract knows no staleness.
        return OpenedStore(
            self.primary.open(policy=policy, clock=clock),
            self._connect(),
            max_staleness=MAX_STALENESS,
            pause=0,
        )

    def raw_write(self, document: JsonObject) -> None:
        self.primary.raw_write(document)
        self._forget(document["sessionId"])

    def raw_read(self, session_id: str) -> object:
        return self.primary.raw_read(session_id)

    def corrupt(self, session_id: str) -> None:
        self.primary.corrupt(session_id)
        self._forget(session_id)

    def corrupt_message(self, session_id: str) -> None:
        self.primary.corrupt_message(session_id)
        self._forget(session_id)

    def settle(self) -> None:
        self.primary.settle()

    def close(self) -> None:
        self.primary.close()


class DyingCacheHarness(CachedHarness):
    """Cached stores whose cache dies and comes back all the time.

    It comes back as it was as long as there is one client, who must notice nothing; with several
    it comes back empty, for one client can't know what another could not say, and may read an old
    snapshot for `max_staleness` by design. `is_for_one`: only one of the clients is ever used.
    """

    def __init__(
        self,
        name: str,
        primary: Harness,
        *,
        connect: Callable[[], SessionCache],
        forget: Callable[[str | None], None],
        is_for_one: bool = False,
    ) -> None:
        self._life = _Life(forget, is_for_one=is_for_one)
        super().__init__(
            name, primary, connect=lambda: _DyingCache(connect(), self._life), forget=forget
        )

    def open(
        self, *, policy: RetentionPolicy | None = None, clock: Clock = utc_now
    ) -> CachedSessionStore:
        self._life.begin_client()
        return super().open(policy=policy, clock=clock)


class _Life:
    """Whether the cache is up. It changes by chance, the same way in each run."""

    def __init__(self, forget: Callable[[str | None], None], *, is_for_one: bool) -> None:
        self._random = random.Random(6)  # noqa: S311 - chance, not secrecy
        self._forget = forget
        self._is_for_one = is_for_one
        self._clients = 0
        self._is_up = True

    def begin_client(self) -> None:
        """Count a further client."""
        self._clients += 1
        if self._loses_all:
            self._forget(None)

    @property
    def _loses_all(self) -> bool:
        return self._clients > 1 and not self._is_for_one

    def send(self, request: Callable[[], Result]) -> Result:
        """Carry a request out, or lose it, or its answer."""
        # Not while requests of other threads are under way: one could arrive after the cache came
        # back empty, which is a case for `max_staleness` again.
        if threading.current_thread() is threading.main_thread() and self._random.random() < 0.2:
            self._is_up = not self._is_up
            if self._is_up and self._loses_all:
                self._forget(None)
            elif not self._is_up and self._random.random() < 0.5:
                request()
        if not self._is_up:
            raise BackendUnavailableError("the cache is down")
        return request()


class _DyingCache(SessionCache):
    def __init__(self, cache: SessionCache, life: _Life) -> None:
        self._cache = cache
        self._life = life

    def get(self, session_ids: Sequence[str]) -> Mapping[str, Snapshot]:
        return self._life.send(lambda: self._cache.get(session_ids))

    def put(
        self, snapshots: Mapping[str, Snapshot], *, asked_at: float, lapse: float, wrote: bool
    ) -> int:
        return self._life.send(
            lambda: self._cache.put(snapshots, asked_at=asked_at, lapse=lapse, wrote=wrote)
        )

    def mark(self, session_id: str, marker: Marker, *, lapse: float) -> None:
        self._life.send(lambda: self._cache.mark(session_id, marker, lapse=lapse))

    def bury(self, session_ids: Sequence[str], *, lapse: float) -> None:
        self._life.send(lambda: self._cache.bury(session_ids, lapse=lapse))

    def close(self) -> None:
        self._cache.close()
