"""What an append costs on Redis, against the two requests by which a list of messages is commonly
kept: RPUSH and EXPIRE. `redis_floor.py` runs it."""

import json
from collections.abc import Iterator
from itertools import cycle

import redis

from chatstore import Message
from chatstore_redis import RedisSessionStore
from messages import new_message
from rounds import Figure, measured


class MessageLists:
    """A list of each session's messages. It is neither pruned nor counted, and what was sent before
    is not recognised."""

    def __init__(self, client: redis.Redis, prefix: str) -> None:
        self._client = client
        self._prefix = prefix

    def append(self, session_id: str, message: Message) -> None:
        """Add a message at the end of the list, and let that live for 30 days more."""
        key = f"{self._prefix}:{session_id}"
        self._client.rpush(key, json.dumps(message.model_dump(mode="json")))
        self._client.expire(key, 2_592_000)


def against_two_requests(
    client: redis.Redis, prefix: str, *, rounds: int, calls: int
) -> Iterator[Figure]:
    """append, each message prepared anew, against two requests of redis-py's."""
    store = RedisSessionStore(client, prefix=prefix)
    lists = MessageLists(client, f"{prefix}:list")
    ids = [f"two-{number}" for number in range(20)]
    for session_id in ids:
        store.create("ana", session_id=session_id, messages=[new_message() for _ in range(10)])
    turns = cycle(ids)
    yield from measured(
        {
            "append": (
                lambda: lists.append(next(turns), new_message()),
                lambda: store.append(next(turns), new_message()),
            )
        },
        rounds=rounds,
        calls=calls,
    )
