"""A live table as AWS describes it, and the wait until it has settled."""

import time
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from chatstore.errors import BackendUnavailableError
from chatstore_dynamodb.client.interface import Client
from chatstore_dynamodb.errors import code_of
from chatstore_dynamodb.place import Place
from chatstore_dynamodb.schema.definition import AnyDefinition, HistoryDefinition

_PATIENCE = 600.0
"""Seconds to wait for a table or an index; an index of a large table is filled meanwhile."""

_PASSING = frozenset({"CREATING", "UPDATING"})
"""States of a table that end by themselves, with it active."""

_PASSING_OF_INDEXES = _PASSING | {"DELETING"}
"""And of an index: once one is deleted, another may have its name."""


def place_of(client: Client, definition: AnyDefinition) -> Place:
    """Where the client looks for the table."""
    if isinstance(definition, HistoryDefinition):
        return Place.of(client, definition.table_name)
    return Place.of(client, definition.table_name, definition.index_name)


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


def indexes_of(table: dict[str, Any]) -> list[dict[str, Any]]:
    """The table's global secondary indexes."""
    found: list[dict[str, Any]] = table.get("GlobalSecondaryIndexes", [])
    return found


def wait_until_active(
    client: Client, definition: AnyDefinition, *, wait: Callable[[float], None] = time.sleep
) -> dict[str, Any]:
    """The table, once it and its indexes are active; `BackendUnavailableError` after 10 minutes."""
    table = _waited_for(
        client, definition, lambda table: all(state == "ACTIVE" for state in _states(table)), wait
    )
    return table or {}


def settled(
    client: Client, definition: AnyDefinition, *, wait: Callable[[float], None] = time.sleep
) -> dict[str, Any] | None:
    """The table, once nothing of it is being created, changed or, of its indexes, deleted; None if
    there is none.
    `BackendUnavailableError` after 10 minutes."""
    return _waited_for(
        client,
        definition,
        lambda table: table is None or not _is_passing(table),
        wait,
    )


def _is_passing(table: dict[str, Any]) -> bool:
    return table["TableStatus"] in _PASSING or any(
        each["IndexStatus"] in _PASSING_OF_INDEXES for each in indexes_of(table)
    )


def _waited_for(
    client: Client,
    definition: AnyDefinition,
    done: Callable[[dict[str, Any] | None], bool],
    wait: Callable[[float], None],
) -> dict[str, Any] | None:
    waited, pause = 0.0, 0.2
    while True:
        table = described(client, definition.table_name)
        if done(table):
            return table
        if waited > _PATIENCE:
            place = place_of(client, definition)
            raise BackendUnavailableError(
                f"{place} is not active after {waited:.0f} seconds; run "
                f"{place.schema_command('apply')} again"
            )
        wait(pause)
        waited, pause = waited + pause, min(5.0, pause * 1.5)


def _states(table: dict[str, Any] | None) -> list[str | None]:
    known = table or {}
    return [known.get("TableStatus"), *(each["IndexStatus"] for each in indexes_of(known))]
