"""The requests that are made of the history table."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any

from botocore.exceptions import ClientError

from chatstore.errors import BackendThrottledError, BackendUnavailableError, SchemaError
from chatstore.runtime.deadline import each_step
from chatstore_dynamodb.attribute_values import Item
from chatstore_dynamodb.client.interface import Client
from chatstore_dynamodb.error_codes import MISSING
from chatstore_dynamodb.errors import code_of, is_failed_condition, returned_item
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


class HistoryTableMissingError(SchemaError):
    """The table for what sessions with history keep is not there."""

    def __init__(self, name: str, sessions: Place) -> None:
        super().__init__(
            f"{sessions}: its history table {name!r} is missing, or not yet active: "
            f"{sessions.schema_command('verify', '--history')} says what differs, "
            f"{sessions.schema_command('apply', '--history')} creates what is missing"
        )


def stored_life(stored: StoredItem) -> Life:
    """The life of the session in an item that came back."""
    return Life(stored.history_id, stored.session_id, str(stored.owner))


class HistoryTable:
    """The chunks of all sessions, through a client that any number of threads share."""

    def __init__(self, client: Client, name: str, sessions: Place) -> None:
        self.client = client
        self.name = name
        self._sessions = sessions

    def put(self, life: Life, chunk: Chunk) -> Chunk | None:
        """Write a chunk that was cut out of an item, unless one of the same edition is there: then
        that is returned, which begins alike. None: one of a later edition is there, or the item's
        life is over."""
        try:
            self._ask(
                self.client.put_item,
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
            other = self._read(life, met)
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
            answer = self._ask(self.client.query, **request)
            last: Item | None = answer.get("LastEvaluatedKey")
            chunks = [self._read(life, item) for item in answer.get("Items", [])]
            yield chunks, None if last is None else int(last[POSITION]["N"])
            if last is None:
                return
            request["ExclusiveStartKey"] = last

    def positions(self, history_id: str) -> Iterator[list[str]]:
        """The keys of all chunks of a life, a request at a time."""
        request: dict[str, Any] = {
            "ConsistentRead": True,
            "KeyConditionExpression": "#id = :id",
            "ProjectionExpression": "#p",
            "ExpressionAttributeNames": {"#id": HISTORY_ID, "#p": POSITION},
            "ExpressionAttributeValues": {":id": {"S": history_id}},
        }
        while True:
            with each_step():
                answer = self._ask(self.client.query, **request)
            yield [item[POSITION]["N"] for item in answer.get("Items", [])]
            if not (last := answer.get("LastEvaluatedKey")):
                return
            request["ExclusiveStartKey"] = last

    def scan(self) -> Iterator[list[Mapping[str, Any]]]:
        """All chunks, without their messages, a request at a time."""
        names = (HISTORY_ID, POSITION, "sessionId", WRITTEN_AT)
        request: dict[str, Any] = {
            "ProjectionExpression": ",".join(f"#{index}" for index in range(len(names))),
            "ExpressionAttributeNames": {f"#{index}": name for index, name in enumerate(names)},
        }
        while True:
            with each_step():
                answer = self._ask(self.client.scan, **request)
            yield answer.get("Items", [])
            if not (last := answer.get("LastEvaluatedKey")):
                return
            request["ExclusiveStartKey"] = last

    def require_there(self) -> None:
        """Fail as DynamoDB does if the table is not there, or may not be read."""
        self._ask(
            self.client.query,
            KeyConditionExpression="#id = :id",
            ExpressionAttributeNames={"#id": HISTORY_ID},
            ExpressionAttributeValues={":id": {"S": "chatstore ping"}},
            Limit=1,
        )

    def _read(self, life: Life, item: Item) -> Chunk:
        """A chunk that was asked for. Another life's is never an answer, however it came."""
        if item.get(HISTORY_ID) != {"S": life.history_id}:
            raise BackendUnavailableError(
                f"dynamodb table {self.name!r} gave an item with another key than the one asked "
                "for; the outcome of a write is unknown, send the same call again"
            )
        return read_chunk(life.session_id, item)

    def _get(self, history_id: str, position: int) -> Item | None:
        key = chunk_key(history_id, position)
        answer = self._ask(self.client.get_item, Key=key, ConsistentRead=True)
        item: Item | None = answer.get("Item")
        return item

    def _ask(self, operation: Callable[..., Any], **parameters: Any) -> dict[str, Any]:
        with self._missing_told():
            answer: dict[str, Any] = operation(TableName=self.name, **parameters)
        return answer

    @contextmanager
    def _missing_told(self) -> Iterator[None]:
        """Where the table is not there, say which one, and what makes it."""
        try:
            yield
        except ClientError as error:
            if code_of(error) in MISSING:
                raise HistoryTableMissingError(self.name, self._sessions) from error
            raise

    def _write(self, requests: Iterable[Mapping[str, Any]]) -> None:
        source = iter(requests)
        while pending := list(islice(source, _MOST_WRITES)):
            failures = 0
            while pending:
                with each_step(), self._missing_told():
                    answer = self.client.batch_write_item(RequestItems={self.name: pending})
                left = answer.get("UnprocessedItems", {}).get(self.name, [])
                if len(left) < len(pending):
                    failures = 0
                elif (failures := failures + 1) == _ATTEMPTS:
                    raise BackendThrottledError(
                        f"dynamodb table {self.name!r} wrote none of {len(left)} chunks in "
                        f"{_ATTEMPTS} requests; wait a little and send the same call again"
                    )
                else:
                    back_off(failures)
                pending = left
