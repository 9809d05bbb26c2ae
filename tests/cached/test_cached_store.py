"""What a cached store promises beyond the contract."""

import logging
from datetime import timedelta
from typing import Any

import pytest

from chatstore import (
    RetentionPolicy,
    Session,
    VersionConflictError,
)
from chatstore.cache.protocol import Snapshot, life_of

from .shared import Shared, said


@pytest.fixture
def shared() -> Shared:
    return Shared()


def test_a_second_read_is_a_hit_that_asks_the_primary_nothing(shared: Shared) -> None:
    """A hit is one request to the cache and none to the primary, and is a session of its own."""
    store = shared.client()
    session = store.create("ana", messages=[said("hello")])
    shared.storage.documents.clear()
    first, second = store.get(session.session_id), store.get_many([session.session_id])[0]
    assert first == second == session
    assert first is not second
    assert (store.stats().hits, store.stats().misses) == (2, 0)


def test_a_reader_with_a_larger_window_is_shown_all_of_it(shared: Shared) -> None:
    """A snapshot answers a reader only if it was cut no shorter than that reader's window."""
    large = shared.client(policy=RetentionPolicy(max_messages=20))
    small = shared.client(policy=RetentionPolicy(max_messages=3))
    session = large.create("ana", messages=[said(str(number)) for number in range(8)])
    shared.cache.forget()
    assert len(small.get(session.session_id).messages) == 3
    assert len(large.get(session.session_id).messages) == 8
    assert len(small.get(session.session_id).messages) == 3
    assert (small.stats().hits, small.stats().misses) == (1, 1)
    assert (large.stats().hits, large.stats().misses) == (0, 1)


def test_a_window_cut_by_bytes_is_not_taken_for_all(shared: Shared) -> None:
    """Where bytes bound the window, a short one may have been cut anywhere."""
    tight = shared.client(policy=RetentionPolicy(max_message_bytes=300, max_window_bytes=300))
    wide = shared.client(policy=RetentionPolicy(max_messages=20, max_message_bytes=300))
    session = wide.create("ana", messages=[said("x" * 100) for _ in range(4)])
    shared.cache.forget()
    assert len(tight.get(session.session_id).messages) == 1
    assert len(wide.get(session.session_id).messages) == 4


def test_expiry_and_owner_are_checked_on_a_hit(shared: Shared) -> None:
    """A snapshot that has expired by this clock, or is another user's, is no answer."""
    store = shared.client(policy=RetentionPolicy(ttl=timedelta(minutes=1)))
    session = store.create("ana")
    assert store.get_many([session.session_id], user_id="ben") == []
    assert store.get_many([session.session_id], user_id="ana") == [session]
    shared.clock.advance(timedelta(minutes=1))
    assert store.get_many([session.session_id]) == []


def test_a_version_conflict_makes_the_next_read_ask_the_primary(shared: Shared) -> None:
    """Whoever read a stale snapshot and wrote at its version gets out of it by reading again."""
    store, other = shared.client(), shared.client()
    session = store.create("ana")
    shared.cache.is_off = True
    other.append(session.session_id, said("unheard"))
    shared.cache.is_off = False
    assert store.get(session.session_id).version == 1
    with pytest.raises(VersionConflictError):
        store.append(session.session_id, said("mine"), if_version=1)
    assert store.get(session.session_id).version == 2


def test_another_process_sees_an_old_state_for_max_staleness_at_most(shared: Shared) -> None:
    """After a lost message the bound holds, and it is counted from the question to the primary."""
    store, other = shared.client(max_staleness=60), shared.client(max_staleness=60)
    session = store.create("ana")
    shared.cache.is_off = True
    other.append(session.session_id, said("unheard"))
    shared.cache.is_off = False
    shared.time.now += 59
    assert store.get(session.session_id).version == 1
    shared.time.now += 1
    assert store.get(session.session_id).version == 2


def test_an_answer_that_comes_late_is_not_kept(shared: Shared) -> None:
    """An answer that took half of `max_staleness` is not put any more."""
    store = shared.client(max_staleness=60)
    session = store.create("ana")
    shared.cache.forget()
    slow = store.primary.get

    def get(session_id: str, **options: Any) -> Session:
        shared.time.now += 30
        return slow(session_id, **options)

    store.primary.get = get  # type: ignore[method-assign]
    store.get(session.session_id)
    assert shared.cache.get([session.session_id]) == {}


def test_a_cache_that_fails_is_left_alone_and_tried_again(
    shared: Shared, caplog: pytest.LogCaptureFixture
) -> None:
    """After three failures in a row nothing is sent for `pause` seconds; then one request tries;
    when it succeeds, all are sent again. It says so in the log."""
    caplog.set_level(logging.INFO)
    store = shared.client(pause=5)
    session = store.create("ana")
    shared.cache.is_off = True
    for _ in range(10):
        assert store.get(session.session_id) == session
    assert store.stats().errors == 3
    assert store.stats().left_alone == 8
    shared.time.now += 5
    store.get(session.session_id)
    assert store.stats().errors == 4
    shared.cache.is_off = False
    shared.time.now += 5
    before = shared.cache.reached
    store.get(session.session_id)
    assert store.get(session.session_id) == session
    assert shared.cache.reached > before + 1
    assert [record.levelname for record in caplog.records] == [
        *("WARNING", "WARNING", "WARNING", "INFO")
    ]


@pytest.mark.parametrize(
    "body",
    [
        b"[10, null]\n{garbage",
        b"[10]\n{}",
        b'["10", null]\n{}',
        b'[10, null]\n{"sessionId":"s","userId":"ana","createdAt":"2026-01-01T00:00:00Z"}',
    ],
    ids=["no JSON", "one bound", "a bound of text", "another version"],
)
def test_garbage_is_a_miss_and_is_cleared_away(shared: Shared, body: bytes) -> None:
    """A body that can't be read is no answer; a tombstone takes its place, and then a snapshot."""
    store = shared.client(max_staleness=60)
    session = store.create("ana")
    garbage = Snapshot(life_of(session), 9, body)
    shared.cache.put(
        {session.session_id: garbage}, asked_at=shared.time.now, lapse=600, wrote=False
    )
    assert store.get(session.session_id) == session
    shared.time.now += 1
    assert store.get(session.session_id) == session
    assert store.get(session.session_id) == session
    assert store.stats().hits == 1


def test_too_many_sessions_to_remember_are_read_from_the_primary(shared: Shared) -> None:
    """What had to be forgotten is doubted, until no older snapshot can be left."""
    store, other = shared.client(remembered=2, max_staleness=60), shared.client()
    first = store.create("ana")
    shared.cache.is_off = True
    store.append(first.session_id, said("mine"))
    for _ in range(2):
        store.create("ana")
    shared.cache.is_off = False
    assert other.stats().hits == 0
    shared.time.now += 5
    assert store.get(first.session_id).version == 2
