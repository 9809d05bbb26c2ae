from collections.abc import Iterator

import pytest

from chatstore_contract_tests import Harness, SessionStoreContract
from chatstore_contract_tests.memory import MemoryHarness
from chatstore_contract_tests.through_async import through_async


class TestMemory(SessionStoreContract):
    """The reference store keeps the contract."""

    @pytest.fixture
    def harness(self) -> Iterator[Harness]:
        yield MemoryHarness()


class TestMemoryThroughAsync(SessionStoreContract):
    """The reference store keeps the contract behind the async adapter."""

    @pytest.fixture
    def harness(self) -> Iterator[Harness]:
        yield from through_async(MemoryHarness())
