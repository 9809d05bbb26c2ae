"""A process that dies between two requests, and calls whose requests interleave."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from chatstore import ManualClock, Message, RetentionPolicy, Session, SessionNotFoundError
from chatstore_redis import RedisSessionStore
from redis_support.harness import RedisHarness, fake_redis
from redis_support.stepping import Calls, Died, dies_before, interleavings, stepped

Call = Callable[[RedisSessionStore], object]
MOST_STEPS = 30
FOREVER = RetentionPolicy(ttl=None)
MINUTE = RetentionPolicy(ttl=timedelta(minutes=1))


@pytest.fixture
def harness() -> Iterator[RedisHarness]:
    harness = fake_redis()
    yield harness
    harness.close()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


def message() -> Message:
    return Message(type="user_query", content="x")


def listed(store: RedisSessionStore, user_id: str = "ana") -> list[str]:
    return sorted(item.session_id for item in store.iter_sessions(user_id))


def members(harness: RedisHarness, user_id: str = "ana") -> int:
    """How many members a user's index has, dead ones too."""
    count: int = harness.send("ZCARD", harness.keys.index(user_id))
    return count


def deaths(call: Call, open_store: Callable[[], RedisSessionStore]) -> Iterator[int]:
    """Runs the call again and again, dying before its first request, its second, and so on, until
    it comes to its end; yields after each death."""
    for step in range(MOST_STEPS):
        store = stepped(open_store(), dies_before(step))
        try:
            call(store)
        except Died:
            yield step
        else:
            return
    raise AssertionError(f"the call takes more than {MOST_STEPS} requests")


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


def count_interleavings(
    harness: RedisHarness, prepare: Callable[[], Calls], check: Callable[[], None]
) -> int:
    """Checks after every order of the requests; how many there were."""
    count = 0
    for _ in interleavings(prepare):
        count += 1
        check()
        for key in harness.all_keys():
            harness.client.delete(key)
    return count


def test_create_beside_a_listing(harness: RedisHarness, clock: ManualClock) -> None:
    """In whatever order the requests of a `create`, a listing and a purge come, the session is
    found and listed afterwards: a young member is nobody's to remove."""
    store = harness.open(policy=FOREVER, clock=clock)

    def prepare() -> Calls:
        # A dead member of old gives the listing something to remove.
        store.create("ana", session_id="old")
        store.delete("old")
        clock.advance(timedelta(hours=2))
        return [
            (harness.open(clock=clock), lambda each: each.create("ana", session_id="chat")),
            (harness.open(clock=clock), lambda each: list(each.iter_sessions("ana"))),
        ]

    def check() -> None:
        assert store.get("chat").user_id == "ana"
        assert listed(store) == ["chat"]
        assert members(harness) == 1

    # 2 requests among 4 come in 15 orders.
    assert count_interleavings(harness, prepare, check) == 15


def test_create_of_a_known_id_beside_a_listing(harness: RedisHarness, clock: ManualClock) -> None:
    """The same for an id whose earlier session was deleted long ago."""
    store = harness.open(policy=FOREVER, clock=clock)

    def prepare() -> Calls:
        store.create("ana", session_id="chat")
        store.delete("chat")
        clock.advance(timedelta(hours=2))
        return [
            (harness.open(clock=clock), lambda each: each.create("ana", session_id="chat")),
            (harness.open(clock=clock), lambda each: list(each.iter_sessions("ana"))),
        ]

    def check() -> None:
        assert listed(store) == ["chat"]

    assert count_interleavings(harness, prepare, check) >= 15


@pytest.mark.parametrize("other", ["listing", "purge", "delete"])
def test_restore_beside_what_removes_members(
    harness: RedisHarness, clock: ManualClock, other: str
) -> None:
    """In whatever order the requests of a `restore` of an old session and of a listing, a purge or
    a deletion come, the session is listed afterwards if it is there: what removes a member looks
    again."""
    store = harness.open(policy=FOREVER, clock=clock)
    calls: dict[str, Call] = {
        "listing": lambda each: list(each.iter_sessions("ana")),
        "purge": lambda each: each.purge_expired(),
        "delete": lambda each: each.delete("chat"),
    }
    session = store.create("ana", session_id="chat")

    def prepare() -> Calls:
        # The member of a session that is gone.
        store.restore(session, overwrite=True)
        store.delete("chat")
        clock.advance(timedelta(hours=2))
        return [
            (harness.open(clock=clock), lambda each: each.restore(session)),
            (harness.open(clock=clock), calls[other]),
        ]

    def check() -> None:
        is_there = store.get_many(["chat"]) != []
        assert listed(store) == (["chat"] if is_there else [])
        if other != "delete":
            assert is_there

    assert count_interleavings(harness, prepare, check) >= 3


def test_create_beside_the_deletion_of_its_user(harness: RedisHarness, clock: ManualClock) -> None:
    """`delete_user` erases every trace, the member of a `create` in progress too: that session is
    found, and listed at the latest after the next `purge_expired`."""
    store = harness.open(policy=FOREVER, clock=clock)

    def prepare() -> Calls:
        store.create("ana", session_id="old")
        return [
            (harness.open(clock=clock), lambda each: each.create("ana", session_id="chat")),
            (harness.open(clock=clock), lambda each: each.delete_user("ana")),
        ]

    def check() -> None:
        is_there = store.get_many(["chat"]) != []
        store.purge_expired()
        assert listed(store) == (["chat"] if is_there else [])

    assert count_interleavings(harness, prepare, check) >= 10
