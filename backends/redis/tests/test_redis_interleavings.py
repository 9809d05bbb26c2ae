"""Two calls at once, in every order of their requests; `delete_user` has a file of its own."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from chatstore import ManualClock
from redis_support.harness import RedisHarness, fake_redis
from redis_support.outcomes import FOREVER, listed, members
from redis_support.stepping import Call, Calls, interleavings


@pytest.fixture
def harness() -> Iterator[RedisHarness]:
    harness = fake_redis()
    yield harness
    harness.close()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


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
