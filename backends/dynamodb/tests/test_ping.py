"""`ping` proves what chatstore needs, and creates nothing."""

import shlex
from collections.abc import Callable
from typing import Any

import pytest
from typer.testing import CliRunner

from chatstore import BackendAuthError, RetentionPolicy, SchemaError
from chatstore.cli.application import application
from chatstore_dynamodb import DynamoDBSessionStore
from chatstore_dynamodb.schema.definition import TableDefinition

from .counting import counted
from .dynamodb_harness import TableHarness
from .faking import refusing


def other_key(create: dict[str, Any]) -> None:
    create["AttributeDefinitions"][0]["AttributeName"] = "id"
    create["KeySchema"][0]["AttributeName"] = "id"


def range_key(create: dict[str, Any]) -> None:
    create["KeySchema"].append({"AttributeName": "createdAt", "KeyType": "RANGE"})


def number_key(create: dict[str, Any]) -> None:
    create["AttributeDefinitions"][0]["AttributeType"] = "N"


def no_index(create: dict[str, Any]) -> None:
    del create["GlobalSecondaryIndexes"]
    del create["AttributeDefinitions"][1:]


def index_without_order(create: dict[str, Any]) -> None:
    del create["GlobalSecondaryIndexes"][0]["KeySchema"][1]
    del create["AttributeDefinitions"][2]


def keys_alone(create: dict[str, Any]) -> None:
    create["GlobalSecondaryIndexes"][0]["Projection"] = {"ProjectionType": "KEYS_ONLY"}


FAULTS: dict[str, tuple[Callable[[dict[str, Any]], None], str]] = {
    "another key": (other_key, "the table has the keys id HASH, not sessionId HASH"),
    "a range key": (range_key, "createdAt RANGE, not sessionId HASH"),
    "a key of numbers": (number_key, "sessionId of type N"),
    "no index": (no_index, "index userId-index does not exist"),
    "an index without order": (index_without_order, "the keys userId HASH, not"),
    "an index of keys alone": (keys_alone, "KEYS_ONLY, without"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_named_with_its_mend(table: TableHarness, fault: str) -> None:
    """A table of other keys, a missing index and one that does not suffice: `SchemaError`, which
    names what is wrong, and the command with this table's URL."""
    change, said = FAULTS[fault]
    create = TableDefinition(f"{table.table_name}-wrong").create_table
    change(create)
    table.client.create_table(**create)
    try:
        store = DynamoDBSessionStore(table.client, create["TableName"])
        with pytest.raises(SchemaError) as raised:
            store.ping()
        assert said in str(raised.value)
        assert f"chatstore schema apply --url 'dynamodb://{create['TableName']}" in str(
            raised.value
        )
    finally:
        table.client.delete_table(TableName=create["TableName"])


def test_time_to_live_is_needed(table: TableHarness) -> None:
    """A table that never removes what has expired is a `SchemaError`; with time to live on `ttl`,
    ping is content, and takes three requests that read."""
    store = DynamoDBSessionStore(table.client, table.table_name)
    with pytest.raises(SchemaError, match="time to live is DISABLED"):
        store.ping()
    table.client.update_time_to_live(**table.definition.time_to_live)
    with counted(table.client) as counts:
        store.ping()
    assert counts == {"DescribeTable": 1, "DescribeTimeToLive": 1, "Query": 1}


def test_time_to_live_on_another_attribute(table: TableHarness) -> None:
    """Time to live that goes by another attribute is named."""
    wrong = table.definition.time_to_live
    wrong["TimeToLiveSpecification"]["AttributeName"] = "expires"
    table.client.update_time_to_live(**wrong)
    with pytest.raises(SchemaError, match="by the attribute expires, not by ttl"):
        DynamoDBSessionStore(table.client, table.table_name).ping()


def test_a_missing_table_is_not_made(table: TableHarness) -> None:
    """`ping` on a table that is not there says so, and there is none afterwards."""
    store = DynamoDBSessionStore(table.client, "no-such-table")
    with pytest.raises(SchemaError, match="apply --url 'dynamodb://no-such-table"):
        store.ping()
    with pytest.raises(SchemaError):
        store.ping()


@pytest.mark.parametrize("operation", ["DescribeTable", "DescribeTimeToLive", "Query"])
def test_what_is_not_allowed_is_said(moto_table: TableHarness, operation: str) -> None:
    """A role that may not do what ping needs is told which action it lacks."""
    store = DynamoDBSessionStore(moto_table.client, moto_table.table_name)
    moto_table.client.update_time_to_live(**moto_table.definition.time_to_live)
    text = f"not authorized to perform: dynamodb:{operation}"
    with (
        refusing(moto_table.client, "AccessDeniedException", text, operation=operation),
        pytest.raises(BackendAuthError, match=f"dynamodb:{operation}"),
    ):
        store.ping()


def test_the_command_that_it_names_mends_it(local: TableHarness) -> None:
    """The command in the error, run as it stands, makes what is missing."""
    name = f"{local.table_name}-new"
    store = DynamoDBSessionStore(local.client, name, policy=RetentionPolicy())
    with pytest.raises(SchemaError) as raised:
        store.ping()
    [command] = [
        part for part in str(raised.value).split("`") if part.startswith("chatstore schema apply")
    ]
    try:
        arguments = shlex.split(command)[1:]
        result = CliRunner().invoke(application, [*arguments, *confirmed()], input="y\n")
        assert result.exit_code == 0, result.output
        store.ping()
    finally:
        local.client.delete_table(TableName=name)


def confirmed() -> list[str]:
    """What says yes beforehand, where the command asks."""
    help_text = CliRunner().invoke(application, ["schema", "apply", "--help"]).output
    return ["--yes"] if "--yes" in help_text else []
