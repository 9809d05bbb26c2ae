from collections.abc import Iterator
from pathlib import Path

import pytest
from json_files_store.harness import JsonFilesHarness

from chatstore_contract_tests import Harness, SessionStoreContract


class TestJsonFiles(SessionStoreContract):
    """The store keeps the contract."""

    @pytest.fixture
    def harness(self, tmp_path: Path) -> Iterator[Harness]:
        harness = JsonFilesHarness(tmp_path / "sessions")
        yield harness
        harness.close()
