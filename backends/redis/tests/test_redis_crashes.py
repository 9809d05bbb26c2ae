"""A process that dies between two requests."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from chatstore import ManualClock, Session, SessionNotFoundError
from chatstore_redis import RedisSessionStore
from redis_support.harness import RedisHarness, fake_redis
from redis_support.outcomes import FOREVER, MINUTE, listed, members, message
from redis_support.stepping import Died, deaths, dies_before, stepped


@pytest.fixture
def harness() -> Iterator[RedisHarness]:
    harness = fake_redis()
    yield harness
    harness.close()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


def test_create_dies_at_each_step(harness: RedisHarness, clock: ManualClock) -> None:
    """`create` that dies leaves no session or, once the session is written, a listed one; a member
    too many is gone after the next listing of an hour later."""
    store = harness.open(policy=FOREVER, clock=clock)
    steps = 0
    for step in deaths(lambda each: each.create("ana", session_id="chat"), lambda: harness.open()):
        steps += 1
        with pytest.raises(SessionNotFoundError):
            store.get("chat")
        assert listed(store) == []
        assert members(harness) == step
        harness.send("DEL", harness.keys.index("ana"))
    assert steps == 2
    store.get("chat")
    dying = stepped(harness.open(policy=FOREVER, clock=clock), dies_before(1))
    with pytest.raises(Died):
        dying.create("ben", session_id="lost")
    clock.advance(timedelta(minutes=59))
    assert listed(store, "ben") == []
    assert members(harness, "ben") == 1
    clock.advance(timedelta(minutes=2))
    assert listed(store, "ben") == []
    assert members(harness, "ben") == 0


def test_a_dying_create_on_a_taken_id_hides_nothing(
    harness: RedisHarness, clock: ManualClock
) -> None:
    """A `create` that meets a live session, or dies before it does, leaves that one as it is."""
    store = harness.open(policy=FOREVER, clock=clock)
    session = store.create("ana", session_id="chat")
    clock.advance(timedelta(minutes=1))
    for step in range(2):
        with pytest.raises(Died):
            stepped(harness.open(clock=clock), dies_before(step)).create("ana", session_id="chat")
        assert store.get("chat") == session
        assert listed(store) == ["chat"]
    assert members(harness) == 2
    clock.advance(timedelta(hours=2))
    assert listed(store) == ["chat"]
    assert members(harness) == 1


def test_restore_dies_at_each_step(harness: RedisHarness, clock: ManualClock) -> None:
    """`restore` that dies leaves no session, or one that `get` finds and the next
    `purge_expired`, or the same `restore` again, lists."""
    store = harness.open(policy=FOREVER, clock=clock)
    session = store.create("ana", session_id="chat", messages=[message()])
    clock.advance(timedelta(days=1))
    for heal in (RedisSessionStore.purge_expired, _restore_again(session)):
        store.delete("chat")
        assert listed(store) == []
        for step in deaths(lambda each: each.restore(session), lambda: harness.open(clock=clock)):
            assert step in (0, 1)
            if step == 0:
                with pytest.raises(SessionNotFoundError):
                    store.get("chat")
            else:
                assert store.get("chat") == session
                heal(store)
                assert listed(store) == ["chat"]
                store.delete("chat")
        assert store.get("chat") == session
        assert listed(store) == ["chat"]


def _restore_again(session: Session) -> Callable[[RedisSessionStore], None]:
    return lambda store: store.restore(session, overwrite=True)


@pytest.mark.parametrize("overwritten_owner", ["ana", "ben"])
def test_an_overwriting_restore_dies_at_each_step(
    harness: RedisHarness, clock: ManualClock, overwritten_owner: str
) -> None:
    """`restore` over a live session leaves the one or the other whole, and listed where it
    belongs once the index has healed."""
    store = harness.open(policy=FOREVER, clock=clock)
    session = store.create("ana", session_id="chat", messages=[message()])
    for step in range(3):
        store.delete("chat")
        clock.advance(timedelta(hours=3))
        other = store.create(overwritten_owner, session_id="chat")
        dying = stepped(harness.open(clock=clock), dies_before(step))
        try:
            dying.restore(session, overwrite=True)
        except Died:
            assert step < 2
        there = store.get("chat")
        assert there == (other if step == 0 else session)
        clock.advance(timedelta(hours=3))
        store.purge_expired()
        assert listed(store, there.user_id) == ["chat"]
        assert members(harness, "ana") + members(harness, "ben") == 1


def test_delete_dies_at_each_step(harness: RedisHarness, clock: ManualClock) -> None:
    """`delete` is one step: the session is there or it is not; its member goes with a listing."""
    store = harness.open(policy=FOREVER, clock=clock)
    store.create("ana", session_id="chat")
    for step in deaths(lambda each: each.delete("chat"), lambda: harness.open(clock=clock)):
        assert step == 0
        assert listed(store) == ["chat"]
    assert listed(store) == []
    clock.advance(timedelta(hours=2))
    assert listed(store) == []
    assert members(harness) == 0


def test_a_listing_dies_at_each_step(harness: RedisHarness, clock: ManualClock) -> None:
    """A listing that dies while it removes dead members loses no live session."""
    store = harness.open(policy=FOREVER, clock=clock)
    for number in range(6):
        store.create("ana", session_id=f"{number}")
    clock.advance(timedelta(hours=2))

    def again() -> RedisSessionStore:
        for number in range(3):
            store.get_or_create(f"{number}", user_id="ana")
            store.delete(f"{number}")
        return harness.open(policy=FOREVER, clock=clock)

    steps = sum(1 for _ in deaths(lambda each: list(each.iter_sessions("ana")), again))
    assert steps == 4  # members, sessions, removal, second look
    assert listed(store) == ["3", "4", "5"]


@pytest.mark.parametrize("call", ["delete_user", "purge_expired"])
def test_maintenance_dies_at_each_step(
    harness: RedisHarness, clock: ManualClock, call: str
) -> None:
    """`delete_user` and `purge_expired` that die can be called again, and then leave nothing;
    meanwhile every live session of others is found and listed."""
    kept = harness.open(policy=FOREVER, clock=clock)
    brief = harness.open(policy=MINUTE, clock=clock)
    kept.create("ben", session_id="kept")

    def again() -> RedisSessionStore:
        for _ in range(3):
            brief.create("ana")
        clock.advance(timedelta(hours=2))
        return harness.open(clock=clock)

    def run(store: RedisSessionStore) -> object:
        return store.delete_user("ana") if call == "delete_user" else store.purge_expired()

    steps = 0
    for _ in deaths(run, again):
        steps += 1
        assert kept.get("kept").session_id == "kept"
        assert listed(kept, "ben") == ["kept"]
        assert listed(kept) == []
    assert steps >= 3
    assert members(harness) == 0
    assert harness.session_keys() == [harness.keys.session("kept")]
