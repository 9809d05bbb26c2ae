"""The contract's view of DynamoDB: a table of its own, which is dropped afterwards."""

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from chatstore import BackendUnavailableError, Clock, JsonObject, RetentionPolicy, utc_now
from chatstore_contract_tests import Harness
from chatstore_contract_tests.namespaces import FreshHarness, namespace_is_taken
from chatstore_dynamodb import DynamoDBSessionStore
from chatstore_dynamodb.attribute_values import marshal_map
from chatstore_dynamodb.client import Client, new_client
from chatstore_dynamodb.errors import code_of, translate
from chatstore_dynamodb.history.chunks import POSITION
from chatstore_dynamodb.items import HISTORY_ID, key
from chatstore_dynamodb.schema.definition import HistoryDefinition, TableDefinition
from chatstore_dynamodb.schema.live import described, wait_until_active
from chatstore_dynamodb.url import Address, read_url

_HEAD_NAMES = ("sessionId", "userId", "createdAt", "version", "sessionStatus")
_PAUSES = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 10.0)
"""Seconds between looks at the user index; it is mostly level with the table at the first."""


def contract_store(client: Client, table_name: str, **options: Any) -> DynamoDBSessionStore:
    """A store on a table without time to live: the contract's clocks are not AWS's."""
    store = DynamoDBSessionStore(client, table_name, **options)
    store.engine.needs_time_to_live = False
    return store


class TableHarness(Harness):
    """Stores over a fresh table, and a client behind their back."""

    def __init__(self, name: str, client: Client, *, projection: str = "ALL") -> None:
        self.name = name
        self.client = client
        self.definition = TableDefinition(f"contract-{uuid.uuid4()}", projection=projection)
        self.history = HistoryDefinition.beside(self.table_name)
        self.client.create_table(**self.definition.create_table)
        self.client.create_table(**self.history.create_table)

    @property
    def table_name(self) -> str:
        """The table that is the harness's own."""
        return self.definition.table_name

    def open(
        self, *, policy: RetentionPolicy | None = None, clock: Clock = utc_now
    ) -> DynamoDBSessionStore:
        return contract_store(self.client, self.table_name, policy=policy, clock=clock)

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
        self.client.delete_table(TableName=self.table_name)
        self.client.delete_table(TableName=self.history.table_name)

    def _put(self, session_id: str, path: str) -> None:
        self.client.update_item(
            TableName=self.table_name,
            Key=key(session_id),
            UpdateExpression=f"SET {path} = :wrong",
            ExpressionAttributeValues={":wrong": {"S": "no object"}},
        )


class EmptiedTableHarness(TableHarness):
    """A harness on a table that is there already: AWS takes seconds to make one, and there are
    hundreds of tests. Afterwards the table is empty again, and its user index has caught up."""

    def __init__(
        self, client: Client, definition: TableDefinition, *, name: str = "dynamodb"
    ) -> None:
        self.name = name
        self.client = client
        self.definition = definition
        self.history = HistoryDefinition.beside(self.table_name)

    def open(
        self, *, policy: RetentionPolicy | None = None, clock: Clock = utc_now
    ) -> DynamoDBSessionStore:
        return contract_store(
            self.client,
            self.table_name,
            index_name=self.definition.index_name,
            policy=policy,
            clock=clock,
        )

    def settle(self) -> None:
        for pause in _PAUSES:
            if self._heads(ConsistentRead=True) == self._heads(
                IndexName=self.definition.index_name
            ):
                return
            time.sleep(pause)
        raise BackendUnavailableError(
            f"dynamodb: the index {self.definition.index_name!r} of table {self.table_name!r} has "
            f"not caught up in {sum(_PAUSES):.0f} seconds"
        )

    def close(self) -> None:
        for session_id, *_ in self._heads(ConsistentRead=True):
            self.client.delete_item(TableName=self.table_name, Key={"sessionId": session_id})
        for chunk in self._chunk_keys():
            self.client.delete_item(TableName=self.history.table_name, Key=chunk)
        self.settle()

    def _chunk_keys(self) -> list[dict[str, Any]]:
        request = {
            "TableName": self.history.table_name,
            "ProjectionExpression": "#id,#position",
            "ExpressionAttributeNames": {"#id": HISTORY_ID, "#position": POSITION},
        }
        found: list[dict[str, Any]] = []
        while True:
            answer = self.client.scan(**request)
            found += answer["Items"]
            if not (last := answer.get("LastEvaluatedKey")):
                return found
            request["ExclusiveStartKey"] = last

    def _heads(self, **options: Any) -> list[tuple[Any, ...]]:
        """What tells one state of a session from another, of every session, in one order."""
        found: list[tuple[Any, ...]] = []
        request = {
            "TableName": self.table_name,
            "ProjectionExpression": ", ".join(_HEAD_NAMES),
            **options,
        }
        while True:
            answer = self.client.scan(**request)
            found += [tuple(item.get(name) for name in _HEAD_NAMES) for item in answer["Items"]]
            if not (last := answer.get("LastEvaluatedKey")):
                return sorted(found, key=repr)
            request["ExclusiveStartKey"] = last


@contextmanager
def namespace(url: str, name: str) -> Iterator[FreshHarness]:
    """For `chatstore contract`: a table called `name`, beside the URL's own, which is not looked
    at. Its region, endpoint and retry mode are used, and its index's name; the table has no time to
    live, since the contract's clocks are not AWS's."""
    address = read_url(url)
    definition = TableDefinition(name, address.index_name)
    history = HistoryDefinition.beside(name)
    client = _connect(address)
    try:
        if described(client, name) is not None:
            raise namespace_is_taken(name, "there is a table of that name")
        try:
            # Whoever asks at the same moment is refused by the engine.
            client.create_table(**definition.create_table)
            client.create_table(**history.create_table)
        except ClientError as error:
            if code_of(error) == "ResourceInUseException":
                raise namespace_is_taken(name, "there is a table of that name") from error
            raise
        try:
            wait_until_active(client, definition)
            wait_until_active(client, history)
            yield lambda: EmptiedTableHarness(client, definition)
        finally:
            _drop(client, definition)
            _drop(client, history)
    except (BotoCoreError, ClientError) as error:
        raise translate(error, name) or error from error
    finally:
        client.close()


def _connect(address: Address) -> Client:
    # A local endpoint takes any region, but boto3 wants one.
    region = address.region or ("eu-west-1" if address.endpoint_url else None)
    return new_client(
        region=region, endpoint_url=address.endpoint_url, retry_mode=address.retry_mode
    )


def _drop(client: Client, definition: TableDefinition | HistoryDefinition) -> None:
    # A table that is still being made can't be dropped.
    wait_until_active(client, definition)
    client.delete_table(TableName=definition.table_name)
