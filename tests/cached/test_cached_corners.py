"""What a cached store promises when calls overlap, and when primary and cache fail."""

import threading
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from chatstore import (
    BackendUnavailableError,
    CachedSessionStore,
    MemorySessionStore,
    RetentionPolicy,
    Session,
    utc_now,
)
from chatstore.cache.knowledge import Knowledge
from chatstore.cache.protocol import Version
from chatstore.record import limits
from chatstore.runtime.deadline import DEFAULT_DEADLINE

from .shared import Shared, said


@pytest.fixture
def shared() -> Shared:
    return Shared()


class AnyStore:
    """A store of another author's, which derives from none of chatstore's classes, and has what the
    protocols name and nothing else."""

    def __init__(self, store: MemorySessionStore) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        if name in ("clock", "deadline", "stored_ids"):
            raise AttributeError(name)
        return getattr(self._store, name)


def test_a_message_is_stored_while_the_cache_is_left_alone(shared: Shared) -> None:
    """An append then asks the primary for no window that nobody would take."""
    store = shared.client()
    session = store.create("ana")
    shared.cache.is_off = True
    for _ in range(3):
        store.get(session.session_id)
    reached = shared.cache.reached
    info = store.append(session.session_id, said("alone"))
    assert (info.version, info.message_count) == (2, 1)
    assert shared.cache.reached == reached
    assert store.get(session.session_id).messages[0].content == "alone"


def test_a_read_that_a_write_overtook_says_nothing_to_the_cache(shared: Shared) -> None:
    """The older answer is not put: the cache keeps what the write left."""
    store = shared.client()
    session = store.create("ana")
    shared.time.now += 600

    class Overtaken(MemorySessionStore):
        def get(self, session_id: str, **options: Any) -> Session:
            found = super().get(session_id, **options)
            store.append(session_id, said("in between"))
            return found

    primary = store.primary
    store.primary = Overtaken(shared.storage, clock=shared.clock)
    assert store.get(session.session_id).version == 1
    store.primary = primary
    refused = store.stats().stale_puts
    assert store.get(session.session_id).version == 2
    assert store.stats().stale_puts == refused == 0


def test_a_users_sessions_are_forgotten_over_any_store(shared: Shared) -> None:
    """Another author's store can be in front: what it lists of a user is not answered by the cache
    once the user was erased."""
    primary: Any = AnyStore(MemorySessionStore(shared.storage, clock=shared.clock))
    store = CachedSessionStore(primary, shared.cache, monotonic=shared.time)
    session = store.create("ana")
    assert store.get_many([session.session_id]) == [session]
    assert store.delete_user("ana") == 1
    assert store.get_many([session.session_id]) == []
    assert shared.cache.get([session.session_id]) == {}


def test_what_another_authors_store_does_not_say_has_a_default(shared: Shared) -> None:
    """A store without a clock or a deadline is given the usual ones, or the caller's."""
    primary: Any = AnyStore(MemorySessionStore(shared.storage))
    store = CachedSessionStore(primary, shared.cache)
    assert (store.clock, store.deadline) == (utc_now, DEFAULT_DEADLINE)
    chosen = CachedSessionStore(primary, shared.cache, clock=shared.clock, deadline=3)
    assert (chosen.clock, chosen.deadline) == (shared.clock, 3)


def test_a_cache_in_front_of_a_cached_store_forgets_all_of_a_user(shared: Shared) -> None:
    """A cached store tells what its primary does of a user's sessions: those too that have expired
    by its own clock and live by another."""
    inner = shared.client(policy=RetentionPolicy(ttl=timedelta(minutes=1)))
    session_ids = [inner.create("ana").session_id for _ in range(3)]
    shared.clock.advance(timedelta(days=1))
    assert list(inner.iter_sessions("ana")) == []
    assert sorted(CachedSessionStore(inner, shared.cache).stored_ids("ana")) == sorted(session_ids)


