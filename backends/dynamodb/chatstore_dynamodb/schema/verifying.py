"""Compares a live table with what chatstore needs, and names each difference and its mend."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from botocore.exceptions import ClientError

from chatstore_dynamodb.api import Client
from chatstore_dynamodb.errors import code_of, is_failed_condition, is_refused
from chatstore_dynamodb.items import key
from chatstore_dynamodb.place import Place
from chatstore_dynamodb.schema.applying import described, time_to_live
from chatstore_dynamodb.schema.definition import TTL_ATTRIBUTE, TableDefinition

_NOBODY = "chatstore schema verify"
"""The id of a session and a user that nobody has: what is asked of it changes nothing."""

_NAMED_ALREADY = ("ValidationException", "ResourceNotFoundException")
"""How a table refuses what is asked of an index that is missing, or by other keys."""


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
        place = _place(client, definition)
        return [
            Difference(
                f"table {definition.table_name} does not exist",
                f"run {place.schema_command('apply')}",
            )
        ]
    return [
        *_status_differences(table),
        *_key_needs(client, definition, table),
        *_billing_differences(table),
        *_index_differences(table, definition, _place(client, definition)),
        *needs_of_time_to_live(client, definition),
        *_refusals(client, definition),
    ]


def needs_of_table(client: Client, definition: TableDefinition) -> Iterator[Difference]:
    """What chatstore can't work without, in a table that is there: its keys, and its user index."""
    table = described(client, definition.table_name)
    if table is not None:
        yield from _key_needs(client, definition, table)
        yield from _index_differences(table, definition, _place(client, definition))


def _status_differences(table: Mapping[str, Any]) -> Iterator[Difference]:
    if (status := table.get("TableStatus")) != "ACTIVE":
        yield Difference(f"the table is {status}", "wait until it is ACTIVE")


def _key_needs(
    client: Client, definition: TableDefinition, table: Mapping[str, Any]
) -> Iterator[Difference]:
    elsewhere = replace(_place(client, definition), table_name=f"{definition.table_name}-2")
    new_table = (
        "keys can't be changed, so let this table be, and create one of another name with "
        f"{elsewhere.schema_command('apply')}"
    )
    yield from _key_differences(
        "the table", table["KeySchema"], {"HASH": "sessionId"}, _types(table), new_table
    )


def _place(client: Client, definition: TableDefinition) -> Place:
    return Place.of(client, definition.table_name, definition.index_name)


def _billing_differences(table: Mapping[str, Any]) -> Iterator[Difference]:
    mode = table.get("BillingModeSummary", {}).get("BillingMode", "PROVISIONED")
    if mode != "PAY_PER_REQUEST":
        yield Difference(
            f"the billing mode is {mode}, not PAY_PER_REQUEST",
            f"aws dynamodb update-table --table-name {table['TableName']} "
            "--billing-mode PAY_PER_REQUEST",
        )


def _index_differences(
    table: Mapping[str, Any], definition: TableDefinition, place: Place
) -> Iterator[Difference]:
    name = definition.index_name
    indexes = {each["IndexName"]: each for each in table.get("GlobalSecondaryIndexes", [])}
    if name not in indexes:
        yield Difference(f"index {name} does not exist", f"run {place.schema_command('apply')}")
        return
    index = indexes[name]
    again = (
        f"delete index {name} (aws dynamodb update-table --global-secondary-index-updates), then "
        f"run {place.schema_command('apply')}"
    )
    if (status := index.get("IndexStatus")) != "ACTIVE":
        yield Difference(f"index {name} is {status}", "wait until it is ACTIVE")
    needed = {"HASH": "userId", "RANGE": "createdAt"}
    yield from _key_differences(f"index {name}", index["KeySchema"], needed, _types(table), again)
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
    mend: str,
) -> Iterator[Difference]:
    found = {each["KeyType"]: each["AttributeName"] for each in schema}
    if found != needed:
        yield Difference(f"{where} has the keys {_keys(found)}, not {_keys(needed)}", mend)
        return
    for name in needed.values():
        if types.get(name) != "S":
            yield Difference(f"{where} has the key {name} of type {types.get(name)}, not S", mend)


def needs_of_time_to_live(client: Client, definition: TableDefinition) -> Iterator[Difference]:
    """What the table must do to get rid of what has expired."""
    apply = _place(client, definition).schema_command("apply")
    state, attribute = time_to_live(client, definition.table_name)
    if state in {"DISABLED", "DISABLING"}:
        yield Difference(
            f"time to live is {state}: expired sessions are hidden, and never removed",
            f"run {apply}",
        )
    elif attribute != TTL_ATTRIBUTE:
        yield Difference(
            f"time to live goes by the attribute {attribute}, not by {TTL_ATTRIBUTE}",
            f"aws dynamodb update-time-to-live --table-name {definition.table_name} "
            f"--time-to-live-specification AttributeName={attribute},Enabled=false; an hour later, "
            f"run {apply}",
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
