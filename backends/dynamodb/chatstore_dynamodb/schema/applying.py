"""Creates what is missing of a table, and never deletes anything."""

import time
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from chatstore.errors import BackendUnavailableError
from chatstore_dynamodb.api import Client
from chatstore_dynamodb.errors import code_of
from chatstore_dynamodb.schema.definition import TTL_ATTRIBUTE, TableDefinition

_PATIENCE = 600.0
"""Seconds to wait for a table or an index; an index of a large table is filled meanwhile."""


def described(client: Client, table_name: str) -> dict[str, Any] | None:
    """The live table, as DescribeTable gives it; None if there is none."""
    try:
        table: dict[str, Any] = client.describe_table(TableName=table_name)["Table"]
    except ClientError as error:
        if code_of(error) == "ResourceNotFoundException":
            return None
        raise
    return table


def time_to_live(client: Client, table_name: str) -> tuple[str, str | None]:
    """The state of the live table's expiry, such as `ENABLED`, and the attribute it goes by."""
    found = client.describe_time_to_live(TableName=table_name)["TimeToLiveDescription"]
    return found.get("TimeToLiveStatus", "DISABLED"), found.get("AttributeName")


def apply(
    client: Client, definition: TableDefinition, *, wait: Callable[[float], None] = time.sleep
) -> list[str]:
    """Create the table, its user index and its time to live, as far as they are missing; what was
    done, a line each. Run again it does nothing.

    What is there and is different stays: `verify` names it.
    """
    done: list[str] = []
    table = described(client, definition.table_name)
    if table is None:
        client.create_table(**definition.create_table)
        done.append(f"created table {definition.table_name} with index {definition.index_name}")
    table = wait_until_active(client, definition, wait=wait)
    if not any(each["IndexName"] == definition.index_name for each in _indexes(table)):
        _create_index(client, definition, table)
        done.append(f"created index {definition.index_name}")
        wait_until_active(client, definition, wait=wait)
    state, _ = time_to_live(client, definition.table_name)
    if state == "DISABLED":
        client.update_time_to_live(**definition.time_to_live)
        done.append(f"enabled time to live on {TTL_ATTRIBUTE}")
    return done


def _create_index(client: Client, definition: TableDefinition, table: dict[str, Any]) -> None:
    index = definition.index
    if table.get("BillingModeSummary", {}).get("BillingMode") != "PAY_PER_REQUEST":
        # A provisioned table's index must have a throughput of its own: the table's.
        throughput = table["ProvisionedThroughput"]
        index["ProvisionedThroughput"] = {
            name: throughput[name] for name in ("ReadCapacityUnits", "WriteCapacityUnits")
        }
    client.update_table(
        TableName=definition.table_name,
        AttributeDefinitions=definition.create_table["AttributeDefinitions"],
        GlobalSecondaryIndexUpdates=[{"Create": index}],
    )


def wait_until_active(
    client: Client, definition: TableDefinition, *, wait: Callable[[float], None] = time.sleep
) -> dict[str, Any]:
    """The table, once it and its indexes are active; `BackendUnavailableError` after 10 minutes."""
    waited, pause = 0.0, 0.2
    while True:
        table = described(client, definition.table_name) or {}
        states = [table.get("TableStatus"), *(each["IndexStatus"] for each in _indexes(table))]
        if all(state == "ACTIVE" for state in states):
            return table
        if waited > _PATIENCE:
            raise BackendUnavailableError(
                f"dynamodb: table {definition.table_name!r} is not active after {waited:.0f} "
                "seconds; run `chatstore schema apply` again"
            )
        wait(pause)
        waited, pause = waited + pause, min(5.0, pause * 1.5)


def _indexes(table: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = table.get("GlobalSecondaryIndexes", [])
    return found
