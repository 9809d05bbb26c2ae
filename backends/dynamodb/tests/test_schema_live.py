"""The table's creation, and the check of a live one."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from chatstore.errors import BackendUnavailableError, SchemaError
from chatstore_dynamodb.client import Client
from chatstore_dynamodb.schema.apply import apply
from chatstore_dynamodb.schema.definition import TableDefinition
from chatstore_dynamodb.schema.verify import verify

from .counting import answers_changed
from .dynamodb_harness import MotoHarness, TableHarness
from .faking import refusing

THROUGHPUT = {"ReadCapacityUnits": 3, "WriteCapacityUnits": 2}


def whats(client: Client, definition: TableDefinition) -> list[str]:
    found = verify(client, definition)
    assert all(each.mend for each in found)
    return [each.what for each in found]


@pytest.mark.parametrize("projection", ["ALL", "INCLUDE"])
def test_apply_creates_once(client: Client, definition: TableDefinition, projection: str) -> None:
    """`apply` creates what is missing, and run again it does nothing; then `verify` is content."""
    wanted = TableDefinition(definition.table_name, projection=projection)
    assert len(apply(client, wanted)) == 2
    assert apply(client, wanted) == []
    assert whats(client, wanted) == []


def test_apply_adds_what_is_missing(client: Client, definition: TableDefinition) -> None:
    """On a table without index and expiry `apply` adds both, and keeps the sessions."""
    bare = definition.create_table
    del bare["GlobalSecondaryIndexes"]
    del bare["AttributeDefinitions"][1:]
    client.create_table(**bare)
    kept = {name: {"S": name} for name in ("sessionId", "userId", "createdAt")}
    client.put_item(TableName=definition.table_name, Item=kept)
    assert whats(client, definition) == [
        "index userId-index does not exist",
        "time to live is DISABLED: expired sessions are hidden, and never removed",
    ]
    done = apply(client, definition)
    assert done == ["created index userId-index", "enabled time to live on ttl"]
    assert whats(client, definition) == []
    assert client.scan(TableName=definition.table_name)["Count"] == 1


def test_verify_names_each_of_five_faults(client: Client, definition: TableDefinition) -> None:
    """A table with five faults: each is named, with what mends it."""
    wrong = definition.create_table
    wrong["AttributeDefinitions"][0]["AttributeName"] = "id"
    wrong["KeySchema"][0]["AttributeName"] = "id"
    wrong["BillingMode"] = "PROVISIONED"
    throughput = {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}
    wrong["ProvisionedThroughput"] = throughput
    index = wrong["GlobalSecondaryIndexes"][0]
    index["ProvisionedThroughput"] = throughput
    index["KeySchema"] = index["KeySchema"][:1]
    index["Projection"] = {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["updatedAt"]}
    del wrong["AttributeDefinitions"][2]
    client.create_table(**wrong)
    expiry = {"AttributeName": "expiresAt", "Enabled": True}
    client.update_time_to_live(TableName=definition.table_name, TimeToLiveSpecification=expiry)
    unprojected = [
        *("ttl", "userPreferences", "metadata", "messageCount", "sessionStatus", "version"),
        *("creationId", "history", "otherNames"),
    ]
    assert whats(client, definition) == [
        "the table has the keys id HASH, not sessionId HASH",
        "the billing mode is PROVISIONED, not PAY_PER_REQUEST",
        "index userId-index has the keys userId HASH, not userId HASH, createdAt RANGE",
        f"index userId-index projects INCLUDE, without {', '.join(unprojected)}",
        "time to live goes by the attribute expiresAt, not by ttl",
    ]
    with pytest.raises(SchemaError, match="id HASH, not sessionId HASH"):
        apply(client, definition)


def test_verify_says_what_the_caller_may_not_do(moto_table: TableHarness) -> None:
    """Each action that is refused is named; asking changes nothing."""
    apply(moto_table.client, moto_table.definition)
    for operation in ("GetItem", "BatchGetItem", "PutItem", "UpdateItem", "DeleteItem", "Query"):
        with refusing(moto_table.client, "AccessDeniedException", operation=operation):
            (what,) = whats(moto_table.client, moto_table.definition)
        assert f"dynamodb:{operation}" in what
    assert moto_table.client.scan(TableName=moto_table.table_name)["Count"] == 0


def test_a_missing_table_is_named(client: Client, definition: TableDefinition) -> None:
    """A table that is not there is one difference, not an error."""
    assert whats(client, definition) == [f"table {definition.table_name} does not exist"]


def test_an_index_of_a_provisioned_table_has_its_throughput(
    client: Client, definition: TableDefinition
) -> None:
    """On a table that is billed by provisioned throughput, the index that `apply` adds has as much;
    AWS would refuse one without."""
    bare = definition.create_table
    del bare["GlobalSecondaryIndexes"]
    del bare["AttributeDefinitions"][1:]
    bare |= {"BillingMode": "PROVISIONED", "ProvisionedThroughput": THROUGHPUT}
    client.create_table(**bare)
    assert "created index userId-index" in apply(client, definition)
    table = client.describe_table(TableName=definition.table_name)["Table"]
    (index,) = table["GlobalSecondaryIndexes"]
    assert {name: index["ProvisionedThroughput"][name] for name in THROUGHPUT} == THROUGHPUT
    assert whats(client, definition) == [
        "the billing mode is PROVISIONED, not PAY_PER_REQUEST",
    ]


@pytest.mark.parametrize(
    ("name", "where"),
    [
        ("sessionId", "the table"),
        ("userId", "index userId-index"),
        ("createdAt", "index userId-index"),
    ],
)
def test_keys_that_are_no_text_are_named(
    client: Client, definition: TableDefinition, name: str, where: str
) -> None:
    """A key of the right name and of another type is a difference."""
    wrong = definition.create_table
    for each in wrong["AttributeDefinitions"]:
        if each["AttributeName"] == name:
            each["AttributeType"] = "N"
    client.create_table(**wrong)
    difference = f"{where} has the key {name} of type N, not S"
    assert difference in whats(client, definition)
    with pytest.raises(SchemaError, match=difference):
        apply(client, definition)


def test_what_is_still_being_made_is_named(moto_table: TableHarness) -> None:
    """A table or an index that is not active is named, with the advice to wait."""

    def not_yet(parsed: dict[str, Any]) -> None:
        parsed["Table"]["TableStatus"] = "UPDATING"
        parsed["Table"]["GlobalSecondaryIndexes"][0]["IndexStatus"] = "CREATING"

    apply(moto_table.client, moto_table.definition)
    with answers_changed(moto_table.client, "DescribeTable", not_yet):
        found = verify(moto_table.client, moto_table.definition)
    assert [each.what for each in found] == [
        "the table is UPDATING",
        "index userId-index is CREATING",
    ]
    assert [each.mend for each in found] == ["wait until it is ACTIVE"] * 2


def test_apply_does_not_wait_for_ever(moto_table: TableHarness) -> None:
    """An index that is still not active after 10 minutes ends `apply`, with a retryable error that
    says that it may be run again."""

    def not_yet(parsed: dict[str, Any]) -> None:
        parsed["Table"]["GlobalSecondaryIndexes"][0]["IndexStatus"] = "CREATING"

    waits: list[float] = []
    with (
        answers_changed(moto_table.client, "DescribeTable", not_yet),
        pytest.raises(BackendUnavailableError, match="schema apply --url"),
    ):
        apply(moto_table.client, moto_table.definition, wait=waits.append)
    assert 600 <= sum(waits) <= 610


@pytest.mark.parametrize("operation", ["DescribeTable", "GetItem"])
def test_verify_passes_on_what_is_no_difference(moto_table: TableHarness, operation: str) -> None:
    """An error that says nothing about the table or the caller's rights is neither taken for a
    difference nor for success."""
    with (
        refusing(moto_table.client, "SomethingNew", operation=operation),
        pytest.raises(ClientError, match="SomethingNew"),
    ):
        verify(moto_table.client, moto_table.definition)


def test_a_harness_is_what_apply_makes(moto: Client) -> None:
    """The contract's tables differ from an applied one by the missing expiry alone."""
    harness = MotoHarness(moto)
    assert whats(moto, harness.definition) == [
        "time to live is DISABLED: expired sessions are hidden, and never removed"
    ]
    harness.close()
