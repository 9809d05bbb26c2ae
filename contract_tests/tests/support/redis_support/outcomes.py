"""What calls leave behind, that were stopped or interleaved: their sessions, their indexes."""

from datetime import timedelta

from chatstore import Message, RetentionPolicy
from chatstore_redis import RedisSessionStore
from redis_support.harness import RedisHarness

FOREVER = RetentionPolicy(ttl=None)
MINUTE = RetentionPolicy(ttl=timedelta(minutes=1))


def message() -> Message:
    return Message(type="user_query", content="x")


def listed(store: RedisSessionStore, user_id: str = "ana") -> list[str]:
    return sorted(item.session_id for item in store.iter_sessions(user_id))


def members(harness: RedisHarness, user_id: str = "ana") -> int:
    """How many members a user's index has, dead ones too."""
    count: int = harness.send("ZCARD", harness.keys.index(user_id))
    return count
