"""The module that pytest collects when the contract runs on a live deployment."""

from collections.abc import Iterator

import pytest

from chatstore_contract_tests import Harness, SessionStoreContract
from chatstore_contract_tests.live.running import FRESH_HARNESS


class TestDeployment(SessionStoreContract):
    """The deployment keeps the contract."""

    @pytest.fixture
    def harness(self, request: pytest.FixtureRequest) -> Iterator[Harness]:
        harness = request.config.stash[FRESH_HARNESS]()
        yield harness
        harness.close()
