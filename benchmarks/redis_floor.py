"""What chatstore costs on Redis, against redis-py alone doing the same work.

The floor has the same hash, one EVALSHA or command for each call, and the same answers; it checks
expiry and duplicates alone, and its reads decode each stored message with `json.loads`. Messages
are shaped like the brief's, with contents of 200 bytes; windows are full. Neither side has hiredis.
Each figure is the median, over shuffled rounds, of the ratio of the rounds' medians.

    eval "$(scripts/servers env redis)"
    python benchmarks/redis_floor.py [--rounds 20] [--calls 100]
"""

import argparse
import hashlib
import json
import os
import sys
import time
import uuid
from collections.abc import Iterator
from itertools import cycle
from typing import Any

import redis
from redis.utils import HIREDIS_AVAILABLE

from chatstore import Message, RetentionPolicy, utc_now
from chatstore.clock import utc_text
from chatstore.engine.cursor import Position
from chatstore.record.encode import stored_message
from chatstore.record.stored import StoredSession
from chatstore_redis import RedisSessionStore
from chatstore_redis.fields import INFO_FIELDS, session_fields
from chatstore_redis.keys import Keys, member
from messages import new_message
from redis_two_requests import against_two_requests
from rounds import Figure, measured, report

_INFO = ", ".join(f"'{name.decode()}'" for name in INFO_FIELDS)
_APPEND = f"""
local key, now = KEYS[1], tonumber(ARGV[1])
local s = redis.call('HMGET', key, 'ttl', 'first', 'next', 'i:' .. ARGV[4])
if not s[2] or (s[1] and tonumber(s[1]) <= now) then
  return 'missing'
end
local first, following = tonumber(s[2]), tonumber(s[3])
if not s[4] then
  redis.call('HSET', key, 'm:' .. following, ARGV[5], 'i:' .. ARGV[4], following,
    'next', following + 1, 'updatedAt', ARGV[2], 'ttl', ARGV[3])
  redis.call('HINCRBY', key, 'version', 1)
  redis.call('HINCRBY', key, 'messageCount', 1)
  following = following + 1
  if following - first > 10 then
    local old = redis.call('HGET', key, 'm:' .. first)
    redis.call('HDEL', key, 'm:' .. first, 'i:' .. string.match(old, '%z([^%z]+)%z'))
    first = first + 1
    redis.call('HSET', key, 'first', first)
  end
  redis.call('EXPIRE', key, tonumber(ARGV[3]) - now + 86400)
end
local info = redis.call('HMGET', key, {_INFO})
if ARGV[6] == '' then
  return {{info}}
end
local names = {{}}
for sequence = first, following - 1 do
  names[#names + 1] = 'm:' .. sequence
end
return {{info, redis.call('HMGET', key, unpack(names))}}
"""


class Floor:
    """The same work by the driver alone."""

    def __init__(self, client: redis.Redis, keys: Keys) -> None:
        self._client = client
        self._keys = keys
        self._digest = hashlib.sha1(_APPEND.encode(), usedforsecurity=False).hexdigest()
        client.script_load(_APPEND)

    def get(self, session_id: str) -> object:
        """The session with its window."""
        stored: Any = self._client.hgetall(self._keys.session(session_id))
        window = range(int(stored[b"first"]), int(stored[b"next"]))
        return stored, [_decoded(stored[b"m:%d" % sequence]) for sequence in window]

    def append(self, session_id: str, message: Message, document: Any, *, with_window: bool) -> Any:
        """The session after a message was added and the oldest one dropped."""
        now = int(time.time())
        text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
        answer: Any = self._client.evalsha(
            *(self._digest, 1, self._keys.session(session_id)),
            *(now, utc_text(utc_now()), now + 2_592_000, message.message_id),
            *(f"{len(text)}\0{message.message_id}\0{text}", "window" if with_window else ""),
        )
        if with_window:
            return answer[0], [_decoded(packed) for packed in answer[1]]
        return answer[0]

    def page(self, user_id: str) -> object:
        """The newest 20 sessions, and one to tell whether more follow."""
        members: Any = self._client.zrange(
            self._keys.index(user_id), "+", "-", desc=True, bylex=True, offset=0, num=21
        )
        pipeline: Any = self._client.pipeline(transaction=False)
        for each in members:
            session_id = each.partition(b"\0")[2].decode()
            pipeline.hmget(self._keys.session(session_id), *INFO_FIELDS)
        return pipeline.execute()


def _decoded(packed: bytes) -> object:
    return json.loads(packed.rpartition(b"\0")[2])


def fill(client: redis.Redis, keys: Keys, user_id: str, count: int) -> None:
    """Give a user so many sessions, each with one message."""
    message = stored_message(new_message())
    pipeline = client.pipeline(transaction=False)
    for number in range(count):
        position = Position(f"2026-01-01T00:00:00.{number:06}Z", f"{user_id}-{number:06}")
        info = {
            "sessionId": position.session_id,
            "userId": user_id,
            "createdAt": position.created_at,
            "updatedAt": position.created_at,
            "ttl": 4_000_000_000,
            "userPreferences": {"genres": ["action"]},
            "metadata": {"title": "x"},
            "messageCount": 1,
            "sessionStatus": "active",
            "version": 1,
        }
        stored: dict[Any, Any] = dict(session_fields(StoredSession(info, [message])))
        pipeline.hset(keys.session(position.session_id), mapping=stored)
        pipeline.zadd(keys.index(user_id), {member(position): 0})
        if number % 1_000 == 999:
            pipeline.execute()
    pipeline.execute()


