"""`chatstore schema apply` on tables that are somebody else's, or in no state to be changed."""

import json
from typing import Any

import pytest

from chatstore_dynamodb.client import Client
from chatstore_dynamodb.schema.comparison import Step
from chatstore_dynamodb.schema.definition import TableDefinition
from chatstore_dynamodb.schema.live import described, indexes_of, time_to_live
from chatstore_dynamodb.schema.plan import plan
from chatstore_dynamodb.schema.verify import verify

from .counting import answers_changed, counted
from .odd_tables import (
    Change,
    a_range_key,
    another_index_by_number,
    index_of_one_key,
    keys_only,
    of_type,
    other_application,
    other_keys,
    without_index,
)

_WRITES = {"CreateTable", "UpdateTable", "UpdateTimeToLive", "DeleteTable", "PutItem", "DeleteItem"}


@pytest.mark.parametrize(
    "change",
    [
        other_keys,
        other_application,
        a_range_key,
        of_type("sessionId", "N"),
        of_type("sessionId", "B"),
        of_type("userId", "N"),
        of_type("createdAt", "N"),
        index_of_one_key,
        keys_only,
        another_index_by_number,
    ],
)
def test_a_table_that_is_not_ours_is_refused(
    client: Client, definition: TableDefinition, schema: Any, change: Change
) -> None:
    """Other keys, keys of another type, an index of the name with other keys or too little in it:
    `schema apply`, with --yes too, is exit code 5, in words, and makes no request that writes."""
    create = definition.create_table
    change(create)
    client.create_table(**create)
    before = described(client, definition.table_name), time_to_live(client, definition.table_name)
    with counted(client) as counts:
        code, out, error = schema("apply", definition, "--yes", "--json")
    assert (code, out) == (5, "")
    document = json.loads(error)["error"]
    assert document["type"] == "SchemaError"
    assert document["message"].startswith("nothing was changed. ")
    assert not _WRITES & set(counts)
    after = described(client, definition.table_name), time_to_live(client, definition.table_name)
    assert after == before
    assert any(each.what in document["message"] for each in verify(client, definition))


def test_no_advice_changes_a_strangers_table(client: Client, definition: TableDefinition) -> None:
    """Where the table's keys are others, no mend of any difference names a command on it."""
    create = definition.create_table
    other_application(create)
    client.create_table(**create)
    first, *others = verify(client, definition)
    assert f"dynamodb://{definition.table_name}-chat-sessions" in first.mend
    assert others
    assert not [each for each in others if "`" in each.mend]


@pytest.mark.parametrize("attribute", ["expiresAt", "TTL"])
def test_another_expiry_is_refused(
    client: Client, definition: TableDefinition, schema: Any, attribute: str
) -> None:
    """A table whose time to live goes by another attribute gets neither an index nor another time
    to live."""
    create = definition.create_table
    without_index(create)
    client.create_table(**create)
    client.update_time_to_live(
        TableName=definition.table_name,
        TimeToLiveSpecification={"AttributeName": attribute, "Enabled": True},
    )
    code, _, error = schema("apply", definition, "--yes")
    assert (code, f"goes by the attribute {attribute}, not by ttl" in error) == (5, True)
    assert indexes_of(described(client, definition.table_name) or {}) == []


@pytest.mark.parametrize(
    "item", [{}, {"userId": {"S": "u"}}, {"userId": {"N": "1"}, "createdAt": {"S": "x"}}]
)
def test_items_that_are_no_sessions_are_refused(
    client: Client, definition: TableDefinition, schema: Any, item: dict[str, Any]
) -> None:
    """Another application's table may have our keys: if its items are no chat sessions, no time to
    live is set on them."""
    create = definition.create_table
    without_index(create)
    client.create_table(**create)
    client.put_item(TableName=definition.table_name, Item={"sessionId": {"S": "web"}, **item})
    code, _, error = schema("apply", definition, "--yes")
    assert (code, "no chat sessions, such as 'web'" in error) == (5, True)
    assert time_to_live(client, definition.table_name)[0] == "DISABLED"


