from collections.abc import Iterator

import pytest

import legs
from chatstore_contract_tests import Harness, SessionStoreContract
from chatstore_contract_tests.foreign import ForeignBehaviour
from chatstore_contract_tests.maintenance import MaintenanceBehaviour
from chatstore_contract_tests.paging import PagingBehaviour
from chatstore_contract_tests.user_queries import UserQueriesBehaviour
from chatstore_dynamodb.client import Client

from .dynamodb_harness import MotoHarness


class TestMoto(SessionStoreContract):
    """The store keeps the contract on moto."""

    @pytest.fixture
    def harness(self, moto: Client) -> Iterator[Harness]:
        harness = MotoHarness(moto)
        yield harness
        harness.close()


@legs.on("dynamodb")
class TestLocal(SessionStoreContract):
    """The store keeps the contract on DynamoDB Local."""

    @pytest.fixture
    def harness(self, local_contract: Harness) -> Iterator[Harness]:
        yield local_contract
        local_contract.close()


@legs.on("dynamodb")
@pytest.mark.parametrize("local_table", ["INCLUDE"], indirect=True)
class TestLocalWithoutMessagesInTheIndex(
    UserQueriesBehaviour, PagingBehaviour, ForeignBehaviour, MaintenanceBehaviour
):
    """Listings keep the contract on an index that includes no messages."""

    @pytest.fixture
    def harness(self, local_contract: Harness) -> Iterator[Harness]:
        yield local_contract
        local_contract.close()
