"""Queries on the user index, and the order that they do not give by themselves."""

from collections.abc import Sequence
from typing import Any

from chatstore.engine.cursor import Position
from chatstore.engine.query import PageQuery
from chatstore.models import JsonObject
from chatstore_dynamodb.attribute_values import Item
from chatstore_dynamodb.items import HISTORY, LISTED, OTHER_NAMES, info_body, may_have_others

_DEFAULT_STATUS = "active"
_MOST_EVALUATED = 1_000
_LONGEST_SORT_KEY = 1_024


def page_request(query: PageQuery) -> dict[str, Any] | None:
    """The parameters of the first Query of a listing, table and index aside; None if no time can
    lie in its range.

    The cursor's own time is included: sessions created at the same instant come back from an index
    in no order, so that they are told apart by their ids afterwards.
    """
    lowest, highest = _range(query)
    # No key is empty, so that an empty bound excludes nothing below it, and all above.
    lowest = lowest or None
    if highest is not None and (not highest or (lowest is not None and lowest > highest)):
        return None
    names = {f"#{index}": name for index, name in enumerate((*LISTED, OTHER_NAMES))}
    values: Item = {":user": {"S": query.user_id}, ":now": {"N": str(query.now.seconds)}}
    created = f"#{LISTED.index('createdAt')}"
    keys = f"#{LISTED.index('userId')}=:user"
    if lowest is not None and highest is not None:
        keys += f" AND {created} BETWEEN :low AND :high"
    elif lowest is not None:
        keys += f" AND {created}>=:low"
    elif highest is not None:
        keys += f" AND {created}<=:high"
    if lowest is not None:
        values[":low"] = {"S": lowest}
    if highest is not None:
        values[":high"] = {"S": highest}
    matches = f"NOT #{LISTED.index('ttl')}<=:now"
    if query.session_status is not None:
        status = f"#{LISTED.index('sessionStatus')}"
        values[":status"] = {"S": query.session_status}
        equal = f"{status}=:status"
        # Records that others wrote may have none; the model reads them as active.
        if query.session_status == _DEFAULT_STATUS:
            equal = f"({equal} OR attribute_not_exists({status}))"
        matches += f" AND {equal}"
    return {
        "KeyConditionExpression": keys,
        "FilterExpression": matches,
        "ProjectionExpression": ",".join(names),
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
        "ScanIndexForward": not query.newest_first,
    }


def without_history(request: dict[str, Any]) -> dict[str, Any]:
    """The same Query for an index that does not have the attribute `history`."""
    names: dict[str, str] = request["ExpressionAttributeNames"]
    names = {placeholder: name for placeholder, name in names.items() if name != HISTORY}
    return {
        **request,
        "ProjectionExpression": ",".join(names),
        "ExpressionAttributeNames": names,
    }


def evaluated(query: PageQuery, round_: int) -> int:
    """How many index entries the Query of this round, counted from 0, may look at.

    One entry beyond the page shows that its last instant is complete, and one more is the
    cursor's own. Where entries are filtered out, each round looks at twice as many.
    """
    first = query.limit + (1 if query.after is None else 2)
    return int(min(first * 2**round_, max(first, _MOST_EVALUATED)))


class Listing:
    """The entries of a listing, as its Queries bring them, put in order."""

    def __init__(self, query: PageQuery) -> None:
        self._query = query
        self._ordered: list[tuple[Position, JsonObject]] = []
        self._instant: list[tuple[Position, JsonObject]] = []
        self._incomplete: set[str] = set()

    def take(self, items: Sequence[Item]) -> None:
        """Take the items of one more Query."""
        for item in items:
            body = info_body(item)
            position = Position(str(body["createdAt"]), str(body["sessionId"]))
            if self._instant and self._instant[0][0].created_at != position.created_at:
                self.finish()
            self._instant.append((position, body))
            if may_have_others(item):
                self._incomplete.add(position.session_id)

    def finish(self) -> None:
        """Nothing more is coming of the last instant taken: put its sessions in order."""
        self._instant.sort(key=lambda found: found[0], reverse=self._query.newest_first)
        self._ordered += (found for found in self._instant if self._belongs(found[0]))
        self._instant.clear()

    @property
    def is_full(self) -> bool:
        """Whether a whole page is there, in its final order."""
        return len(self._ordered) >= self._query.limit

    @property
    def page(self) -> list[tuple[Position, JsonObject]]:
        """The page, or what there is of it."""
        return self._ordered[: self._query.limit]

    @property
    def incomplete(self) -> dict[str, JsonObject]:
        """Those on the page of which there may be more than a listing reads, by session id."""
        return {
            position.session_id: body
            for position, body in self.page
            if position.session_id in self._incomplete
        }

    def _belongs(self, position: Position) -> bool:
        before, after = self._query.created_before, self._query.after
        if before is not None and position.created_at >= before:
            return False
        if after is None:
            return True
        return position < after if self._query.newest_first else position > after


def _range(query: PageQuery) -> tuple[str | None, str | None]:
    """The least and the greatest `createdAt` that can belong, both included."""
    after = None if query.after is None else query.after.created_at
    lowest = [query.created_from, None if query.newest_first else after]
    highest = [query.created_before, after if query.newest_first else None]
    return (
        max((_as_key(text) for text in lowest if text is not None), default=None),
        min((_as_key(text) for text in highest if text is not None), default=None),
    )


def _as_key(text: str) -> str:
    # A cursor may name any text; longer than a key can be, its beginning bounds the same keys.
    return text.encode()[:_LONGEST_SORT_KEY].decode(errors="ignore")
