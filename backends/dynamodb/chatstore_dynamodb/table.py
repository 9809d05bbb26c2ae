"""The requests that the store makes of its table, and what their answers mean."""

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError, ConnectionClosedError

from chatstore.errors import BackendThrottledError
from chatstore_dynamodb.client import Client
from chatstore_dynamodb.errors import is_failed_condition, returned_item
from chatstore_dynamodb.items import StoredItem, key
from chatstore_dynamodb.marshalling import Item

_MOST_KEYS = 100
"""How many keys one BatchGetItem takes."""

_ATTEMPTS = 10
"""How often keys that came back unprocessed are asked for again before the caller is told."""


class ConditionFailedError(Exception):
    """A write's condition did not hold, and nothing was written. `stored` is the item that it
    met; None: there was none."""

    def __init__(self, stored: StoredItem | None) -> None:
        self.stored = stored
        super().__init__("the condition did not hold")


def back_off(attempt: int) -> None:
    """Wait before another attempt, the first being 0: a random time, so that writers who met once
    do not meet again, and longer each time, up to half a second."""
    time.sleep(random.uniform(0, min(0.5, 0.005 * 2**attempt)))  # noqa: S311  no secret


def _sent_again_if_cut_off(send: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The answer to a write; if the connection closed before there was one, to the same write sent
    once more.

    botocore sends again by itself, but by a quota, which a resend that meets its own result (a
    failed condition) never refills: after some thirty such losses it would stop. Every write here
    is safe to send again, and knows its own result.
    """
    try:
        return send()
    except ConnectionClosedError:
        return send()


class Table:
    """One table, through a client that any number of threads share."""

    def __init__(
        self, client: Client, name: str, *, index_name: str, consistent_reads: bool
    ) -> None:
        self.client = client
        self.name = name
        self.index_name = index_name
        self._consistent_reads = consistent_reads

    def get(self, session_id: str, *, latest: bool = False) -> Item | None:
        """The item under an id; None if there is none. `latest` reads what was last written,
        whatever the store's own reads do."""
        answer = self.client.get_item(
            TableName=self.name,
            Key=key(session_id),
            ConsistentRead=latest or self._consistent_reads,
        )
        item: Item | None = answer.get("Item")
        return item

    def stored(self, session_id: str) -> StoredItem | None:
        """The item under an id as a write needs to see it."""
        item = self.get(session_id, latest=True)
        return None if item is None else StoredItem(session_id, item)

    def get_many(self, session_ids: Sequence[str]) -> Iterator[Item]:
        """The items of distinct ids, in no order."""
        for first in range(0, len(session_ids), _MOST_KEYS):
            pending = [key(each) for each in session_ids[first : first + _MOST_KEYS]]
            failures = 0
            while pending:
                asked = {"Keys": pending, "ConsistentRead": self._consistent_reads}
                answer = self.client.batch_get_item(RequestItems={self.name: asked})
                yield from answer.get("Responses", {}).get(self.name, [])
                left = answer.get("UnprocessedKeys", {}).get(self.name, {}).get("Keys", [])
                if len(left) < len(pending):
                    # An answer of 16 MB ends early; that is progress, and no reason to wait.
                    failures = 0
                elif (failures := failures + 1) == _ATTEMPTS:
                    raise BackendThrottledError(
                        f"dynamodb: table {self.name!r} returned none of {len(left)} sessions in "
                        f"{_ATTEMPTS} requests; wait a little and send the same call again"
                    )
                else:
                    back_off(failures)
                pending = left

    def put(self, item: Item, condition: Mapping[str, Any]) -> bool:
        """Write a whole item; False, and nothing written, if the condition does not hold."""
        try:
            _sent_again_if_cut_off(
                lambda: self.client.put_item(TableName=self.name, Item=item, **condition)
            )
        except ClientError as error:
            if is_failed_condition(error):
                return False
            raise
        return True

    def update(self, session_id: str, parameters: Mapping[str, Any]) -> Item:
        """Change an item and return it as it is then. Raises `ConditionFailedError`."""
        try:
            answer = _sent_again_if_cut_off(
                lambda: self.client.update_item(
                    TableName=self.name,
                    Key=key(session_id),
                    ReturnValues="ALL_NEW",
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                    **parameters,
                )
            )
        except ClientError as error:
            if is_failed_condition(error):
                raise ConditionFailedError(self._met(session_id, error)) from error
            raise
        item: Item = answer["Attributes"]
        return item

    def delete(self, session_id: str, condition: Mapping[str, Any]) -> bool:
        """Remove an item; False if the condition does not hold."""
        try:
            self.client.delete_item(TableName=self.name, Key=key(session_id), **condition)
        except ClientError as error:
            if is_failed_condition(error):
                return False
            raise
        return True

    def remove(self, session_id: str, condition: Mapping[str, Any]) -> Item | None:
        """Remove an item and return it; None if the condition does not hold."""
        try:
            answer = self.client.delete_item(
                TableName=self.name, Key=key(session_id), ReturnValues="ALL_OLD", **condition
            )
        except ClientError as error:
            if is_failed_condition(error):
                return None
            raise
        item: Item | None = answer.get("Attributes")
        return item

    def query(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """One Query of the user index; indexes are never read consistently."""
        return self.client.query(TableName=self.name, IndexName=self.index_name, **parameters)

    def scan(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """One Scan of the table."""
        return self.client.scan(
            TableName=self.name, ConsistentRead=self._consistent_reads, **parameters
        )

    def _met(self, session_id: str, error: ClientError) -> StoredItem | None:
        item = returned_item(error)
        # Without one there was none, or the engine is one that does not return it.
        return self.stored(session_id) if item is None else StoredItem(session_id, item)
