"""`ping`: whether the table is what chatstore needs, and these credentials may use it."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from botocore.exceptions import ClientError

from chatstore.errors import BackendAuthError, SchemaError
from chatstore_dynamodb.errors import code_of, is_refused
from chatstore_dynamodb.history.table import HistoryTable
from chatstore_dynamodb.schema.definition import TableDefinition
from chatstore_dynamodb.schema.verify import (
    Difference,
    needs_of_table,
    needs_of_time_to_live,
)
from chatstore_dynamodb.table import Table

_NOBODY = "chatstore ping"


def ping(table: Table, *, needs_time_to_live: bool, histories: HistoryTable | None) -> None:
    """Three requests that read nothing of anybody's, and one more where `histories` are kept.
    Raises `SchemaError`, which names what is
    wrong with the table and what mends it, and `BackendAuthError`, which names what is not
    allowed."""
    definition = TableDefinition(table.name, table.index_name)
    _require(
        table,
        "dynamodb:DescribeTable",
        lambda: needs_of_table(table.client, definition, keeps_histories=histories is not None),
    )
    # The table may be missing, and the index may be there and still not be read.
    table.query(
        {
            "KeyConditionExpression": "userId=:nobody",
            "ExpressionAttributeValues": {":nobody": {"S": _NOBODY}},
            "ProjectionExpression": "sessionId",
            "Limit": 1,
        }
    )
    if needs_time_to_live:
        _require(
            table,
            "dynamodb:DescribeTimeToLive",
            lambda: needs_of_time_to_live(table.client, definition),
        )
    if histories is not None:
        histories.require_there()


def _require(table: Table, action: str, differences: Callable[[], Iterator[Difference]]) -> None:
    try:
        found: Sequence[Difference] = list(differences())
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
    if found:
        raise SchemaError(
            f"{table.place} is not what chatstore needs: "
            + "; ".join(f"{each.what} ({each.mend})" for each in found)
        )