def test_a_user_with_many_sessions_is_forgotten_whole(
    shared: Shared, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many pages of sessions a user has, none is answered by the cache afterwards."""
    monkeypatch.setattr(limits, "MAX_PAGE", 2)
    store = shared.client()
    session_ids = [store.create("ana").session_id for _ in range(5)]
    assert len(shared.cache.get(session_ids)) == 5
    assert store.delete_user("ana") == 5
    assert shared.cache.get(session_ids) == {}


def test_a_session_that_came_while_the_user_was_erased_is_doubted(shared: Shared) -> None:
    """More was erased than had been listed: until it was read again, nothing is believed of any
    session."""
    store, other = shared.client(), shared.client()
    bens = store.create("ben")

    class Joined(MemorySessionStore):
        def delete_user(self, user_id: str) -> int:
            other.create(user_id, session_id="late")
            return super().delete_user(user_id)

    store.primary = Joined(shared.storage, clock=shared.clock)
    assert store.delete_user("ana") == 1
    hits = store.stats().hits
    assert store.get_many(["late"]) == []
    assert store.get(bens.session_id) == bens
    assert store.stats().hits == hits


def test_a_failed_read_of_many_is_the_primarys_error(shared: Shared) -> None:
    """What the primary can't answer is its own error, and doubts nothing."""
    store = shared.client()

    class Failing(MemorySessionStore):
        def get_many(
            self, session_ids: Iterable[str], *, user_id: str | None = None
        ) -> list[Session]:
            raise BackendUnavailableError("gone")

    kept = store.create("ana")
    store.primary = Failing(shared.storage, clock=shared.clock)
    with pytest.raises(BackendUnavailableError):
        store.get_many(["unknown"])
    assert store.get_many([kept.session_id]) == [kept]


def test_a_failed_create_without_an_id_is_the_primarys_error(shared: Shared) -> None:
    """Nobody knows the id that it would have had, so there is no session to doubt."""
    store = shared.client()

    class Failing(MemorySessionStore):
        def create(self, user_id: str, **_: Any) -> Session:
            raise BackendUnavailableError("gone")

    kept = store.create("ana")
    store.primary = Failing(shared.storage, clock=shared.clock)
    with pytest.raises(BackendUnavailableError):
        store.create("ana")
    assert store.get(kept.session_id) == kept
    assert store.stats().hits == 1


def test_a_store_may_remember_nothing() -> None:
    """Then every session is doubted, as long as a snapshot may live."""
    knowledge = Knowledge(kept=60, most=0)
    began = knowledge.begin()
    assert knowledge.admits("any", Version("life", 1), began)
    assert not knowledge.admits("any", Version("life", 1), began)
    knowledge.now += 60
    assert knowledge.admits("any", Version("life", 1), began)


def test_what_no_snapshot_can_contradict_is_forgotten() -> None:
    """After the longest life of a snapshot nothing has to be remembered: neither what was returned
    nor a tombstone that arrives so late."""
    knowledge = Knowledge(kept=60, most=10)
    assert knowledge.answered("old", Version("life", 5), knowledge.begin()).is_last_word
    ticket = knowledge.owe("late")
    knowledge.now += 60
    knowledge.settle("late", ticket)
    heard = knowledge.answered("late", Version("life", 1), knowledge.begin())
    assert heard.is_last_word
    assert not heard.owes
    assert knowledge.admits("old", Version("life", 4), knowledge.begin())


def test_a_client_makes_one_step_at_a_time(shared: Shared, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many threads call, nothing else happens in a client between two requests of a call:
    that is what the search over all orders takes for granted."""
    store = shared.client()
    session_id = store.create("ana").session_id
    inside: list[str] = []
    overlapped: list[str] = []
    begin = Knowledge.begin

    def slow(knowledge: Knowledge) -> int:
        overlapped.extend(inside)
        inside.append(threading.current_thread().name)
        time.sleep(0.001)
        inside.pop()
        return begin(knowledge)

    monkeypatch.setattr(Knowledge, "begin", slow)
    with ThreadPoolExecutor(8) as threads:
        for _ in threads.map(store.get, [session_id] * 40):
            pass
    assert overlapped == []
