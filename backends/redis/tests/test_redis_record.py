"""The stored record: its golden form, and what other clients' settings make of it."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import fakeredis
import pytest
import redis
from redis.cluster import RedisCluster

from chatstore import (
    CorruptSessionError,
    ExtractedFilters,
    ManualClock,
    Message,
    RetentionPolicy,
    Session,
    VersionConflictError,
    YearRange,
)
from chatstore.engine import Position
from chatstore_redis import RedisSessionStore
from chatstore_redis.keys import member
from redis_support.calls import SESSION, WRITES
from redis_support.harness import RedisHarness, cluster_url, fake_redis, real_redis, server_url

GOLDEN = Path(__file__).parent / "golden" / "session.json"
NOON = datetime(2026, 3, 1, 12, 0, 0, 250_000, tzinfo=UTC)


@pytest.fixture(params=[fake_redis, real_redis])
def harness(request: pytest.FixtureRequest) -> Iterator[RedisHarness]:
    harness: RedisHarness = request.param()
    yield harness
    harness.close()


def golden_session() -> Session:
    """A session with something in each attribute."""
    return Session.model_validate(
        {
            "sessionId": "chat {1}: é\n😀",
            "userId": "ana",
            "createdAt": NOON,
            "updatedAt": NOON,
            "ttl": 1_774_958_400,
            "messages": [
                Message(
                    message_id="m:1",
                    type="user_query",
                    content='A "quoted" \\ text\nwith é and 😀',
                    timestamp=NOON,
                ),
                Message(
                    message_id="m:2",
                    type="trini_response",
                    content="",
                    timestamp=NOON,
                    extracted_filters=ExtractedFilters(
                        genres=["action"],
                        year_range=YearRange(min=1990, max=2023),
                        rating=7.0,
                        keywords=["superhero"],
                    ),
                    recommendations=["movie1", "movie2"],
                    confidence=0.85,
                ),
            ],
            "userPreferences": {"genres": ["action", None, {}], "é{": 10**23},
            "metadata": {"title": "Films", "empty": []},
            "messageCount": 12,
            "sessionStatus": "closed",
            "version": 9_007_199_254_740_992,
            "creationId": "c1",
            "future": {"nested": [1, 2.5, True, None]},
            "absent": None,
        }
    )


def stored(harness: RedisHarness, session_id: str) -> dict[str, str]:
    raw = harness.raw_read(session_id)
    assert isinstance(raw, dict)
    return {name.decode(): value.decode() for name, value in raw.items()}


def test_the_stored_form_is_the_golden_one(harness: RedisHarness) -> None:
    """A change of stored format is a decision: the whole hash of one session, checked in."""
    session = golden_session()
    store = harness.open(clock=ManualClock(NOON))
    store.restore(session)
    expected = json.loads(GOLDEN.read_text("utf-8"))
    assert stored(harness, session.session_id) == expected["fields"]
    (index_member,) = harness.send("ZRANGE", harness.keys.index("ana"), 0, -1)
    assert index_member.decode() == expected["member"]
    names = {key.decode().removeprefix(harness.prefix) for key in harness.all_keys()}
    assert names == set(expected["keys"])
    assert store.get(session.session_id) == session


def test_the_golden_form_can_be_read(harness: RedisHarness) -> None:
    """What was stored once stays readable."""
    expected = json.loads(GOLDEN.read_text("utf-8"))
    session = golden_session()
    flat = [part for pair in expected["fields"].items() for part in pair]
    harness.send("HSET", harness.keys.session(session.session_id), *flat)
    assert harness.open(clock=ManualClock(NOON)).get(session.session_id) == session


def test_writes_leave_what_restore_would(harness: RedisHarness) -> None:
    """A record that many writes made is stored as the same record restored is, but for the
    sequence numbers: nothing of pruned or replaced messages is left behind."""
    store = harness.open(policy=RetentionPolicy(max_messages=3), clock=ManualClock(NOON))
    for number in range(3):
        store.create("ana", session_id="chat", metadata={"a": 1})
        for size in (1, 2, 7, 3, 1):
            store.append("chat", *[Message(type="t", content=f"{number}") for _ in range(size)])
        store.rewrite("chat", [Message(type="t", content="x") for _ in range(5)], if_version=None)
        store.update("chat", metadata={"a": None, "b": 2})
        written = stored(harness, "chat")
        store.restore(store.get("chat"), overwrite=True)
        assert stored(harness, "chat") == written
        store.append("chat", Message(type="t", content="y"))
        assert len(stored(harness, "chat")) == len(written)
        store.delete("chat")


def test_counters_beyond_a_double_are_exact(harness: RedisHarness) -> None:
    """`version` and `message_count` count on exactly from the greatest values a record may have."""
    store = harness.open(clock=ManualClock(NOON))
    session = golden_session().model_copy(update={"message_count": 2**53})
    store.restore(session)
    info = store.append(session.session_id, Message(type="t", content="x"))
    assert (info.version, info.message_count) == (2**53 + 1, 2**53 + 1)
    with pytest.raises(VersionConflictError):
        store.append(session.session_id, Message(type="t", content="x"), if_version=2**53)


FOREIGN_BYTES: dict[str, bytes] = {
    "sessionStatus": b"\xff",
    "updatedAt": b"\xff\xfe",
    "createdAt": b"\xfe",
    "userPreferences": b"a\xffb",
    "metadata": b"odd\0",
    "unknown": b"name\0",
    "version": b'1,"version":2}',
    "first": b"x",
    "next": b"99999999999999",
    "m:0": b"\xff\xff",
    "m:1": b"1\0m:2\0\xfe",
}


@pytest.mark.parametrize("field", FOREIGN_BYTES)
def test_foreign_bytes_never_pass_for_a_session(harness: RedisHarness, field: str) -> None:
    """A field that holds what chatstore can't have written makes the record unreadable; nothing
    of it shows as another field's, and `delete` removes it."""
    session = golden_session()
    store = harness.open(clock=ManualClock(NOON))
    store.restore(session)
    key = harness.keys.session(session.session_id)
    harness.send("HSET", key, field, FOREIGN_BYTES[field])
    with pytest.raises(CorruptSessionError):
        store.get(session.session_id)
    with pytest.raises(CorruptSessionError):
        store.get_many([session.session_id])
    assert store.delete(session.session_id)
    assert harness.send("EXISTS", key) == 0


