from collections.abc import Iterator

import pytest

from chatstore.memory_cache import MemorySessionCache
from chatstore_contract_tests import Harness, SessionStoreContract
from chatstore_contract_tests.memory import MemoryHarness

from .harness import CachedHarness


class TestMemoryOverMemory(SessionStoreContract):
    """A cache in memory over a store in memory keeps the contract."""

    @pytest.fixture
    def harness(self) -> Iterator[Harness]:
        cache = MemorySessionCache()
        yield CachedHarness(
            "memory-over-memory", MemoryHarness(), connect=lambda: cache, drop=cache.forget
        )
