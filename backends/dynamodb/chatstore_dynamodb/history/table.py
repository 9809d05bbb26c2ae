"""The requests that are made of the history table."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from botocore.exceptions import ClientError

from chatstore.errors import BackendThrottledError
from chatstore.runtime.deadline import each_step
from chatstore_dynamodb.attribute_values import Item
from chatstore_dynamodb.client.interface import Client
from chatstore_dynamodb.errors import is_failed_condition, returned_item
from chatstore_dynamodb.history.chunks import (
    EDITION,
    POSITION,
    WRITTEN_AT,
    Chunk,
    Life,
    chunk_item,
    chunk_key,
    read_chunk,
)
from chatstore_dynamodb.items import HISTORY_ID
from chatstore_dynamodb.place import Place
from chatstore_dynamodb.stored_item import StoredItem
from chatstore_dynamodb.table import back_off

_MOST_WRITES = 25
"""How many items one BatchWriteItem takes."""

_ATTEMPTS = 10
"""How often what came back unprocessed is sent again before the caller is told."""


def stored_life(stored: StoredItem) -> Life:
    """The life of the session in an item that came back."""
    return Life(stored.history_id, stored.session_id, str(stored.owner))


class HistoryTable:
    """The chunks of all sessions, through a client that any number of threads share."""

    def __init__(self, client: Client, name: str) -> None:
        self.client = client
        self.name = name
        self.place = Place.of(client, name)

    def put(self, life: Life, chunk: Chunk) -> Chunk | None:
        """Write a chunk that was cut out of an item, unless one of the same edition is there: then
        that is returned, which begins alike. None: one of a later edition is there, or the item's
        life is over."""
        try:
            self.client.put_item(
                TableName=self.name,
                Item=chunk_item(life, chunk),
                ConditionExpression="attribute_not_exists(#e) OR #e < :edition",
                ExpressionAttributeNames={"#e": EDITION},
                ExpressionAttributeValues={":edition": {"N": str(chunk.edition)}},
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ClientError as error:
            if not is_failed_condition(error):
                raise
            # Some engines do not return what was met.
            met = returned_item(error) or self._get(life.history_id, chunk.position)
            if met is None:
                return None
            other = read_chunk(life.session_id, met)
            return other if other.edition == chunk.edition else None
        return chunk

    def put_new(self, life: Life, chunks: Iterable[Chunk], written_at: int) -> None:
        """Write the chunks of a life that nobody has seen."""
        requests = (
            {"PutRequest": {"Item": chunk_item(life, chunk, written_at)}} for chunk in chunks
        )
        self._write(requests)

    def remove(self, history_id: str, positions: Iterable[str]) -> None:
        """Remove chunks."""
        self._write(
            {"DeleteRequest": {"Key": chunk_key(history_id, int(position))}}
            for position in positions
        )

    def read(
        self, life: Life, wanted: range, *, newest_first: bool
    ) -> Iterator[tuple[Sequence[Chunk], int | None]]:
        """The chunks that begin at these positions, a request at a time, each with the position up
        to which, in this order, all have come; None: all have."""
        request: dict[str, Any] = {
            "TableName": self.name,
            "ConsistentRead": True,
            "KeyConditionExpression": "#id = :id AND #p BETWEEN :first AND :last",
            "ExpressionAttributeNames": {"#id": HISTORY_ID, "#p": POSITION},
            "ExpressionAttributeValues": {
                ":id": {"S": life.history_id},
                ":first": {"N": str(wanted.start)},
                ":last": {"N": str(wanted.stop - 1)},
            },
            "ScanIndexForward": not newest_first,
        }
        while True:
            answer = self.client.query(**request)
            last: Item | None = answer.get("LastEvaluatedKey")
            chunks = [read_chunk(life.session_id, item) for item in answer.get("Items", [])]
            yield chunks, None if last is None else int(last[POSITION]["N"])
            if last is None:
                return
            request["ExclusiveStartKey"] = last

    def positions(self, history_id: str) -> Iterator[list[str]]:
        """The keys of all chunks of a life, a request at a time."""
        request: dict[str, Any] = {
            "TableName": self.name,
            "ConsistentRead": True,
            "KeyConditionExpression": "#id = :id",
            "ProjectionExpression": "#p",
            "ExpressionAttributeNames": {"#id": HISTORY_ID, "#p": POSITION},
            "ExpressionAttributeValues": {":id": {"S": history_id}},
        }
        while True:
            with each_step():
                answer = self.client.query(**request)
            yield [item[POSITION]["N"] for item in answer.get("Items", [])]
            if not (last := answer.get("LastEvaluatedKey")):
                return
            request["ExclusiveStartKey"] = last

    def scan(self) -> Iterator[list[Mapping[str, Any]]]:
        """All chunks, without their messages, a request at a time."""
        names = (HISTORY_ID, POSITION, "sessionId", WRITTEN_AT)
        request: dict[str, Any] = {
            "TableName": self.name,
            "ProjectionExpression": ",".join(f"#{index}" for index in range(len(names))),
            "ExpressionAttributeNames": {f"#{index}": name for index, name in enumerate(names)},
        }
        while True:
            with each_step():
                answer = self.client.scan(**request)
            yield answer.get("Items", [])
            if not (last := answer.get("LastEvaluatedKey")):
                return
            request["ExclusiveStartKey"] = last

    def require_there(self) -> None:
        """Fail as DynamoDB does if the table is not there, or may not be read."""
        self.client.query(
            TableName=self.name,
            KeyConditionExpression="#id = :id",
            ExpressionAttributeNames={"#id": HISTORY_ID},
            ExpressionAttributeValues={":id": {"S": "chatstore ping"}},
            Limit=1,
        )

    def _get(self, history_id: str, position: int) -> Item | None:
        item: Item | None = self.client.get_item(
            TableName=self.name, Key=chunk_key(history_id, position), ConsistentRead=True
        ).get("Item")
        return item

    def _write(self, requests: Iterable[Mapping[str, Any]]) -> None:
        source = iter(requests)
        while pending := list(islice(source, _MOST_WRITES)):
            failures = 0
            while pending:
                with each_step():
                    answer = self.client.batch_write_item(RequestItems={self.name: pending})
                left = answer.get("UnprocessedItems", {}).get(self.name, [])
                if len(left) < len(pending):
                    failures = 0
                elif (failures := failures + 1) == _ATTEMPTS:
                    raise BackendThrottledError(
                        f"{self.place} wrote none of {len(left)} chunks in {_ATTEMPTS} requests; "
                        "wait a little and send the same call again"
                    )
                else:
                    back_off(failures)
                pending = left
