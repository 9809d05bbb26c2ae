"""The deadline of a call, its watchdog, and what a store does with both."""

import os
import socket
import threading
import time
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatstore import (
    BackendError,
    BackendUnavailableError,
    CachedSessionStore,
    ConfigurationError,
    InvalidInputError,
    MemorySessionCache,
    MemorySessionStore,
    open_store,
)
from chatstore.clock import Moment
from chatstore.memory import MemoryEngine
from chatstore.record.stored import Record
from chatstore.runtime import deadline
from chatstore.runtime.watchdog import Watchdog

PATIENCE = 30
"""Seconds after which a test that hangs fails instead."""
SOON = 0.05


@given(st.one_of(st.floats(), st.integers(), st.booleans(), st.text(), st.none(), st.binary()))
def test_a_deadline_is_a_number_of_seconds(value: object) -> None:
    """More than 0 and at most an hour; anything else is `InvalidInputError`, at opening."""
    if type(value) in (int, float) and 0 < value <= 3_600:  # type: ignore[operator]  # a number
        assert MemorySessionStore(deadline=value).deadline == value  # type: ignore[arg-type]
    else:
        with pytest.raises(InvalidInputError, match="deadline must be a number of seconds"):
            MemorySessionStore(deadline=value)  # type: ignore[arg-type]  # bad on purpose


BAD = ["", "0", "-1", "nan", "inf", "1e9", "ten", "1,5", "\0", "9" * 5000]


@pytest.mark.parametrize("text", BAD, ids=range(len(BAD)))
def test_a_deadline_in_a_url_is_one(text: str) -> None:
    """`?deadline=` takes the same numbers, and anything else is `ConfigurationError`."""
    with pytest.raises(ConfigurationError, match="deadline="):
        open_store(f"memory://?deadline={text}")
    with open_store("memory://?deadline=2.5") as store:
        assert isinstance(store, MemorySessionStore)
        assert store.deadline == 2.5


def test_an_inner_deadline_can_only_be_sooner() -> None:
    """A call inside another one has what is left of that, and gives it back."""
    with deadline.within(100):
        with deadline.within(1_000):
            assert deadline.seconds_left() <= 100  # type: ignore[operator]  # there is one
        with deadline.within(10):
            assert deadline.seconds_left() <= 10  # type: ignore[operator]
            assert deadline.seconds_left(5) <= 5  # type: ignore[operator]
        assert deadline.seconds_left() > 10  # type: ignore[operator]
    assert deadline.seconds_left() is None
    assert deadline.seconds_left(5) == 5


def test_no_wait_goes_beyond_the_deadline() -> None:
    """When time is up, or would be after a pause, engines are told before they wait."""
    with deadline.within(60):
        with pytest.raises(deadline.DeadlineError):
            deadline.pause(61)
        deadline.pause(0)
    with deadline.counted_from(time.monotonic() - 1), deadline.within(1):
        assert deadline.is_over()
        with pytest.raises(deadline.DeadlineError):
            deadline.seconds_left()
        with pytest.raises(deadline.DeadlineError), deadline.broken_off_by(pytest.fail):
            pytest.fail("the block was entered")


def test_only_the_outermost_call_has_waited() -> None:
    """The time that a call waited for its thread is its own; the steps of a long walk, and the
    calls inside a call, begin when they begin."""
    long_ago = time.monotonic() - PATIENCE

    class Walking(MemoryEngine):
        def delete_user(self, user_id: str, now: Moment) -> int:
            for _ in range(3):
                with deadline.each_step():
                    deadline.seconds_left()
            return super().delete_user(user_id, now)

    store = MemorySessionStore(Walking(), deadline=1)
    with deadline.counted_from(long_ago):
        assert store.delete_user("ana") == 0
        with pytest.raises(BackendUnavailableError):
            store.get_many([])
        with deadline.within(PATIENCE + 10), deadline.within(1):
            assert deadline.seconds_left() <= 1  # type: ignore[operator]  # there is one


def test_what_waits_is_broken_off() -> None:
    """A block that is still waiting at the deadline is broken off by another thread, be its socket
    as silent as it may."""
    ours, theirs = socket.socketpair()
    with ours, theirs, deadline.within(SOON):
        ours.settimeout(PATIENCE)
        with deadline.broken_off_by(lambda: ours.shutdown(socket.SHUT_RDWR)):
            assert ours.recv(1) == b""
        assert deadline.is_over()


