"""The operators' hooks: they walk a user's sessions, or the whole table."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from chatstore.clock import Moment
from chatstore.engine.write import is_visible
from chatstore.errors import InvalidCursorError
from chatstore.models import JsonObject
from chatstore.record.stored import StoredSession
from chatstore.runtime.deadline import each_step
from chatstore.store.base import BaseSessionStore
from chatstore_dynamodb.errors import is_wrong_key
from chatstore_dynamodb.expressions import walking
from chatstore_dynamodb.expressions.change import free
from chatstore_dynamodb.items import new_item, record
from chatstore_dynamodb.marshalling import Item
from chatstore_dynamodb.table import Table


class Upkeep(BaseSessionStore):
    """`Maintenance`'s hooks over a table."""

    _table: Table

    def _delete_user(self, user_id: str, now: Moment) -> int:
        count = 0
        for session_id in self._ids(self._table.query, walking.owned_by(user_id)):
            # The index lags: by now the id may be another user's.
            with each_step(self.deadline):
                removed = self._table.remove(session_id, walking.still_owned_by(user_id))
            if removed is not None:
                ttl = record({"ttl": removed["ttl"]}).ttl if "ttl" in removed else None
                count += is_visible(now, None, owner=None, ttl=ttl)
        return count

    def _purge(self, now: Moment) -> int:
        count = 0
        for session_id in self._ids(self._table.scan, walking.expired(now.seconds)):
            with each_step(self.deadline):
                removed = self._table.remove(session_id, walking.still_expired(now.seconds))
            count += removed is not None
        return count

    def _scan(
        self, *, limit: int, after: str | None, now: Moment
    ) -> tuple[Sequence[tuple[str, JsonObject]], str | None]:
        try:
            answer = self._table.scan(walking.live(now.seconds, limit=limit, after=after))
        except ClientError as error:
            if after is not None and is_wrong_key(error):
                raise InvalidCursorError from error
            raise
        found = [(item["sessionId"]["S"], _document(item)) for item in answer.get("Items", [])]
        last: Item | None = answer.get("LastEvaluatedKey")
        return found, None if last is None else last["sessionId"]["S"]

    def _restore(self, session: StoredSession, *, overwrite: bool, now: Moment) -> bool:
        condition = {} if overwrite else free(now.seconds)
        return self._table.put(new_item(session, self.policy), condition)

    def _ids(
        self, walk: Callable[[Mapping[str, Any]], dict[str, Any]], parameters: Mapping[str, Any]
    ) -> Iterator[str]:
        start: dict[str, Any] = {}
        while True:
            with each_step(self.deadline):
                answer = walk({**parameters, **start})
            for item in answer.get("Items", []):
                yield item["sessionId"]["S"]
            if not (last := answer.get("LastEvaluatedKey")):
                return
            start = {"ExclusiveStartKey": last}


def _document(item: Item) -> JsonObject:
    body = record(item).body
    return dict(body) if isinstance(body, Mapping) else {}
