"""chatstore on Redis or Valkey: one server or a cluster."""

from chatstore_redis.store import RedisSessionStore

__all__ = ["RedisSessionStore"]
