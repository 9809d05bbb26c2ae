"""Walks over all sessions, of all users or of one: what comes and goes meanwhile, what others
left, and more than one request holds."""

import itertools
import json
from collections.abc import Iterator
from datetime import timedelta

import pytest

from chatstore import ManualClock, Page
from chatstore.engine.cursor import encode_scan_cursor
from chatstore_redis.harness import namespace
from loopback import LOOPBACK
from redis_support.harness import RedisHarness, fake_redis, real_cluster, real_redis, server_url
from redis_support.outcomes import FOREVER, MINUTE, listed, members
from redis_support.proxy import Command, Fault, Proxy, address
from redis_support.stepping import stepped


@pytest.fixture(params=[fake_redis, real_redis, real_cluster])
def harness(request: pytest.FixtureRequest) -> Iterator[RedisHarness]:
    harness: RedisHarness = request.param()
    yield harness
    harness.close()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


def cursor_at(node: str) -> str:
    """The cursor of a scan that stood in the middle of a node."""
    return encode_scan_cursor(json.dumps([[node, 7], []], separators=(",", ":")))


def test_a_scan_ends_behind_the_last_node(harness: RedisHarness) -> None:
    """A scan that stood at a node that has left the cluster ends if no other node follows."""
    store = harness.open()
    store.create("ana")
    assert store.scan(cursor=cursor_at("~")) == Page([], None)


def test_a_scan_goes_on_behind_a_node_that_left() -> None:
    """It goes on with those that follow, each from its beginning: the cursor was the other's."""
    harness = real_cluster()
    store = harness.open()
    created = {store.create("ana").session_id for _ in range(30)}
    found: list[str] = []
    cursor: str | None = cursor_at("!")
    while cursor is not None:
        page = store.scan(cursor=cursor)
        found += [session.session_id for session in page.items]
        cursor = page.next_cursor
    assert set(found) == created
    harness.close()


@pytest.mark.parametrize("sessions", [1, 2, 3, 4, 5])
def test_a_user_is_walked_in_chunks(
    harness: RedisHarness, clock: ManualClock, monkeypatch: pytest.MonkeyPatch, sessions: int
) -> None:
    """`purge_expired` and `delete_user` see to every member of an index, however many more they
    are than a request takes, though members go on the way."""
    monkeypatch.setattr("chatstore_redis.index._CHUNK", 2)
    store = harness.open(policy=FOREVER, clock=clock)
    for _ in range(sessions):
        store.delete(store.create("ana").session_id)
        store.create("ana")
    clock.advance(timedelta(hours=2))
    assert members(harness) == 2 * sessions
    assert store.purge_expired() == 0
    assert members(harness) == sessions
    assert store.delete_user("ana") == sessions
    assert harness.all_keys() == []


def test_a_session_that_goes_during_a_purge(harness: RedisHarness, clock: ManualClock) -> None:
    """`purge_expired` counts what it removed itself, and passes over a session that another client
    deleted after the walk had met it."""
    store = harness.open(policy=MINUTE, clock=clock)
    store.create("ana", session_id="first")
    store.create("ana", session_id="second")
    clock.advance(timedelta(hours=2))
    requests = itertools.count(1)

    def before_request() -> None:
        # The first request is the walk's, the second the removal of what it met.
        if next(requests) == 2:
            harness.send("DEL", harness.keys.session("first"))

    assert stepped(harness.open(clock=clock), before_request).purge_expired() == 1
    assert harness.all_keys() == []


PARTS: dict[str, dict[str, str]] = {
    "no owner": {"ttl": "1", "createdAt": "2026-01-01T00:00:00.000000Z"},
    "no time": {"ttl": "1", "userId": "ana"},
    "a ttl alone": {"ttl": "1"},
}


@pytest.mark.parametrize("lacking", PARTS)
def test_the_expired_part_of_a_record_is_purged(
    harness: RedisHarness, clock: ManualClock, lacking: str
) -> None:
    """An expired record that lacks what an index would need is removed and counted like any other,
    and the walk goes on behind it."""
    store = harness.open(policy=MINUTE, clock=clock)
    store.create("ana")
    fields = [text for pair in PARTS[lacking].items() for text in pair]
    harness.send("HSET", harness.keys.session("part"), *fields)
    clock.advance(timedelta(hours=2))
    assert store.purge_expired() == 2
    assert harness.all_keys() == []


@pytest.mark.parametrize(
    "fields", [("userId", "ana"), ("ttl", "99999999999"), ("ttl", "soon"), ("title", "Film")]
)
def test_what_may_live_is_never_purged(
    harness: RedisHarness, clock: ManualClock, fields: tuple[str, str]
) -> None:
    """A hash under a session's key that does not say that it has expired stays as it is, and gets
    into no index."""
    key = harness.keys.session("part")
    harness.send("HSET", key, *fields)
    assert harness.open(clock=clock).purge_expired() == 0
    assert harness.all_keys() == [key]
    assert listed(harness.open(clock=clock)) == []


def test_a_namespace_removes_nothing_of_others() -> None:
    """Keys that a server shows though they do not begin with the namespace's name are neither
    taken for the namespace's own nor removed."""
    harness = real_redis()
    harness.send("SET", harness.keys.session("precious"), "x")
    (precious,) = harness.all_keys()
    answer = b"*2\r\n$1\r\n0\r\n*1\r\n$%d\r\n%b\r\n" % (len(precious), precious)

    def judge(command: Command) -> Fault | bytes:
        return answer if command[0] == b"SCAN" else Fault.NONE

    with Proxy(address(server_url()), judge) as proxy:
        with namespace(f"redis://{LOOPBACK}:{proxy.port}/0", "test namespace"):
            pass
        assert proxy.names.count("SCAN") == 2
        assert "UNLINK" not in proxy.names
    assert harness.all_keys() == [precious]
    harness.close()
