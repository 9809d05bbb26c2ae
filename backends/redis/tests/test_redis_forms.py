"""The forms in which sessions are stored: what was written once is read and written on, and what a
later chatstore wrote is refused in words."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from chatstore import ManualClock, Message, RetentionPolicy, SchemaError
from chatstore.engine import Position
from chatstore_redis.deployment import Deployment
from chatstore_redis.index import UserIndex
from redis_support.calls import CALLS, MAINTENANCE
from redis_support.harness import RedisHarness, fake_redis, real_redis

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
THREE = RetentionPolicy(max_messages=3, ttl=None)


def field(message_id: str, content: str) -> str:
    """A message's field, as the first form has it."""
    return (
        f'71\0{message_id}\0{{"messageId":"{message_id}","type":"t","content":"{content}",'
        '"timestamp":"2026-03-01T12:00:00.000000Z"}'
    )


INFO = {
    "userId": "ana",
    "createdAt": "2026-03-01T12:00:00.000000Z",
    "sessionId": "chat",
    "updatedAt": "2026-03-01T12:00:00.000000Z",
    "sessionStatus": "active",
    "creationId": "89eae30e-dab9-48c8-a2ea-f1b43a6514c7",
    "version": "3",
    "userPreferences": "",
    "metadata": "",
}
FIRST_FORM: dict[str, dict[str, str]] = {
    "appended to, and pruned": {
        **INFO,
        "messageCount": "5",
        "first": "2",
        "next": "5",
        "weight": "225",
        "m:2": field("m3", "no. 3"),
        "m:3": field("m4", "no. 4"),
        "m:4": field("m5", "no. 5"),
        "i:m3": "2",
        "i:m4": "3",
        "i:m5": "4",
    },
    "rewritten": {
        **INFO,
        "messageCount": "7",
        "first": "0",
        "next": "2",
        "weight": "150",
        "m:0": field("m4", "no. 4"),
        "m:1": field("m5", "no. 5"),
        "i:m4": "0",
        "i:m5": "1",
    },
}
"""Whole keys, as chatstore has written them since the first form."""


@pytest.fixture(params=[fake_redis, real_redis])
def harness(request: pytest.FixtureRequest) -> Iterator[RedisHarness]:
    harness: RedisHarness = request.param()
    yield harness
    harness.close()


def lay(harness: RedisHarness, fields: dict[str, str]) -> None:
    """Put a key there, and its member of the index."""
    flat = [part for pair in fields.items() for part in pair]
    harness.send("HSET", harness.keys.session("chat"), *flat)
    position = Position("2026-03-01T12:00:00.000000Z", "chat")
    UserIndex(Deployment(harness.client), harness.keys).add("ana", position)


def lying(harness: RedisHarness) -> dict[str, str]:
    """The whole key."""
    raw = harness.raw_read("chat")
    assert isinstance(raw, dict)
    return {name.decode(): value.decode() for name, value in raw.items()}


def message(number: int) -> Message:
    return Message(message_id=f"m{number}", type="t", content=f"no. {number}", timestamp=NOON)


@pytest.mark.parametrize("name", FIRST_FORM)
def test_a_key_of_the_first_form_is_read(harness: RedisHarness, name: str) -> None:
    """Every read shows what lies there."""
    lay(harness, FIRST_FORM[name])
    with harness.open(clock=ManualClock(NOON)) as store:
        session = store.get("chat")
        ids = [each.message_id for each in session.messages]
        assert ids == (["m3", "m4", "m5"] if "pruned" in name else ["m4", "m5"])
        assert session.message_count == int(FIRST_FORM[name]["messageCount"])
        assert store.get_many(["chat"]) == store.scan().items == [session]
        (info,) = store.list_sessions("ana").items
        assert (info.message_count, info.version) == (session.message_count, 3)


@pytest.mark.parametrize("name", FIRST_FORM)
def test_a_key_of_the_first_form_is_written_on(harness: RedisHarness, name: str) -> None:
    """A write knows its messages again, goes on with their numbers, and leaves the form: who knows
    the first alone reads and writes the session beside this chatstore."""
    before = FIRST_FORM[name]
    lay(harness, before)
    with harness.open(policy=THREE, clock=ManualClock(NOON)) as store:
        assert store.append("chat", message(4), message(5)).version == 3
        assert lying(harness) == before
        assert store.append("chat", message(5), message(6), message(7)).version == 4
    following = int(before["next"])
    expected = {
        **INFO,
        "version": "4",
        "messageCount": str(int(before["messageCount"]) + 2),
        "first": str(following - 1),
        "next": str(following + 2),
        "weight": "225",
    }
    for sequence, number in enumerate((5, 6, 7), following - 1):
        expected[f"m:{sequence}"] = field(f"m{number}", f"no. {number}")
        expected[f"i:m{number}"] = str(sequence)
    assert lying(harness) == expected


@pytest.mark.parametrize("name", sorted(CALLS.keys() - MAINTENANCE - {"create", "restore", "ping"}))
def test_a_newer_form_is_refused(harness: RedisHarness, name: str) -> None:
    """What a later chatstore stored in another form is neither read nor written to: `SchemaError`,
    which says to upgrade. It can be deleted."""
    later = FIRST_FORM["rewritten"] | {"weight": "9:150", "version": "1"}
    lay(harness, later)
    with harness.open(policy=THREE, clock=ManualClock(NOON)) as store:
        if name == "delete":
            assert store.delete("chat")
            return
        with pytest.raises(SchemaError, match=r"newer chatstore .* upgrade"):
            CALLS[name](store)
    assert lying(harness) == later