def test_what_has_ended_is_left_alone() -> None:
    """A block that ended in time is never broken off: its socket may serve another call by then."""
    broken_off: list[str] = []
    later = threading.Event()
    with deadline.within(SOON):
        with deadline.broken_off_by(lambda: broken_off.append("ended")):
            pass
        with deadline.broken_off_by(later.set):
            assert later.wait(PATIENCE)
    assert broken_off == []


def test_a_sooner_watch_is_seen_first() -> None:
    """The watchdog sleeps until the first is due; one that is due sooner wakes it."""
    watchdog = Watchdog()
    late, soon = threading.Event(), threading.Event()
    now = time.monotonic()
    far = watchdog.watch(now + PATIENCE * 10, late.set)
    watchdog.watch(now + SOON, soon.set)
    assert soon.wait(PATIENCE)
    assert not late.is_set()
    far.end()


def test_an_interrupt_that_fails_stops_no_other(caplog: pytest.LogCaptureFixture) -> None:
    """The watchdog lives on, and says what happened."""
    watchdog = Watchdog()
    after = threading.Event()
    now = time.monotonic()
    watchdog.watch(now, lambda: [][0])
    watchdog.watch(now + SOON, after.set)
    assert after.wait(PATIENCE)
    assert "could not be broken off" in caplog.text


def test_many_threads_share_the_watchdog() -> None:
    """Each of many waits at once is broken off, none is missed, and those that end are not."""
    watchdog = Watchdog()
    outcomes: list[tuple[bool, bool]] = []

    def wait(number: int) -> None:
        broken_off = threading.Event()
        watch = watchdog.watch(time.monotonic() + SOON * (number % 3), broken_off.set)
        if ends_early := number % 4 == 0:
            watch.end()
        outcomes.append((ends_early, broken_off.wait(0 if ends_early else PATIENCE)))

    threads = [threading.Thread(target=wait, args=(number,)) for number in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # One that was due at once may be broken off before it can say that it has ended.
    assert all(was_broken_off or ended for ended, was_broken_off in outcomes)
    assert len(outcomes) == 40


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_a_child_has_a_watchdog_of_its_own() -> None:
    """After a fork the watchdog's thread is the parent's alone: a child starts another."""
    with deadline.within(PATIENCE), deadline.broken_off_by(lambda: None):
        pass
    child = os.fork()
    if child == 0:
        broken_off = threading.Event()
        with deadline.within(SOON), deadline.broken_off_by(broken_off.set):
            os._exit(0 if broken_off.wait(PATIENCE) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


class Waiting(MemoryEngine):
    """An engine that never answers, and knows how to be broken off."""

    def load(
        self, session_id: str, *, latest: bool = False, last: int | None = None
    ) -> Record | None:
        broken_off = threading.Event()
        with deadline.broken_off_by(broken_off.set):
            assert broken_off.wait(PATIENCE)
            raise OSError("the socket was shut down")

    def load_many(self, session_ids: Sequence[str]) -> Any:
        return {session_id: self.load(session_id) for session_id in session_ids}


def test_a_late_call_is_unavailable() -> None:
    """Whatever an engine makes of being broken off, the caller gets one error, which may be retried
    and says what the deadline is."""
    with pytest.raises(BackendUnavailableError, match=r"within 0\.05 seconds") as raised:
        MemorySessionStore(Waiting(), deadline=SOON).get("one")
    assert isinstance(raised.value.__cause__, OSError)
    assert raised.value.retryable


def test_the_cached_store_has_one_deadline_for_both() -> None:
    """The cache's and the primary's time together is the cached store's deadline: the primary's
    unless it is given."""
    primary = MemorySessionStore(Waiting(), deadline=PATIENCE)
    assert CachedSessionStore(primary, MemorySessionCache()).deadline == PATIENCE
    store = CachedSessionStore(primary, MemorySessionCache(), deadline=SOON)
    with pytest.raises(BackendUnavailableError):
        store.get("one")
    with pytest.raises(BackendUnavailableError):
        store.get_many(["one", "two"])


def test_what_no_mapping_knows_does_not_escape() -> None:
    """An exception that the backend's mapping has never heard of is a `BackendError` with the
    cause, and its text, which may quote what is stored, stays there."""

    class Odd(MemoryEngine):
        def load(
            self, session_id: str, *, latest: bool = False, last: int | None = None
        ) -> Record | None:
            raise ZeroDivisionError("hello from ana's window")

    with pytest.raises(BackendError, match="ZeroDivisionError") as raised:
        MemorySessionStore(Odd()).get("one")
    assert "ana" not in str(raised.value)
    assert isinstance(raised.value.__cause__, ZeroDivisionError)
