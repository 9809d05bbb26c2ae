"""The operators' calls: they walk a user's sessions, or the whole table."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from chatstore.clock import Moment
from chatstore.engine.write import is_visible
from chatstore.errors import InvalidCursorError
from chatstore.runtime.deadline import each_step
from chatstore_dynamodb.attribute_values import Item
from chatstore_dynamodb.errors import is_wrong_key
from chatstore_dynamodb.expressions import maintenance as expressions
from chatstore_dynamodb.history.erasing import Eraser
from chatstore_dynamodb.items import HISTORY_ID
from chatstore_dynamodb.stored_item import StoredItem
from chatstore_dynamodb.table import Table


def delete_user(table: Table, eraser: Eraser, user_id: str, now: Moment) -> int:
    """Remove all that is stored of a user; how many live sessions that were."""
    count = 0
    for found in _walk(table.query, expressions.owned_by(user_id)):
        session_id = found["sessionId"]["S"]
        # The index lags: by now the id may be another user's.
        with each_step():
            removed, met = table.remove(session_id, expressions.still_owned_by(user_id))
            if removed is None and met is None:
                met = table.get(session_id, latest=True)
        if met is not None and HISTORY_ID in met:
            history_id = met[HISTORY_ID]["S"]
            with each_step():
                is_marked = table.change(session_id, expressions.mark_owned(history_id, user_id))
            if is_marked:
                eraser.finish(session_id, history_id)
                removed = met
        if removed is not None:
            ttl = StoredItem(session_id, removed).ttl
            count += is_visible(now, None, owner=None, ttl=ttl)
    return count


def purge(table: Table, eraser: Eraser, now: Moment) -> int:
    """Remove what has expired; how many sessions that were."""
    count = 0
    for found in _walk(table.scan, expressions.expired(now.seconds)):
        session_id = found["sessionId"]["S"]
        if HISTORY_ID in found:
            history_id = found[HISTORY_ID]["S"]
            with each_step():
                mark = expressions.mark_expired(history_id, now.seconds)
                is_marked = table.change(session_id, mark)
            count += is_marked and eraser.finish(session_id, history_id)
        else:
            with each_step():
                removed, _ = table.remove(session_id, expressions.still_expired(now.seconds))
            count += removed is not None
    return count


def scan(
    table: Table, *, limit: int, after: str | None, now: Moment
) -> tuple[Sequence[Item], str | None]:
    """Some live items, and the id to go on after; None when all were seen. Raises
    `InvalidCursorError` if `after` is no id that an item can have."""
    try:
        answer = table.scan(expressions.live(now.seconds, limit=limit, after=after))
    except ClientError as error:
        if after is not None and is_wrong_key(error):
            raise InvalidCursorError from error
        raise
    last: Item | None = answer.get("LastEvaluatedKey")
    return answer.get("Items", []), None if last is None else last["sessionId"]["S"]


def _walk(
    ask: Callable[[Mapping[str, Any]], dict[str, Any]], parameters: Mapping[str, Any]
) -> Iterator[Item]:
    start: dict[str, Any] = {}
    while True:
        with each_step():
            answer = ask({**parameters, **start})
        yield from answer.get("Items", [])
        if not (last := answer.get("LastEvaluatedKey")):
            return
        start = {"ExclusiveStartKey": last}