@pytest.mark.parametrize("field", ["version", "messageCount", "first", "next", "weight"])
@pytest.mark.parametrize("name", sorted(WRITES.keys() - {"create", "delete", "restore"}))
def test_what_cant_be_counted_on_is_not_written_to(
    harness: RedisHarness, field: str, name: str
) -> None:
    """A counter that is no number makes a write a `CorruptSessionError`, and is left as it is."""
    store = harness.open()
    store.restore(SESSION)
    harness.send("HSET", harness.keys.session("chat"), field, b"many")
    before = harness.raw_read("chat")
    with pytest.raises(CorruptSessionError) as raised:
        WRITES[name](store)
    assert raised.value.session_id == "chat"
    assert harness.raw_read("chat") == before


def test_a_foreign_byte_moves_no_value(harness: RedisHarness) -> None:
    """Nor does a byte that stands between values in an answer let one value pass for the next
    one, in a record that lacks what may be missing."""
    key = harness.keys.session("chat")
    whole: dict[str, bytes] = {
        "sessionId": b"chat",
        "userId": b"ana",
        "createdAt": b"2026-03-01T12:00:00.000000Z",
        "sessionStatus": b"active",
        "ttl": b"4000000000",
    }
    store = harness.open(clock=ManualClock(NOON))
    harness.send("HSET", key, *(part for pair in whole.items() for part in pair))
    position = Position(whole["createdAt"].decode(), "chat")
    harness.send("ZADD", harness.keys.index("ana"), 0, member(position))
    assert store.get("chat").session_status == "active"
    harness.send("HSET", key, "sessionStatus", b"active\xffodd")
    with pytest.raises(CorruptSessionError):
        store.get("chat")
    with pytest.raises(CorruptSessionError):
        store.list_sessions("ana")
    assert harness.send("ZCARD", harness.keys.index("ana")) == 1


