"""The operators' hooks: they walk a user's sessions, or the whole table."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from chatstore.clock import Moment
from chatstore.engine.engine import Engine
from chatstore.engine.write import is_visible
from chatstore.errors import InvalidCursorError
from chatstore.policy import RetentionPolicy
from chatstore.record.stored import Record, StoredSession
from chatstore.runtime.deadline import each_step
from chatstore_dynamodb.errors import is_wrong_key
from chatstore_dynamodb.expressions import walking
from chatstore_dynamodb.expressions.change import free
from chatstore_dynamodb.items import new_item, record
from chatstore_dynamodb.marshalling import Item
from chatstore_dynamodb.table import Table


class Upkeep(Engine):
    """`Maintenance`'s hooks over a table."""

    table: Table
    _policy: RetentionPolicy

    def open(self, policy: RetentionPolicy) -> None:
        self._policy = policy

    def delete_user(self, user_id: str, now: Moment) -> int:
        count = 0
        for session_id in self._ids(self.table.query, walking.owned_by(user_id)):
            # The index lags: by now the id may be another user's.
            with each_step():
                removed = self.table.remove(session_id, walking.still_owned_by(user_id))
            if removed is not None:
                ttl = record({"ttl": removed["ttl"]}).ttl if "ttl" in removed else None
                count += is_visible(now, None, owner=None, ttl=ttl)
        return count

    def purge(self, now: Moment) -> int:
        count = 0
        for session_id in self._ids(self.table.scan, walking.expired(now.seconds)):
            with each_step():
                removed = self.table.remove(session_id, walking.still_expired(now.seconds))
            count += removed is not None
        return count

    def scan(
        self, *, limit: int, after: str | None, now: Moment
    ) -> tuple[Sequence[tuple[str, Record]], str | None]:
        try:
            answer = self.table.scan(walking.live(now.seconds, limit=limit, after=after))
        except ClientError as error:
            if after is not None and is_wrong_key(error):
                raise InvalidCursorError from error
            raise
        found = [(item["sessionId"]["S"], record(item)) for item in answer.get("Items", [])]
        last: Item | None = answer.get("LastEvaluatedKey")
        return found, None if last is None else last["sessionId"]["S"]

    def restore(self, session: StoredSession, *, overwrite: bool, now: Moment) -> bool:
        condition = {} if overwrite else free(now.seconds)
        return self.table.put(new_item(session, self._policy), condition)

    def _ids(
        self, walk: Callable[[Mapping[str, Any]], dict[str, Any]], parameters: Mapping[str, Any]
    ) -> Iterator[str]:
        start: dict[str, Any] = {}
        while True:
            with each_step():
                answer = walk({**parameters, **start})
            for item in answer.get("Items", []):
                yield item["sessionId"]["S"]
            if not (last := answer.get("LastEvaluatedKey")):
                return
            start = {"ExclusiveStartKey": last}
