"""SQLite as the store of record behind a Redis."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import legs
from chatstore_contract_tests import Harness, SessionStoreContract
from chatstore_sql.harness import file_harness, memory_harness
from redis_support.cached import DyingRedisOverHarness, RedisOverHarness
from redis_support.harness import fake_redis, real_redis


class TestFakeRedisOverSQLite(SessionStoreContract):
    """fakeredis over SQLite keeps the contract."""

    @pytest.fixture
    def harness(self) -> Iterator[Harness]:
        harness = RedisOverHarness(fake_redis(), memory_harness())
        yield harness
        harness.close()


@pytest.mark.long
class TestDyingFakeRedisOverSQLite(SessionStoreContract):
    """SQLite keeps the contract while the Redis in front of it dies and comes back."""

    @pytest.fixture
    def harness(self) -> Iterator[Harness]:
        harness = DyingRedisOverHarness(fake_redis(), memory_harness())
        yield harness
        harness.close()


@legs.on("redis")
class TestRedisOverSQLite(SessionStoreContract):
    """A real Redis over an SQLite file keeps the contract."""

    @pytest.fixture
    def harness(self, tmp_path: Path) -> Iterator[Harness]:
        harness = RedisOverHarness(real_redis(), file_harness(tmp_path))
        yield harness
        harness.close()
