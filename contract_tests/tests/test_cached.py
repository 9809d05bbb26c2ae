from collections.abc import Iterator

import pytest

from chatstore import MemorySessionCache
from chatstore_contract_tests import Harness, SessionStoreContract
from chatstore_contract_tests.cached import CachedHarness, DyingCacheHarness
from chatstore_contract_tests.memory import MemoryHarness


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
