"""The requests that the store makes of its table, and what their answers mean."""

import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from chatstore.errors import BackendThrottledError, BackendUnavailableError
from chatstore.runtime import deadline
from chatstore_dynamodb.attribute_values import Item
from chatstore_dynamodb.client.interface import Client
from chatstore_dynamodb.errors import is_failed_condition, returned_item
from chatstore_dynamodb.items import key
from chatstore_dynamodb.place import Place
from chatstore_dynamodb.stored_item import StoredItem

_MOST_KEYS = 100
"""How many keys one BatchGetItem takes."""

_ATTEMPTS = 10
"""How often keys that came back unprocessed are asked for again before the caller is told."""


def back_off(attempt: int) -> None:
    """Wait before another attempt, the first being 0: a random time, so that writers who met once
    do not meet again, and longer each time, up to a quarter of a second."""
    deadline.pause(random.uniform(0, min(0.25, 0.005 * 2**attempt)))  # noqa: S311  no secret


class Table:
    """One table, through a client that any number of threads share."""

    def __init__(
        self,
        client: Client,
        name: str,
        *,
        index_name: str,
        history_table: str | None,
        consistent_reads: bool,
    ) -> None:
        self.client = client
        self.name = name
        self.index_name = index_name
        self.place = Place.of(client, name, index_name, history_table)
        self.index_has_history = True
        """Whether the user index is believed to have the attribute `history`: one that leaves
        messages out may be from before there were histories."""
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
        return None if item is None else self.its_own(session_id, item)

    def stored(self, session_id: str) -> StoredItem | None:
        """The item under an id as a write needs to see it."""
        item = self.get(session_id, latest=True)
        return None if item is None else StoredItem(session_id, item)

    def get_many(self, session_ids: Sequence[str], *, latest: bool = False) -> Iterator[Item]:
        """The items of distinct ids, in no order; `latest` as in `get`."""
        for first in range(0, len(session_ids), _MOST_KEYS):
            asked_for = set(session_ids[first : first + _MOST_KEYS])
            pending = [key(each) for each in session_ids[first : first + _MOST_KEYS]]
            failures = 0
            while pending:
                asked = {"Keys": pending, "ConsistentRead": latest or self._consistent_reads}
                answer = self.client.batch_get_item(RequestItems={self.name: asked})
                for item in answer.get("Responses", {}).get(self.name, []):
                    if _id_in(item) not in asked_for:
                        raise self.foreign_answer()
                    yield item
                left = answer.get("UnprocessedKeys", {}).get(self.name, {}).get("Keys", [])
                if len(left) < len(pending):
                    # An answer of 16 MB ends early; that is progress, and no reason to wait.
                    failures = 0
                elif (failures := failures + 1) == _ATTEMPTS:
                    raise BackendThrottledError(
                        f"{self.place} returned none of {len(left)} sessions in "
                        f"{_ATTEMPTS} requests; wait a little and send the same call again"
                    )
                else:
                    back_off(failures)
                pending = left

    def put(self, item: Item, condition: Mapping[str, Any]) -> tuple[bool, Item | None]:
        """Write a whole item, unless the condition does not hold: whether it was written, and what
        was there."""
        session_id = str(_id_in(item))
        try:
            answer = self.client.put_item(
                TableName=self.name,
                Item=item,
                ReturnValues="ALL_OLD",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
                **condition,
            )
        except ClientError as error:
            if is_failed_condition(error):
                return False, returned_item(error)
            raise
        return True, self._optional(session_id, answer.get("Attributes"))

    def change(self, session_id: str, parameters: Mapping[str, Any]) -> bool:
        """Change an item; False, and nothing changed, if the condition does not hold."""
        try:
            self.client.update_item(TableName=self.name, Key=key(session_id), **parameters)
        except ClientError as error:
            if is_failed_condition(error):
                return False
            raise
        return True

    def remove(
        self, session_id: str, condition: Mapping[str, Any]
    ) -> tuple[Item | None, Item | None]:
        """Remove an item: it, if the condition held; or else what the condition met."""
        try:
            answer = self.client.delete_item(
                TableName=self.name,
                Key=key(session_id),
                ReturnValues="ALL_OLD",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
                **condition,
            )
        except ClientError as error:
            if is_failed_condition(error):
                return None, self._optional(session_id, returned_item(error))
            raise
        return self._optional(session_id, answer.get("Attributes")), None

    def query(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """One Query of the user index; indexes are never read consistently."""
        answer: dict[str, Any] = self.client.query(
            TableName=self.name, IndexName=self.index_name, **parameters
        )
        return answer

    def require_owner(self, user_id: str, answer: Mapping[str, Any]) -> None:
        """Refuse the answer to a Query for this user's sessions if there are others in it."""
        for item in answer.get("Items", []):
            if item.get("userId", {}).get("S") != user_id:
                raise self.foreign_answer()

    def scan(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """One Scan of the table."""
        answer: dict[str, Any] = self.client.scan(
            TableName=self.name, ConsistentRead=self._consistent_reads, **parameters
        )
        return answer

    def _optional(self, session_id: str, item: Item | None) -> Item | None:
        return None if item is None else self.its_own(session_id, item)

    def its_own(self, session_id: str, item: Item) -> Item:
        """The item that was asked for. Another session's is never an answer, however it came: by a
        proxy that mixes answers up, or a socket that two processes read from."""
        if _id_in(item) != session_id:
            raise self.foreign_answer()
        return item

    def foreign_answer(self) -> BackendUnavailableError:
        """The error for an item that was not asked for."""
        return BackendUnavailableError(
            f"{self.place} gave an item with another key than the one asked for; the outcome of a "
            "write is unknown, send the same call again"
        )


def _id_in(item: Item) -> Any:
    return item.get("sessionId", {}).get("S")
