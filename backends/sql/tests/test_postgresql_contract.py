from collections.abc import Iterator

import pytest

import legs
from chatstore_contract_tests import Harness, SessionStoreContract
from chatstore_contract_tests.through_async import through_async
from postgresql_support import real_postgresql


@legs.on("postgresql")
class TestPostgreSQL(SessionStoreContract):
    """The store keeps the contract on a real server."""

    @pytest.fixture
    def harness(self) -> Iterator[Harness]:
        harness = real_postgresql()
        yield harness
        harness.close()


@legs.on("pgbouncer")
class TestPgBouncer(SessionStoreContract):
    """The store keeps the contract behind a pooler that gives each transaction another server."""

    @pytest.fixture
    def harness(self) -> Iterator[Harness]:
        harness = real_postgresql("pgbouncer")
        yield harness
        harness.close()


@pytest.mark.long
@legs.on("postgresql")
class TestPostgreSQLThroughAsync(SessionStoreContract):
    """The store keeps the contract on a real server, behind the async adapter."""

    @pytest.fixture
    def harness(self) -> Iterator[Harness]:
        yield from through_async(real_postgresql())
