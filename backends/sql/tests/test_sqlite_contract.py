from collections.abc import Iterator
from pathlib import Path

import pytest

from chatstore_contract_tests import Harness, SessionStoreContract
from chatstore_contract_tests.through_async import through_async
from chatstore_sql.harness import file_harness, memory_harness


class TestFile(SessionStoreContract):
    """A database in a file keeps the contract."""

    @pytest.fixture
    def harness(self, tmp_path: Path) -> Iterator[Harness]:
        harness = file_harness(tmp_path)
        yield harness
        harness.close()


class TestMemory(SessionStoreContract):
    """A database in memory keeps the contract."""

    @pytest.fixture
    def harness(self) -> Iterator[Harness]:
        harness = memory_harness()
        yield harness
        harness.close()


class TestFileThroughAsync(SessionStoreContract):
    """A database in a file keeps the contract behind the async adapter."""

    @pytest.fixture
    def harness(self, tmp_path: Path) -> Iterator[Harness]:
        yield from through_async(file_harness(tmp_path))
