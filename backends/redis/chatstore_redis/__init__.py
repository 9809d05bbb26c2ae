"""chatstore on Redis or Valkey, one server or a cluster: a store, and a cache before a store."""

from chatstore_redis.cache import RedisSessionCache
from chatstore_redis.store import RedisSessionStore

__all__ = ["RedisSessionCache", "RedisSessionStore"]
