from collections.abc import Iterator

import pytest

import legs
from chatstore_contract_tests import Harness, SessionStoreContract
from chatstore_contract_tests.through_async import through_async
from redis_support.harness import fake_redis, real_cluster, real_redis


class TestFakeRedis(SessionStoreContract):
    """The store keeps the contract on fakeredis."""

    @pytest.fixture
    def harness(self) -> Iterator[Harness]:
        harness = fake_redis()
        yield harness
        harness.close()


@legs.on("redis")
class TestRedis(SessionStoreContract):
    """The store keeps the contract on a real server."""

    @pytest.fixture
    def harness(self) -> Iterator[Harness]:
        harness = real_redis()
        yield harness
        harness.close()


@legs.on("redis-cluster")
class TestRedisCluster(SessionStoreContract):
    """The store keeps the contract on a real cluster."""

    @pytest.fixture
    def harness(self) -> Iterator[Harness]:
        harness = real_cluster()
        yield harness
        harness.close()


@legs.on("redis")
class TestRedisThroughAsync(SessionStoreContract):
    """The store keeps the contract on a real server, behind the async adapter."""

    @pytest.fixture
    def harness(self) -> Iterator[Harness]:
        yield from through_async(real_redis())
