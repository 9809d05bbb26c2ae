"""Compares a live table with what chatstore needs, and names each difference and its mend."""

from collections.abc import Callable, Iterator

from botocore.exceptions import ClientError

from chatstore_dynamodb.client.interface import Client
from chatstore_dynamodb.errors import code_of, is_failed_condition, is_refused
from chatstore_dynamodb.items import key
from chatstore_dynamodb.schema.comparison import (
    Comparison,
    Difference,
    expiry_differences,
    missing_table,
)
from chatstore_dynamodb.schema.definition import TableDefinition
from chatstore_dynamodb.schema.live import described, place_of, time_to_live

__all__ = ["Difference", "needs_of_table", "needs_of_time_to_live", "verify"]

_NOBODY = "chatstore schema verify"
"""The id of a session and a user that nobody has: what is asked of it changes nothing."""

_NAMED_ALREADY = ("ValidationException", "ResourceNotFoundException")
"""How a table refuses what is asked of an index that is missing, or by other keys."""


def verify(
    client: Client, definition: TableDefinition, *, keeps_histories: bool = False
) -> list[Difference]:
    """Everything that differs; empty if the table is as it must be, and the caller may use it.

    An index of either projection is fine, as long as it has all that listings read; whether
    sessions keep histories only where some do.
    """
    place = place_of(client, definition)
    table = described(client, definition.table_name)
    if table is None:
        return [missing_table(place)]
    expiry = time_to_live(client, definition.table_name)
    return [
        *Comparison(place, table, keeps_histories=keeps_histories).differences(expiry),
        *_refusals(client, definition),
    ]


def needs_of_table(
    client: Client, definition: TableDefinition, *, keeps_histories: bool = False
) -> Iterator[Difference]:
    """What chatstore can't work without, in a table that is there: its keys, and its user index."""
    table = described(client, definition.table_name)
    if table is not None:
        place = place_of(client, definition)
        comparison = Comparison(place, table, keeps_histories=keeps_histories)
        # Of a table with other keys it is no matter which indexes it has.
        yield from list(comparison.of_keys()) or comparison.of_index()


def needs_of_time_to_live(client: Client, definition: TableDefinition) -> Iterator[Difference]:
    """What differs in the time to live of a table that is there."""
    expiry = time_to_live(client, definition.table_name)
    yield from expiry_differences(place_of(client, definition), expiry)


def _refusals(client: Client, definition: TableDefinition) -> Iterator[Difference]:
    """What the caller may not do, tried on a session that nobody has."""
    for action, attempt in _attempts(client, definition).items():
        try:
            attempt()
        except ClientError as error:
            if is_refused(error):
                yield Difference(
                    f"the caller may not {action} ({code_of(error)})",
                    "grant it: the README has the application's and the operator's policy",
                )
            elif not is_failed_condition(error) and code_of(error) not in _NAMED_ALREADY:
                raise


def _attempts(client: Client, definition: TableDefinition) -> dict[str, Callable[[], object]]:
    table = {"TableName": definition.table_name}
    impossible = {
        "ConditionExpression": "attribute_exists(sessionId) AND attribute_not_exists(sessionId)"
    }
    index_query = {
        "IndexName": definition.index_name,
        "KeyConditionExpression": "userId=:nobody",
        "ExpressionAttributeValues": {":nobody": {"S": _NOBODY}},
    }
    return {
        "dynamodb:GetItem": lambda: client.get_item(**table, Key=key(_NOBODY)),
        "dynamodb:BatchGetItem": lambda: client.batch_get_item(
            RequestItems={definition.table_name: {"Keys": [key(_NOBODY)]}}
        ),
        "dynamodb:PutItem": lambda: client.put_item(**table, Item=key(_NOBODY), **impossible),
        "dynamodb:UpdateItem": lambda: client.update_item(
            **table, Key=key(_NOBODY), UpdateExpression="REMOVE nothing", **impossible
        ),
        "dynamodb:DeleteItem": lambda: client.delete_item(**table, Key=key(_NOBODY), **impossible),
        f"dynamodb:Query on index {definition.index_name}": lambda: client.query(
            **table, **index_query, Limit=1
        ),
    }