@pytest.mark.parametrize("state", ["DELETING", "ARCHIVED", "INACCESSIBLE_ENCRYPTION_CREDENTIALS"])
def test_a_table_in_no_state_to_be_changed(
    client: Client, definition: TableDefinition, schema: Any, state: str
) -> None:
    """A table that is being deleted, or lies still, is refused in words, and not waited for."""
    create = definition.create_table
    without_index(create)
    client.create_table(**create)

    def changed(parsed: dict[str, Any]) -> None:
        parsed["Table"]["TableStatus"] = state

    with answers_changed(client, "DescribeTable", changed), counted(client) as counts:
        code, _, error = schema("apply", definition, "--yes")
    assert (code, f"the table is {state}" in error) == (5, True)
    assert not _WRITES & set(counts)


def test_an_expiry_that_is_going_away_is_refused(
    client: Client, definition: TableDefinition, schema: Any
) -> None:
    """A time to live that is being disabled, for up to an hour, is told, with the advice to come
    back, and nothing is changed."""
    client.create_table(**definition.create_table)

    def changed(parsed: dict[str, Any]) -> None:
        parsed["TimeToLiveDescription"] = {"TimeToLiveStatus": "DISABLING"}

    with answers_changed(client, "DescribeTimeToLive", changed), counted(client) as counts:
        code, _, error = schema("apply", definition, "--yes")
    assert (code, "time to live is DISABLING" in error) == (5, True)
    assert not _WRITES & set(counts)


@pytest.mark.parametrize("state", ["CREATING", "UPDATING", "DELETING"])
def test_an_index_in_passing_is_waited_for(
    client: Client, definition: TableDefinition, state: str
) -> None:
    """What will end by itself is waited for before anything is planned: an index that is being
    made, and one that is being deleted, whose place another may take."""
    client.create_table(**definition.create_table)
    looks = 0

    def changed(parsed: dict[str, Any]) -> None:
        nonlocal looks
        looks += 1
        if looks < 4:
            parsed["Table"]["GlobalSecondaryIndexes"][0]["IndexStatus"] = state
        elif state == "DELETING":
            del parsed["Table"]["GlobalSecondaryIndexes"]

    waits: list[float] = []
    with answers_changed(client, "DescribeTable", changed):
        found = plan(client, definition, wait=waits.append)
    assert len(waits) == 3
    assert found.refusals == ()
    assert (Step.CREATE_INDEX in found.steps) == (state == "DELETING")


def test_one_refused_table_stops_all(
    client: Client, definition: TableDefinition, schema: Any, tmp_path: Any
) -> None:
    """`--all` changes no table unless it can change each: beside one that is somebody else's, a
    missing one is not created."""
    create = definition.create_table
    other_keys(create)
    client.create_table(**create)
    missing = TableDefinition(f"{definition.table_name}-missing")
    for name, each in (("create-a.json", missing), ("create-b.json", definition)):
        (tmp_path / name).write_text(json.dumps(each.create_table))
    code, _, error = schema("apply", definition, "--yes", "--all", str(tmp_path))
    assert (code, definition.table_name in error) == (5, True)
    assert described(client, missing.table_name) is None


def test_a_projection_that_was_asked_for(
    client: Client, definition: TableDefinition, schema: Any
) -> None:
    """An index of the other projection does not pass for the one that was asked for; where none
    was, either will do."""
    client.create_table(**definition.create_table)
    code, _, error = schema("apply", definition, "--yes", "--projection", "INCLUDE")
    assert (code, "projects ALL, and INCLUDE was asked for" in error) == (5, True)
    assert schema("apply", definition, "--yes")[0] == 0
    code, out, _ = schema("apply", definition, "--projection", "ALL")
    assert (code, "nothing to do" in out) == (0, True)