def test_nothing_of_a_replaced_record_is_left(harness: RedisHarness) -> None:
    """What replaces a record, an expired or a live one, is stored as if it came first: no ttl, no
    attribute, no message and no message's id of the old one remains."""
    clock = ManualClock(NOON)
    store = harness.open(policy=RetentionPolicy(ttl=None), clock=clock)
    old = golden_session()
    new = Session(session_id=old.session_id, user_id="ben", created_at=NOON)
    store.restore(new)
    fresh = stored(harness, new.session_id)
    for overwrite in (True, False):
        clock.now = NOON
        store.restore(old, overwrite=True)
        clock.advance(timedelta(days=60))
        store.restore(new, overwrite=overwrite)
        assert stored(harness, new.session_id) == fresh
    given = old.messages[0]
    assert store.append(new.session_id, given).message_count == 1


def test_a_missing_message_is_no_shorter_window(harness: RedisHarness) -> None:
    """A message that is gone from between the others is corruption, not a shorter window."""
    session = golden_session()
    store = harness.open(clock=ManualClock(NOON))
    store.restore(session)
    harness.send("HDEL", harness.keys.session(session.session_id), "m:0")
    with pytest.raises(CorruptSessionError):
        store.get(session.session_id)


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
@pytest.mark.parametrize("protocol", [2, 3])
def test_a_client_that_decodes_changes_nothing(encoding: str, protocol: int) -> None:
    """The caller's `decode_responses`, `encoding` and protocol do not show."""
    harness = real_redis()
    client = redis.Redis.from_url(
        server_url(), decode_responses=True, encoding=encoding, protocol=protocol
    )
    with client:
        store = RedisSessionStore(client, prefix=harness.prefix, clock=ManualClock(NOON))
        session = golden_session()
        store.restore(session)
        assert store.get(session.session_id) == session
        assert store.get_many([session.session_id]) == [session]
        assert [item.user_id for item in store.list_sessions("ana").items] == ["ana"]
        assert store.scan().items == [session]
        store.append(session.session_id, Message(type="t", content="é😀"))
        assert store.delete_user("ana") == 1
        assert store.purge_expired() == 0
    harness.close()


def test_a_cluster_client_that_decodes_changes_nothing() -> None:
    """The same in a cluster."""
    url = cluster_url().replace("redis+cluster", "redis")
    with RedisCluster.from_url(url, decode_responses=True) as client:
        store = RedisSessionStore(client, prefix="test decoding", clock=ManualClock(NOON))
        session = golden_session()
        store.restore(session, overwrite=True)
        assert store.get(session.session_id) == session
        assert store.get_many([session.session_id]) == [session]
        assert [item.user_id for item in store.list_sessions("ana").items] == ["ana"]
        assert store.scan().items == [session]
        assert store.delete_user("ana") == 1
        assert store.purge_expired() == 0


def test_prefixes_share_nothing() -> None:
    """Stores with other prefixes do not see each other, in `scan` and `purge_expired` neither."""
    client = fakeredis.FakeRedis()
    clock = ManualClock(NOON)
    stores = [
        RedisSessionStore(client, prefix=prefix, clock=clock)
        for prefix in ("a", "a:s", "a:u", "*", "[a]", "?", "{a}")
    ]
    for number, store in enumerate(stores):
        store.create(f"user {number}", session_id="chat")
    for number, store in enumerate(stores):
        assert [session.user_id for session in store.scan().items] == [f"user {number}"]
    clock.advance(timedelta(days=30))
    for store in stores:
        assert store.purge_expired() == 1
