"""When keys and index members go."""

import time
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from chatstore import ManualClock, Message, RetentionPolicy, SessionNotFoundError, utc_now
from redis_support.harness import RedisHarness, fake_redis, real_redis

DAY = 86_400
HOUR = RetentionPolicy(ttl=timedelta(hours=1))
HOUR_FROM_CREATION = RetentionPolicy(ttl=timedelta(hours=1), renew_on_write=False)
FOREVER = RetentionPolicy(ttl=None)


@pytest.fixture(params=[fake_redis, real_redis])
def harness(request: pytest.FixtureRequest) -> Iterator[RedisHarness]:
    harness: RedisHarness = request.param()
    yield harness
    harness.close()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(utc_now())


def lease(harness: RedisHarness, session_id: str = "chat") -> int:
    """Seconds until the server removes the key; -1: never."""
    seconds: int = harness.send("TTL", harness.keys.session(session_id))
    return seconds


def message() -> Message:
    return Message(type="user_query", content="x")


def about(seconds: int) -> object:
    return pytest.approx(seconds, abs=5)


@pytest.mark.parametrize("years_off", [0, -20, 20])
def test_a_key_outlives_its_session_by_a_day(
    harness: RedisHarness, clock: ManualClock, years_off: int
) -> None:
    """The key EXPIREs a day after `ttl`, relative to the caller's clock, however wrong that is."""
    clock.advance(timedelta(days=365 * years_off))
    store = harness.open(policy=HOUR, clock=clock)
    store.create("ana", session_id="chat")
    assert lease(harness) == about(3600 + DAY)


def test_every_write_keeps_the_lease_right(harness: RedisHarness, clock: ManualClock) -> None:
    """A renewing write sets it anew, one that does not renew keeps it at the same instant, a
    policy without TTL takes it off, and the next with one puts it on again."""
    hour = harness.open(policy=HOUR, clock=clock)
    fixed = harness.open(policy=HOUR_FROM_CREATION, clock=clock)
    forever = harness.open(policy=FOREVER, clock=clock)
    session = fixed.create("ana", session_id="chat")
    clock.advance(timedelta(minutes=30))
    fixed_writes: list[Callable[[], object]] = [
        lambda: fixed.append("chat", message()),
        lambda: fixed.rewrite("chat", [message()], if_version=None),
        lambda: fixed.update("chat", metadata={"a": 1}),
    ]
    for write in fixed_writes:
        write()
        assert lease(harness) == about(1800 + DAY)
    renewing_writes: list[Callable[[], object]] = [
        lambda: hour.append("chat", message()),
        lambda: hour.rewrite("chat", [message()], if_version=None),
        lambda: hour.update("chat", metadata={"a": 1}),
        lambda: fixed.update("chat"),
    ]
    for write in renewing_writes:
        forever.update("chat")
        assert lease(harness) == -1
        write()
        assert lease(harness) == about(3600 + DAY)
    hour.restore(session, overwrite=True)
    assert lease(harness) == about(1800 + DAY)
    forever.create("ana", session_id="new")
    assert lease(harness, "new") == -1


def test_an_expired_record_that_is_restored_stays_a_day(
    harness: RedisHarness, clock: ManualClock
) -> None:
    """A record restored long after its `ttl` is not removed at once: the clock may be wrong."""
    store = harness.open(policy=HOUR, clock=clock)
    session = store.create("ana", session_id="chat")
    clock.advance(timedelta(days=40))
    store.restore(session, overwrite=True)
    assert lease(harness) == about(DAY)
    with pytest.raises(SessionNotFoundError):
        store.get("chat")


@pytest.mark.parametrize("ttl", [2**53, 2**31, 10**12])
def test_a_ttl_beyond_any_clock_is_kept(
    harness: RedisHarness, clock: ManualClock, ttl: int
) -> None:
    """A `ttl` of any size the record may hold is stored, and written to, without an error."""
    store = harness.open(policy=HOUR_FROM_CREATION, clock=clock)
    session = store.create("ana", session_id="chat")
    store.restore(session.model_copy(update={"ttl": ttl}), overwrite=True)
    assert store.append("chat", message()).ttl == ttl


