"""PostgreSQL as the store of record behind a Redis."""

from collections.abc import Iterator

import pytest

import legs
from chatstore_contract_tests import Harness, SessionStoreContract
from postgresql_support import real_postgresql
from redis_support.cached import RedisOverHarness
from redis_support.harness import fake_redis


@pytest.mark.long
@legs.on("postgresql")
class TestFakeRedisOverPostgreSQL(SessionStoreContract):
    """fakeredis over PostgreSQL keeps the contract."""

    @pytest.fixture
    def harness(self) -> Iterator[Harness]:
        harness = RedisOverHarness(fake_redis(), real_postgresql())
        yield harness
        harness.close()