def against_floor(client: redis.Redis, prefix: str, *, rounds: int, calls: int) -> Iterator[Figure]:
    """append, append_and_get, get and a page, each against the floor."""
    keys = Keys(prefix)
    floor = Floor(client, keys)
    store = RedisSessionStore(client, prefix=prefix, policy=RetentionPolicy())
    ids = {side: [f"{side}-{number}" for number in range(20)] for side in ("floor", "store")}
    for session_id in (*ids["floor"], *ids["store"]):
        messages = [new_message() for _ in range(10)]
        store.create("ana", session_id=session_id, messages=messages, metadata={"title": "x"})
    turns = {side: cycle(each) for side, each in ids.items()}
    fill(client, keys, "ben", 1_000)
    # Both sides get their messages ready-made, as an application does; the floor's as documents.
    total = (rounds + 1) * calls
    supply = {
        (name, side): iter([new_message() for _ in range(total)])
        for name in ("append", "append_and_get")
        for side in ("floor", "store")
    }
    documents = {
        name: iter([(each, stored_message(each).document) for each in supply[name, "floor"]])
        for name in ("append", "append_and_get")
    }

    def floor_append(name: str) -> object:
        message, document = next(documents[name])
        return floor.append(
            next(turns["floor"]),
            message,
            document,
            with_window=name == "append_and_get",
        )

    yield from measured(
        {
            "append": (
                lambda: floor_append("append"),
                lambda: store.append(next(turns["store"]), next(supply["append", "store"])),
            ),
            "append_and_get": (
                lambda: floor_append("append_and_get"),
                lambda: store.append_and_get(
                    next(turns["store"]), next(supply["append_and_get", "store"])
                ),
            ),
            "get": (
                lambda: floor.get(next(turns["floor"])),
                lambda: store.get(next(turns["store"])),
            ),
            "page of 20": (lambda: floor.page("ben"), lambda: store.list_sessions("ben")),
        },
        rounds=rounds,
        calls=calls,
    )


def windows_by_policy(
    client: redis.Redis, prefix: str, *, rounds: int, calls: int
) -> Iterator[Figure]:
    """Where bytes may decide how much of 10 messages is shown, against where they never do."""
    counted = RedisSessionStore(client, prefix=prefix)
    weighed = RedisSessionStore(client, prefix=prefix, policy=RetentionPolicy(max_messages=None))
    counted.create("ana", session_id="ten", messages=[new_message() for _ in range(10)])
    yield from measured(
        {
            "get, max_messages 10 : None": (
                lambda: counted.get("ten"),
                lambda: weighed.get("ten"),
            )
        },
        rounds=rounds,
        calls=calls,
    )


def pages_by_size(client: redis.Redis, prefix: str, *, rounds: int, calls: int) -> Iterator[Figure]:
    """A page of a user with 100,000 sessions against one of a user with 1,000."""
    keys = Keys(prefix)
    store = RedisSessionStore(client, prefix=prefix)
    fill(client, keys, "few", 1_000)
    fill(client, keys, "many", 100_000)
    middle = {user: store.list_sessions(user, limit=500).next_cursor for user in ("few", "many")}
    yield from measured(
        {
            "newest page, 1,000 : 100,000": (
                lambda: store.list_sessions("few"),
                lambda: store.list_sessions("many"),
            ),
            "by cursor,   1,000 : 100,000": (
                lambda: store.list_sessions("few", cursor=middle["few"]),
                lambda: store.list_sessions("many", cursor=middle["many"]),
            ),
        },
        rounds=rounds,
        calls=calls,
    )


def main() -> None:
    """Print every figure, whatever it is."""
    parser = argparse.ArgumentParser(description="chatstore against redis-py alone")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--calls", type=int, default=100)
    options = parser.parse_args()
    url = os.environ.get("CHATSTORE_TEST_REDIS_URL")
    if not url:
        sys.exit("CHATSTORE_TEST_REDIS_URL is not set: scripts/servers up redis, and its env")
    if HIREDIS_AVAILABLE:
        sys.exit("hiredis is installed: this comparison is without it")
    prefix = f"benchmark-{uuid.uuid4()}"
    with redis.Redis.from_url(url) as client:
        version = client.info("server")["redis_version"]
        python = sys.version.split()[0]
        sys.stdout.write(f"Redis {version}, redis-py {redis.__version__}, Python {python}\n")
        try:
            given = {"rounds": options.rounds, "calls": options.calls}
            report("against the floor", against_floor(client, prefix, **given))
            report("against two requests", against_two_requests(client, prefix, **given))
            report("two policies", windows_by_policy(client, prefix, **given))
            report("two sizes", pages_by_size(client, prefix, **given))
        finally:
            for key in client.scan_iter(match=f"{prefix}:*", count=10_000):
                client.unlink(key)


if __name__ == "__main__":
    main()