def test_the_index_of_the_expired_is_gone(harness: RedisHarness, clock: ManualClock) -> None:
    """After `purge_expired` the index of a user whose sessions have all expired is gone, whether
    they were young or the server had removed them already."""
    for policy in (RetentionPolicy(ttl=timedelta(minutes=1)), HOUR):
        store = harness.open(policy=policy, clock=clock)
        for number in range(5):
            store.create("ana", session_id=f"{number}")
        if policy is HOUR:
            harness.send("DEL", harness.keys.session("3"))
        clock.advance((policy.ttl or timedelta()) + timedelta(seconds=1))
        assert store.purge_expired() == (4 if policy is HOUR else 5)
        assert harness.all_keys() == []


def test_purging_keeps_what_lives(harness: RedisHarness, clock: ManualClock) -> None:
    """`purge_expired` keeps live sessions, and members that are younger than an hour."""
    brief = harness.open(policy=RetentionPolicy(ttl=timedelta(minutes=1)), clock=clock)
    store = harness.open(policy=FOREVER, clock=clock)
    brief.create("ana", session_id="brief")
    store.create("ana", session_id="kept")
    store.create("ana", session_id="deleted")
    store.delete("deleted")
    clock.advance(timedelta(minutes=2))
    assert store.purge_expired() == 1
    assert [item.session_id for item in store.list_sessions("ana").items] == ["kept"]
    assert harness.send("ZCARD", harness.keys.index("ana")) == 2


def test_the_member_of_a_session_that_changed_hands_goes(
    harness: RedisHarness, clock: ManualClock
) -> None:
    """A session restored with another owner and the same `created_at` is listed by its new owner
    alone, and its old member is removed."""
    store = harness.open(policy=FOREVER, clock=clock)
    session = store.create("ana", session_id="chat")
    store.restore(session.model_copy(update={"user_id": "ben"}), overwrite=True)
    clock.advance(timedelta(hours=2))
    assert store.list_sessions("ana").items == []
    assert [item.session_id for item in store.list_sessions("ben").items] == ["chat"]
    assert harness.send("ZCARD", harness.keys.index("ana")) == 0


def test_listing_passes_over_what_expired_but_is_there(
    harness: RedisHarness, clock: ManualClock
) -> None:
    """Members of sessions that are merely expired by this caller's clock are not removed: another
    clock may be the right one."""
    store = harness.open(policy=HOUR, clock=clock)
    store.create("ana", session_id="chat")
    fast = ManualClock(clock.now + timedelta(days=3))
    assert harness.open(policy=HOUR, clock=fast).list_sessions("ana").items == []
    assert [item.session_id for item in store.list_sessions("ana").items] == ["chat"]


def test_a_page_is_full_beyond_many_dead_members(harness: RedisHarness, clock: ManualClock) -> None:
    """A page holds its limit whatever lies dead, expired or filtered between the live ones."""
    store = harness.open(policy=FOREVER, clock=clock)
    brief = harness.open(policy=HOUR, clock=clock)
    for number in range(300):
        clock.advance(timedelta(seconds=1))
        kind = number % 3
        (brief if kind == 1 else store).create("ana", session_id=f"{number:03}")
        if kind == 2:
            store.delete(f"{number:03}")
    clock.advance(timedelta(hours=1))
    live = [f"{number:03}" for number in range(0, 300, 3)]
    page = store.list_sessions("ana", limit=99, newest_first=False)
    assert [item.session_id for item in page.items] == live[:99]
    assert page.next_cursor is not None
    last = store.list_sessions("ana", newest_first=False, cursor=page.next_cursor)
    assert [item.session_id for item in last.items] == live[99:]
    assert last.next_cursor is None


def test_the_server_reclaims_by_itself() -> None:
    """Redis removes the key of an expired session without anybody's help; on the real clock."""
    harness = real_redis()
    try:
        store = harness.open(policy=HOUR)
        session = store.create("ana", session_id="chat")
        # A record whose day after its `ttl` is nearly over.
        long_ago = ManualClock(utc_now() + timedelta(hours=1, seconds=DAY - 1))
        assert session.ttl is not None
        key = harness.keys.session("chat")
        harness.send("EXPIRE", key, session.ttl + DAY - int(long_ago.now.timestamp()))
        deadline = time.monotonic() + 20
        while harness.send("EXISTS", key) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert harness.send("EXISTS", key) == 0
    finally:
        harness.close()
