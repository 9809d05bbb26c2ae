"""Redis as a cache keeps the contract for caches."""

from collections.abc import Callable, Iterator

import pytest

from chatstore_contract_tests.cache_contract import SessionCacheContract
from chatstore_contract_tests.cache_harness import CacheHarness
from chatstore_redis import RedisSessionCache
from redis_support.cached import RedisCache
from redis_support.harness import RedisHarness, fake_redis, real_cluster, real_redis


class RedisCacheHarness(CacheHarness):
    """A cache in the Redis of a harness."""

    def __init__(self, redis: RedisHarness) -> None:
        self.name = redis.name  # type: ignore[misc]
        self._redis = redis
        self._cache = RedisCache(redis)
        self._clients: list[RedisSessionCache] = []

    def connect(self) -> RedisSessionCache:
        client = self._cache.connect()
        self._clients.append(client)
        return client

    def pass_time(self, seconds: float) -> None:
        # The server's clock can't be moved: what is stored becomes so much older.
        for key in self._redis.all_keys():
            left = self._redis.send("PTTL", key) - round(seconds * 1_000)
            if left <= 0:
                self._redis.send("DEL", key)
                continue
            self._redis.send("PEXPIRE", key, left)
            if self._redis.send("HEXISTS", key, "since"):
                self._redis.send("HINCRBY", key, "since", -round(seconds * 1_000_000))

    def close(self) -> None:
        for client in self._clients:
            client.close()
        self._redis.close()


class TestRedisCache(SessionCacheContract):
    """Redis in this process, the real server and the real cluster."""

    @pytest.fixture(params=[fake_redis, real_redis, real_cluster])
    def harness(self, request: pytest.FixtureRequest) -> Iterator[CacheHarness]:
        opened: Callable[[], RedisHarness] = request.param
        harness = RedisCacheHarness(opened())
        yield harness
        harness.close()
