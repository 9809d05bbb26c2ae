from collections.abc import Iterator

import pytest

from chatstore import MemorySessionCache
from chatstore_contract_tests import Harness, SessionStoreContract
from chatstore_contract_tests.cached import CachedHarness, DyingCacheHarness
from chatstore_contract_tests.memory import MemoryHarness
from chatstore_contract_tests.sequences import compare_with_the_reference


class TestCached(SessionStoreContract):
    """A cache in memory over a store in memory keeps the contract."""

    @pytest.fixture
    def harness(self) -> Iterator[Harness]:
        cache = MemorySessionCache()
        yield CachedHarness(
            "memory-over-memory", MemoryHarness(), connect=lambda: cache, forget=cache.forget
        )


class TestDyingCache(SessionStoreContract):
    """A store keeps the contract while its cache dies and comes back."""

    @pytest.fixture
    def harness(self) -> Iterator[Harness]:
        cache = MemorySessionCache()
        yield DyingCacheHarness(
            "dying-memory-over-memory", MemoryHarness(), connect=lambda: cache, forget=cache.forget
        )


def test_one_client_does_not_notice_that_the_cache_dies() -> None:
    """A client reads its own writes, whatever the cache missed while it was away and however old
    what it comes back with."""
    cache = MemorySessionCache()
    harness = DyingCacheHarness(
        "one-client",
        MemoryHarness(),
        connect=lambda: cache,
        forget=cache.forget,
        is_for_one=True,
    )
    compare_with_the_reference(harness, clients=1)
