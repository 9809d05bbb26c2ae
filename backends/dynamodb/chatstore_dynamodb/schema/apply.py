"""Creates what is missing of a table, and never deletes anything."""

import time
from collections.abc import Callable
from typing import Any

from chatstore.errors import SchemaError
from chatstore_dynamodb.client.interface import Client
from chatstore_dynamodb.schema.comparison import Step
from chatstore_dynamodb.schema.definition import (
    TTL_ATTRIBUTE,
    AnyDefinition,
    HistoryDefinition,
    TableDefinition,
)
from chatstore_dynamodb.schema.live import wait_until_active
from chatstore_dynamodb.schema.plan import Plan, plan


def apply(
    client: Client, definition: AnyDefinition, *, wait: Callable[[float], None] = time.sleep
) -> list[str]:
    """Create the table, its user index and its time to live, as far as they are missing; what was
    done, a line each. Run again it does nothing.

    Raises `SchemaError`, and has changed nothing, if what is there is different.
    """
    found = plan(client, definition, wait=wait)
    require_possible([found])
    return perform(client, found, wait=wait)


def require_possible(plans: list[Plan]) -> None:
    """Raise `SchemaError` if anything stands against one of the plans; it names all that does."""
    against = [
        f"{each}: {refusal.what}; {refusal.mend}" for each in plans for refusal in each.refusals
    ]
    if against:
        raise SchemaError(f"nothing was changed. {'. '.join(against)}")


def perform(client: Client, plan: Plan, *, wait: Callable[[float], None] = time.sleep) -> list[str]:
    """Take the plan's steps, and wait after each until the table is active; what was done, a line
    each. An error in between carries a note of what was done before it."""
    done: list[str] = []
    for step in plan.steps:
        try:
            done.append(_take(client, plan.definition, step, wait))
        except Exception as error:
            told = ", ".join(done) or "nothing"
            error.add_note(f"done before that: {told}; run the same command again to go on")
            raise
    return done


def _take(
    client: Client, definition: AnyDefinition, step: Step, wait: Callable[[float], None]
) -> str:
    if isinstance(definition, HistoryDefinition):
        client.create_table(**definition.create_table)
        wait_until_active(client, definition, wait=wait)
        return f"created table {definition.table_name}"
    if step is Step.ENABLE_EXPIRY:
        client.update_time_to_live(**definition.time_to_live)
        return f"enabled time to live on {TTL_ATTRIBUTE}"
    if step is Step.CREATE_TABLE:
        client.create_table(**definition.create_table)
        done = f"created table {definition.table_name} with index {definition.index_name}"
    else:
        _create_index(client, definition)
        done = f"created index {definition.index_name}"
    wait_until_active(client, definition, wait=wait)
    return done


def _create_index(client: Client, definition: TableDefinition) -> None:
    table: dict[str, Any] = client.describe_table(TableName=definition.table_name)["Table"]
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
