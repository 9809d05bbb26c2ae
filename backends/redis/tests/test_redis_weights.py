"""The weights of messages, which Redis keeps beside them."""

from collections.abc import Iterator

import pytest

from chatstore import Message
from chatstore.clock import Moment
from chatstore.engine import NO_CHANGES, Write
from chatstore.record.encode import stored_message
from chatstore_redis import RedisSessionStore
from redis_support.harness import RedisHarness, fake_redis, real_redis


@pytest.fixture(params=[fake_redis, real_redis])
def harness(request: pytest.FixtureRequest) -> Iterator[RedisHarness]:
    harness: RedisHarness = request.param()
    yield harness
    harness.close()


@pytest.mark.parametrize("head", [b"", b"x\0", b"12", b"99999999999999999\0"])
def test_the_weights_come_with_the_window(harness: RedisHarness, head: bytes) -> None:
    """A record brings its messages' weights, from their heads, and so does an append; a message
    whose head another program spoilt is weighed by its text."""
    messages = [
        Message(message_id=f"é{number}", type="u", content="é" * number) for number in (3, 9)
    ]
    expected = [stored_message(message).weight for message in messages]
    with harness.open() as store:
        store.create("ana", session_id="chat", messages=messages[:1])
        stored = store.engine.append(
            write(store), [stored_message(messages[1])], patch=NO_CHANGES, with_window=True
        )
        assert list(stored.weights or ()) == expected
        record = store.engine.load("chat")
        assert record is not None
        assert list(record.weights or ()) == expected
        assert (record.weights or ())[1:] == expected[1:]
        if head:
            key = harness.keys.session("chat")
            field: bytes = harness.send("HGET", key, "m:1")
            _, message_id, text = field.split(b"\0")
            harness.send("HSET", key, "m:1", b"%b%b\0%b" % (head, message_id, text))
            spoilt = store.engine.load("chat")
            assert spoilt is not None
            assert list(spoilt.weights or ()) == expected


def write(store: RedisSessionStore) -> Write:
    """A write on the session `chat`."""
    return Write("chat", None, None, Moment.read(store.clock), store.policy, renews=True)
