from collections.abc import Iterator

import pytest

from chatstore_contract_tests import Harness, SessionStoreContract
from chatstore_contract_tests.memory import MemoryHarness


class TestMemory(SessionStoreContract):
    """The reference store keeps the contract."""

    @pytest.fixture
    def harness(self) -> Iterator[Harness]:
        yield MemoryHarness()
