"""The contract's view of stores with a Redis in front of them."""

from chatstore_contract_tests import Harness
from chatstore_contract_tests.cached import CachedHarness, DyingCacheHarness
from chatstore_redis import RedisSessionCache
from redis_support.harness import RedisHarness


class RedisCache:
    """A cache in the Redis of a harness, and a client behind its back."""

    def __init__(self, redis: RedisHarness) -> None:
        self.redis = redis

    def connect(self) -> RedisSessionCache:
        """A further client of the cache, with time for a machine that has much to do."""
        return RedisSessionCache(self.redis.connect(), prefix=self.redis.prefix, deadline=5)

    def forget(self, session_id: str | None) -> None:
        """Lose what the cache holds of a session, or all."""
        keys = self.redis.all_keys() if session_id is None else [self.key(session_id)]
        for key in keys:
            self.redis.client.delete(key)

    def key(self, session_id: str) -> bytes:
        """The session's key in the cache."""
        return self.redis.keys.cached(session_id)


class RedisOverHarness(CachedHarness):
    """Cached stores with a Redis in front of a primary."""

    def __init__(self, redis: RedisHarness, primary: Harness) -> None:
        cache = RedisCache(redis)
        name = f"{redis.name}-over-{primary.name}"
        super().__init__(name, primary, connect=cache.connect, forget=cache.forget)
        self._redis = redis

    def close(self) -> None:
        super().close()
        self._redis.close()


class DyingRedisOverHarness(DyingCacheHarness):
    """The same with a Redis that dies and comes back."""

    def __init__(self, redis: RedisHarness, primary: Harness) -> None:
        cache = RedisCache(redis)
        name = f"dying-{redis.name}-over-{primary.name}"
        super().__init__(name, primary, connect=cache.connect, forget=cache.forget)
        self._redis = redis

    def close(self) -> None:
        super().close()
        self._redis.close()
