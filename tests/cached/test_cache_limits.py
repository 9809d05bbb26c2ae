"""What a cache may not do to a store: take its time, its writes or its secrets, or cross a fork."""

import os
import threading
import time
from collections.abc import Mapping, Sequence

import pytest

from chatstore import (
    BackendUnavailableError,
    CachedSessionStore,
    ConfigurationError,
    MemorySessionCache,
    MemorySessionStore,
    Session,
)
from chatstore.cache.protocol import Marker, Snapshot
from chatstore.runtime import deadline

from .shared import said


class Hanging(MemorySessionCache):
    """A cache that says nothing until its time is up, and notes how long that was."""

    def __init__(self) -> None:
        super().__init__()
        self.given: list[float] = []

    def get(self, session_ids: Sequence[str]) -> Mapping[str, Snapshot]:
        self._hang()
        return {}

    def put(
        self, snapshots: Mapping[str, Snapshot], *, asked_at: float, lapse: float, wrote: bool
    ) -> int:
        self._hang()
        return 0

    def mark(self, session_id: str, marker: Marker, *, lapse: float) -> None:
        self._hang()

    def bury(self, session_ids: Sequence[str], *, lapse: float) -> None:
        self._hang()

    def _hang(self) -> None:
        self.given.append(deadline.seconds_left() or 0.0)
        over = threading.Event()
        with deadline.broken_off_by(over.set):
            over.wait()
        raise deadline.DeadlineError


class Late(MemorySessionStore):
    """A primary that answers when the call's time is nearly up, or up."""

    leaves = 0.0

    def append_and_get(self, session_id: str, *messages: object, **options: object) -> Session:
        session = super().append_and_get(session_id, *messages, **options)  # type: ignore[arg-type]
        left = deadline.seconds_left()
        assert left is not None
        time.sleep(max(0.0, left - self.leaves))
        return session


def test_a_cache_that_hangs_leaves_the_primary_its_time() -> None:
    """Each request to the cache has a quarter of what the call has left, at most; the call ends in
    time, and its answer is the primary's."""
    cache = Hanging()
    store = CachedSessionStore(MemorySessionStore(), cache, deadline=2)
    began = time.monotonic()
    session = store.create("ana")
    assert store.get(session.session_id) == session
    assert time.monotonic() - began < 2 * 2 * 1.1
    assert store.stats().errors == 3
    assert all(given <= 0.5 for given in cache.given)


@pytest.mark.parametrize("leaves", [0.005, 0.0, -0.01])
def test_a_write_that_was_acknowledged_is_no_failure(leaves: float) -> None:
    """When the primary has answered and hardly any time is left, the cache is not asked: the write
    has succeeded, and the cache has done nothing wrong. The writer still reads its own write."""
    primary, cache = Late(deadline=0.5), MemorySessionCache()
    store = CachedSessionStore(primary, cache, deadline=0.5)
    session = store.create("ana")
    primary.leaves = leaves
    errors, asked = store.stats().errors, store.stats().left_alone
    assert store.append(session.session_id, said("kept")).version == 2
    assert store.stats().errors == errors
    assert store.stats().left_alone == asked + 1
    assert store.get(session.session_id).version == 2


def test_a_closed_cache_costs_nothing_but_hits() -> None:
    """Any error of a cache, a ConfigurationError too, is counted, and the primary answers."""

    class Closed(MemorySessionCache):
        def get(self, session_ids: Sequence[str]) -> Mapping[str, Snapshot]:
            raise ConfigurationError("closed")

    store = CachedSessionStore(MemorySessionStore(), Closed())
    session = store.create("ana")
    assert store.get(session.session_id) == session
    assert store.stats().errors == 1


def test_a_cache_of_a_parent_process_is_refused() -> None:
    """In a child each use of an inherited cache is an error at once, though a thread of the parent
    held its lock at the fork; a store is not even made over it. One of its own works."""
    cache = MemorySessionCache()
    store = CachedSessionStore(MemorySessionStore(), cache)
    with cache._lock:
        pid = os.fork()
        if pid == 0:
            os._exit(_as_a_child(store, cache))
    deadline_at = time.monotonic() + 20
    while (done := os.waitpid(pid, os.WNOHANG))[0] == 0:
        assert time.monotonic() < deadline_at, "the child hangs"
        time.sleep(0.01)
    assert os.waitstatus_to_exitcode(done[1]) == 0


def _as_a_child(store: CachedSessionStore, cache: MemorySessionCache) -> int:
    try:
        for refused in (
            lambda: cache.get(["any"]),
            lambda: cache.bury(["any"], lapse=1),
            lambda: store.get("any"),
            lambda: CachedSessionStore(MemorySessionStore(), cache),
        ):
            try:
                refused()
            except ConfigurationError:
                continue
            return 1
        own = CachedSessionStore(MemorySessionStore(), MemorySessionCache())
        session = own.create("ana")
        return 0 if own.get(session.session_id) == session else 2
    except BaseException:  # noqa: BLE001  nothing of pytest must go on in the child
        return 3


@pytest.mark.parametrize(
    ("shown", "wanted"),
    [
        ("<cache at cachehost:6379>", "<cache at cachehost:6379>"),
        ("<cache redis://:hunter2@cachehost>", "Shown"),
        ("Cache(password='hunter2')", "Shown"),
    ],
)
def test_a_store_shows_its_cache_without_secrets(shown: str, wanted: str) -> None:
    """What a cache says of itself is shown, unless it may hold a credential."""

    class Shown(MemorySessionCache):
        def __repr__(self) -> str:
            return shown

    store = CachedSessionStore(MemorySessionStore(), Shown())
    assert wanted in repr(store)
    assert "hunter2" not in repr(store)


def test_a_cache_that_fails_to_show_itself_is_named() -> None:
    """A repr of another's that fails is not this store's to fail of."""

    class Broken(MemorySessionCache):
        def __repr__(self) -> str:
            raise BackendUnavailableError("no")

    assert "Broken" in repr(CachedSessionStore(MemorySessionStore(), Broken()))
