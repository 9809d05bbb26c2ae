"""`ping`: whether the table is what chatstore needs, and these credentials may use it."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from botocore.exceptions import ClientError

from chatstore.errors import BackendAuthError, SchemaError
from chatstore_dynamodb.errors import code_of, is_refused
from chatstore_dynamodb.schema.comparing import Comparison, Difference
from chatstore_dynamodb.schema.definition import TTL_ATTRIBUTE, TableDefinition
from chatstore_dynamodb.schema.live import described, time_to_live
from chatstore_dynamodb.table import Table

Result = TypeVar("Result")

_NOBODY = "chatstore ping"
_WORKING = frozenset({"the table is UPDATING"})


def ping(table: Table, *, needs_time_to_live: bool) -> None:
    """Three requests that read nothing of anybody's. Raises `SchemaError`, which names what is
    wrong with the table and what mends it, and `BackendAuthError`, which names what is not
    allowed."""
    definition = TableDefinition(table.name, table.index_name)
    expiry: tuple[str, str | None] = ("ENABLED", TTL_ATTRIBUTE)
    live = _allowed(table, "dynamodb:DescribeTable", lambda: described(table.client, table.name))
    if live is not None:
        if needs_time_to_live:
            expiry = _allowed(
                table,
                "dynamodb:DescribeTimeToLive",
                lambda: time_to_live(table.client, table.name),
            )
        _require_no(table, Comparison(table.client, definition, live).differences(expiry))
    # The table may be missing, and the index may be there and still not be read.
    table.query(
        {
            "KeyConditionExpression": "userId=:nobody",
            "ExpressionAttributeValues": {":nobody": {"S": _NOBODY}},
            "ProjectionExpression": "sessionId",
            "Limit": 1,
        }
    )


def _allowed(table: Table, action: str, ask: Callable[[], Result]) -> Result:
    try:
        return ask()
    except ClientError as error:
        if not is_refused(error):
            raise
        details: dict[str, Any] = dict(error.response)
        request = details.get("ResponseMetadata", {}).get("RequestId", "unknown")
        raise BackendAuthError(
            f"{table.place}: ping needs {action}, which these credentials may not do "
            f"({code_of(error)}, request {request}); grant it, as the README's policy for the "
            "application does: without it nobody can tell whether the table is as it must be"
        ) from error


def _require_no(table: Table, differences: Sequence[Difference]) -> None:
    # What is being changed goes on working meanwhile, at whatever price.
    found = [each for each in differences if not each.harmless and each.what not in _WORKING]
    if found:
        raise SchemaError(
            f"{table.place} is not what chatstore needs: "
            + "; ".join(f"{each.what} ({each.mend})" for each in found)
        )
