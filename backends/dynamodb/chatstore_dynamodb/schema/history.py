"""The history table: how a live one differs from the one that is needed, and what would be done."""

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from chatstore_dynamodb.client.interface import Client
from chatstore_dynamodb.errors import code_of, is_failed_condition, is_refused
from chatstore_dynamodb.history.chunks import POSITION, chunk_key
from chatstore_dynamodb.items import HISTORY_ID
from chatstore_dynamodb.place import Place
from chatstore_dynamodb.schema.comparison import Comparison, Difference, Step, missing_table
from chatstore_dynamodb.schema.definition import HistoryDefinition
from chatstore_dynamodb.schema.live import described, place_of, settled

_NOBODY = "chatstore schema verify"

_NAMED_ALREADY = ("ValidationException", "ResourceNotFoundException")


def verify_history(client: Client, definition: HistoryDefinition, place: Place) -> list[Difference]:
    """Everything that differs. `place`: that of the sessions, by which the table is made."""
    table = described(client, definition.table_name)
    if table is None:
        return [_missing(definition, place)]
    return [*differences(client, definition, table), *_refusals(client, definition)]


def differences(
    client: Client, definition: HistoryDefinition, table: Mapping[str, Any]
) -> Iterator[Difference]:
    """What differs in a history table that is there."""
    yield from _key_differences(definition, table)
    comparison = Comparison(place_of(client, definition), table)
    yield from comparison.of_status()
    yield from comparison.of_billing()


def plan_of_history(
    client: Client,
    definition: HistoryDefinition,
    *,
    wait: Callable[[float], None] = time.sleep,
) -> tuple[dict[str, Any] | None, list[Difference]]:
    """The table, once nothing of it is being created or changed, and what differs; None if there is
    none."""
    table = settled(client, definition, wait=wait)
    if table is None:
        return None, [missing_table(place_of(client, definition))]
    return table, list(differences(client, definition, table))


def _missing(definition: HistoryDefinition, place: Place) -> Difference:
    return Difference(
        f"table {definition.table_name} does not exist",
        f"run {place.schema_command('apply', '--history')}",
        Step.CREATE_TABLE,
    )


def _key_differences(
    definition: HistoryDefinition, table: Mapping[str, Any]
) -> Iterator[Difference]:
    found = {each["KeyType"]: each["AttributeName"] for each in table["KeySchema"]}
    types = {each["AttributeName"]: each["AttributeType"] for each in table["AttributeDefinitions"]}
    wanted = {"HASH": HISTORY_ID, "RANGE": POSITION}
    if found != wanted or (types[HISTORY_ID], types[POSITION]) != ("S", "N"):
        yield Difference(
            f"the keys of table {definition.table_name} are not {HISTORY_ID} HASH (S) and "
            f"{POSITION} RANGE (N)",
            "keys can't be changed: name another table in the URL, by history=TABLE",
        )


def _refusals(client: Client, definition: HistoryDefinition) -> Iterator[Difference]:
    """What the caller may not do, tried on a history that nobody has."""
    table, key = {"TableName": definition.table_name}, chunk_key(_NOBODY, 0)
    impossible = {
        "ConditionExpression": f"attribute_exists({HISTORY_ID}) AND "
        f"attribute_not_exists({HISTORY_ID})"
    }
    asked = {
        "KeyConditionExpression": f"{HISTORY_ID}=:nobody",
        "ExpressionAttributeValues": {":nobody": {"S": _NOBODY}},
    }
    deletion = {definition.table_name: [{"DeleteRequest": {"Key": key}}]}
    attempts: dict[str, Callable[[], object]] = {
        "dynamodb:GetItem": lambda: client.get_item(**table, Key=key),
        "dynamodb:PutItem": lambda: client.put_item(**table, Item=key, **impossible),
        "dynamodb:Query": lambda: client.query(**table, **asked, Limit=1),
        "dynamodb:BatchWriteItem": lambda: client.batch_write_item(RequestItems=deletion),
    }
    for action, attempt in attempts.items():
        try:
            attempt()
        except ClientError as error:
            if is_refused(error):
                yield Difference(
                    f"the caller may not {action} on table {definition.table_name} "
                    f"({code_of(error)})",
                    "grant it: the README has the application's and the operator's policy",
                )
            elif not is_failed_condition(error) and code_of(error) not in _NAMED_ALREADY:
                raise
