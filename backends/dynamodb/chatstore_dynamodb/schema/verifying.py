"""Compares a live table with what chatstore needs, and names each difference and its mend."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from chatstore_dynamodb.client import Client
from chatstore_dynamodb.errors import code_of, is_failed_condition, is_refused
from chatstore_dynamodb.items import key
from chatstore_dynamodb.schema.applying import described, time_to_live
from chatstore_dynamodb.schema.definition import TTL_ATTRIBUTE, TableDefinition

_NOBODY = "chatstore schema verify"
"""The id of a session and a user that nobody has: what is asked of it changes nothing."""

_NAMED_ALREADY = ("ValidationException", "ResourceNotFoundException")
"""How a table refuses what is asked of an index that is missing, or by other keys."""

_NEW_TABLE = (
    "keys can't be changed: create a table of another name with `chatstore schema apply`, and "
    "copy the sessions"
)


@dataclass(frozen=True, slots=True)
class Difference:
    """One way in which the live table is not what is needed."""

    what: str
    mend: str


def verify(client: Client, definition: TableDefinition) -> list[Difference]:
    """Everything that differs; empty if the table is as it must be, and the caller may use it.

    An index of either projection is fine, as long as it has all that listings read.
    """
    table = described(client, definition.table_name)
    if table is None:
        return [
            Difference(
                f"table {definition.table_name} does not exist", "run `chatstore schema apply`"
            )
        ]
    return [
        *_table_differences(table),
        *_index_differences(table, definition),
        *_ttl_differences(client, definition),
        *_refusals(client, definition),
    ]


def _table_differences(table: Mapping[str, Any]) -> Iterator[Difference]:
    if (status := table.get("TableStatus")) != "ACTIVE":
        yield Difference(f"the table is {status}", "wait until it is ACTIVE")
    types = _types(table)
    yield from _key_differences("the table", table["KeySchema"], {"HASH": "sessionId"}, types)
    mode = table.get("BillingModeSummary", {}).get("BillingMode", "PROVISIONED")
    if mode != "PAY_PER_REQUEST":
        yield Difference(
            f"the billing mode is {mode}, not PAY_PER_REQUEST",
            f"aws dynamodb update-table --table-name {table['TableName']} "
            "--billing-mode PAY_PER_REQUEST",
        )


def _index_differences(
    table: Mapping[str, Any], definition: TableDefinition
) -> Iterator[Difference]:
    name = definition.index_name
    indexes = {each["IndexName"]: each for each in table.get("GlobalSecondaryIndexes", [])}
    if name not in indexes:
        yield Difference(f"index {name} does not exist", "run `chatstore schema apply`")
        return
    index = indexes[name]
    again = (
        f"delete index {name} (aws dynamodb update-table --global-secondary-index-updates), then "
        "run `chatstore schema apply`"
    )
    if (status := index.get("IndexStatus")) != "ACTIVE":
        yield Difference(f"index {name} is {status}", "wait until it is ACTIVE")
    needed = {"HASH": "userId", "RANGE": "createdAt"}
    for difference in _key_differences(f"index {name}", index["KeySchema"], needed, _types(table)):
        yield Difference(difference.what, again)
    projection = index.get("Projection", {})
    kind = projection.get("ProjectionType")
    if kind != "ALL":
        included = set(projection.get("NonKeyAttributes", ()))
        wanted = TableDefinition(definition.table_name, projection="INCLUDE").index_projection
        if missing := [each for each in wanted["NonKeyAttributes"] if each not in included]:
            yield Difference(
                f"index {name} projects {kind}, without {', '.join(missing)}",
                again,
            )


def _key_differences(
    where: str,
    schema: list[dict[str, str]],
    needed: Mapping[str, str],
    types: Mapping[str, str],
) -> Iterator[Difference]:
    found = {each["KeyType"]: each["AttributeName"] for each in schema}
    if found != needed:
        yield Difference(f"{where} has the keys {_keys(found)}, not {_keys(needed)}", _NEW_TABLE)
        return
    for name in needed.values():
        if types.get(name) != "S":
            yield Difference(
                f"{where} has the key {name} of type {types.get(name)}, not S", _NEW_TABLE
            )


def _ttl_differences(client: Client, definition: TableDefinition) -> Iterator[Difference]:
    state, attribute = time_to_live(client, definition.table_name)
    if state in {"DISABLED", "DISABLING"}:
        yield Difference(
            f"time to live is {state}: expired sessions are hidden, and never removed",
            "run `chatstore schema apply`",
        )
    elif attribute != TTL_ATTRIBUTE:
        yield Difference(
            f"time to live goes by the attribute {attribute}, not by {TTL_ATTRIBUTE}",
            f"aws dynamodb update-time-to-live --table-name {definition.table_name} "
            f"--time-to-live-specification AttributeName={attribute},Enabled=false; an hour later, "
            "run `chatstore schema apply`",
        )


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


def _types(table: Mapping[str, Any]) -> dict[str, str]:
    return {
        each["AttributeName"]: each["AttributeType"]
        for each in table.get("AttributeDefinitions", [])
    }


def _keys(keys: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {kind}" for kind, name in sorted(keys.items()))
