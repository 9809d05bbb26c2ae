"""`delete_user` beside every call that writes a session, in every order of their requests."""

import contextlib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import redis

from chatstore import ManualClock, Message, Session, SessionNotFoundError
from chatstore_redis import RedisSessionStore
from loopback import LOOPBACK
from redis_support.harness import RedisHarness, fake_redis, server_url
from redis_support.outcomes import FOREVER, listed, members
from redis_support.proxy import Command, Fault, Proxy
from redis_support.servers import running
from redis_support.stepping import Call, Calls, interleavings


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


def append_if_there(store: RedisSessionStore) -> None:
    with contextlib.suppress(SessionNotFoundError):
        store.append("old", message())


BESIDE: dict[str, Call] = {
    "create of another id": lambda store: store.create("ana", session_id="new"),
    "create of the id, in the same instant": lambda store: store.get_or_create(
        "old", user_id="ana"
    ),
    "create of a deleted id, in the same instant": lambda store: store.create(
        "ana", session_id="gone"
    ),
    "append": append_if_there,
    "restore": lambda store: store.restore(_kept(store), overwrite=True),
    "delete": lambda store: store.delete("old"),
    "listing": lambda store: list(store.iter_sessions("ana")),
    "purge": lambda store: store.purge_expired(),
    "another erasure": lambda store: store.delete_user("ana"),
}


def _kept(store: RedisSessionStore) -> Session:
    kept: Session = store.kept  # type: ignore[attr-defined]  # laid there by the test
    return kept


@pytest.mark.parametrize("hours", [0, 2])
@pytest.mark.parametrize("name", BESIDE)
def test_delete_user_beside_another_call(
    harness: RedisHarness, clock: ManualClock, name: str, hours: int
) -> None:
    """In whatever order their requests come: each session that lives afterwards is listed, its
    owner's next `delete_user` finds it, and no record stays."""
    store = harness.open(policy=FOREVER, clock=clock)
    orders = 0

    def prepare() -> Calls:
        store.create("ana", session_id="gone")
        store.delete("gone")
        session = store.create("ana", session_id="old", messages=[message()])
        clock.advance(timedelta(hours=hours))
        other = harness.open(policy=FOREVER, clock=clock)
        other.kept = session  # type: ignore[attr-defined]  # for `restore`
        return [
            (other, BESIDE[name]),
            (harness.open(policy=FOREVER, clock=clock), lambda each: each.delete_user("ana")),
        ]

    for _ in interleavings(prepare):
        orders += 1
        living = [each.session_id for each in store.get_many(["old", "new", "gone"])]
        assert listed(store) == sorted(living)
        assert store.delete_user("ana") == len(living)
        assert harness.session_keys() == []
        for key in harness.all_keys():
            harness.client.delete(key)
    assert orders >= 3


def test_members_that_were_kept_do_not_stay(harness: RedisHarness, clock: ManualClock) -> None:
    """What `delete_user` erased is in no index any more; the member of a session that was not there
    is removed by the first listing, purge or erasure that comes an hour after its creation."""
    store = harness.open(policy=FOREVER, clock=clock)
    for call in (
        lambda: list(store.iter_sessions("ana")),
        store.purge_expired,
        lambda: store.delete_user("ana"),
    ):
        store.create("ana", session_id="erased")
        store.create("ana", session_id="deleted")
        store.delete("deleted")
        assert store.delete_user("ana") == 1
        assert members(harness) == 1
        clock.advance(timedelta(hours=2))
        call()
        assert harness.all_keys() == []


def test_a_create_that_was_sent_again(tmp_path: Path) -> None:
    """A `create` whose answer was lost is sent again; an erasure in between leaves no session that
    no list shows."""
    server_url()
    with running(tmp_path) as server, redis.Redis(port=server.port) as behind:
        eraser = RedisSessionStore(behind)
        eraser.ping()
        puts = 0

        def judge(command: Command) -> Fault:
            nonlocal puts
            is_put = command[0].startswith(b"EVAL")
            puts += is_put
            if is_put and puts == 2:
                # The first was EVALSHA or its EVAL; its answer is lost below.
                eraser.delete_user("ana")
            return Fault.DROP_ANSWER if is_put and puts == 1 else Fault.NONE

        with redis.Redis(port=server.port) as warm:
            store = RedisSessionStore(warm)
            store.delete(store.create("warm").session_id)
        with (
            Proxy((LOOPBACK, server.port), judge) as proxy,
            redis.Redis(host=LOOPBACK, port=proxy.port) as client,
        ):
            RedisSessionStore(client).create("ana", session_id="chat")
        assert puts >= 2
        assert eraser.get("chat").user_id == "ana"
        assert listed(eraser) == ["chat"]
