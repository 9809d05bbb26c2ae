"""A page of a user's sessions, by Queries on the user index."""

import itertools
from collections.abc import Sequence
from typing import Any

from botocore.exceptions import ClientError

from chatstore.engine.cursor import Position
from chatstore.engine.query import PageQuery
from chatstore.models import JsonObject
from chatstore_dynamodb import expressions
from chatstore_dynamodb.errors import is_not_projected
from chatstore_dynamodb.items import other_attributes
from chatstore_dynamodb.table import Table


def page(table: Table, query: PageQuery) -> Sequence[tuple[Position, JsonObject]]:
    """The sessions that are asked for, without their messages."""
    request = expressions.page_request(query)
    if request is None:
        return []
    listing = expressions.Listing(query)
    for round_ in itertools.count():
        answer = _query(table, {**request, "Limit": expressions.evaluated(query, round_)})
        table.require_owner(query.user_id, answer)
        listing.take(answer.get("Items", []))
        if listing.is_full:
            break
        if not (last := answer.get("LastEvaluatedKey")):
            listing.finish()
            break
        request["ExclusiveStartKey"] = last
    incomplete = listing.incomplete
    for item in table.get_many(list(incomplete)):
        body = incomplete[item["sessionId"]["S"]]
        body |= other_attributes(item, body)
    return listing.page


def _query(table: Table, request: dict[str, Any]) -> dict[str, Any]:
    if table.index_has_history:
        try:
            return table.query(request)
        except ClientError as error:
            if not is_not_projected(error):
                raise
            table.index_has_history = False
    return table.query(expressions.without_history(request))
