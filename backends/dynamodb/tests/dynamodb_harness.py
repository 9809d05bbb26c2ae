"""The contract's harnesses for DynamoDB: moto in this process, and DynamoDB Local."""

import os
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import ClassVar

from moto import mock_aws

from chatstore import Clock, JsonObject, RetentionPolicy, utc_now
from chatstore_contract_tests import Harness
from chatstore_dynamodb import DynamoDBSessionStore
from chatstore_dynamodb.client import Client, new_client
from chatstore_dynamodb.items import key
from chatstore_dynamodb.marshalling import marshal_map
from chatstore_dynamodb.schema.definition import TableDefinition
from chatstore_dynamodb.url import read_url

REGION = "eu-west-1"
URL_VARIABLE = "CHATSTORE_TEST_DYNAMODB_URL"


class TableHarness(Harness):
    """Stores over a fresh table, and a client behind their back."""

    def __init__(self, name: str, client: Client, *, projection: str = "ALL") -> None:
        self.name = name
        self.client = client
        self.table_name = f"contract-{uuid.uuid4()}"
        self.definition = TableDefinition(self.table_name, projection=projection)
        self.client.create_table(**self.definition.create_table)

    def open(
        self, *, policy: RetentionPolicy | None = None, clock: Clock = utc_now
    ) -> DynamoDBSessionStore:
        return DynamoDBSessionStore(self.client, self.table_name, policy=policy, clock=clock)

    def raw_write(self, document: JsonObject) -> None:
        self.client.put_item(TableName=self.table_name, Item=marshal_map(document))

    def raw_read(self, session_id: str) -> object:
        return self.client.get_item(
            TableName=self.table_name, Key=key(session_id), ConsistentRead=True
        ).get("Item")

    def corrupt(self, session_id: str) -> None:
        self._put(session_id, "userPreferences")

    def corrupt_message(self, session_id: str) -> None:
        self._put(session_id, "messages[0]")

    def close(self) -> None:
        self.client.delete_table(TableName=self.table_name)  # type: ignore[attr-defined]

    def _put(self, session_id: str, path: str) -> None:
        self.client.update_item(
            TableName=self.table_name,
            Key=key(session_id),
            UpdateExpression=f"SET {path} = :wrong",
            ExpressionAttributeValues={":wrong": {"S": "no object"}},
        )


_TWO_STEPS = (
    "moto checks a condition and writes the item in two steps, without a lock: of 800 concurrent "
    "appends that it acknowledged, 724 were there"
)


class MotoHarness(TableHarness):
    """moto: an emulation of the API's surface, in this process."""

    faults: ClassVar[Mapping[str, str]] = dict.fromkeys(
        (
            "test_no_append_is_lost",
            "test_one_message_from_many_is_stored_once",
            "test_one_create_wins",
            "test_get_or_create_agrees",
            "test_updates_of_different_keys_all_stay",
            "test_one_conditional_write_wins",
            "test_the_last_of_many_rewrites_wins",
        ),
        _TWO_STEPS,
    )

    def __init__(self, client: Client) -> None:
        super().__init__("dynamodb-moto", client)


@contextmanager
def moto_client() -> Iterator[Client]:
    """A client of an empty moto; making one takes longer than most tests."""
    with mock_aws():
        yield new_client(region=REGION)


def local_url() -> str | None:
    """The URL of DynamoDB Local, if it runs: `eval "$(scripts/servers env)"` sets it."""
    return os.environ.get(URL_VARIABLE)


@lru_cache
def local_client(url: str) -> Client:
    """The client of DynamoDB Local that the tests share."""
    address = read_url(url)
    return new_client(region=address.region, endpoint_url=address.endpoint_url)


def local_harness(url: str, *, projection: str = "ALL") -> TableHarness:
    """A fresh table in DynamoDB Local."""
    return TableHarness("dynamodb-local", local_client(url), projection=projection)
