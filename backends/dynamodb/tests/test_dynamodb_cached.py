"""DynamoDB as the store of record behind a Redis."""

from collections.abc import Iterator

import pytest

import legs
from chatstore_contract_tests import Harness, SessionStoreContract
from redis_support.cached import DyingRedisOverHarness, RedisOverHarness
from redis_support.harness import real_redis


@pytest.mark.long
@legs.on("redis", "dynamodb")
class TestRedisOverLocal(SessionStoreContract):
    """A real Redis over DynamoDB Local keeps the contract."""

    @pytest.fixture
    def harness(self, local_contract: Harness) -> Iterator[Harness]:
        harness = RedisOverHarness(real_redis(), local_contract)
        yield harness
        harness.close()


@pytest.mark.long
@legs.on("redis", "dynamodb")
class TestDyingRedisOverLocal(SessionStoreContract):
    """DynamoDB keeps the contract while the Redis in front of it dies and comes back."""

    @pytest.fixture
    def harness(self, local_contract: Harness) -> Iterator[Harness]:
        harness = DyingRedisOverHarness(real_redis(), local_contract)
        yield harness
        harness.close()
