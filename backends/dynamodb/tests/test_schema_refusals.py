"""`chatstore schema apply` on tables that are somebody else's, and its question."""

import json
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from typer.testing import CliRunner

from chatstore.cli import asking
from chatstore.cli.application import application
from chatstore_dynamodb.client import Client
from chatstore_dynamodb.schema.advice import table_url
from chatstore_dynamodb.schema.definition import TableDefinition
from chatstore_dynamodb.schema.live import described, indexes_of, time_to_live
from chatstore_dynamodb.schema.verifying import verify

from .counting import answers_changed, counted
from .dynamodb_harness import local_client
from .faking import refusing

Change = Callable[[dict[str, Any]], object]

_WRITES = {"CreateTable", "UpdateTable", "UpdateTimeToLive", "DeleteTable", "PutItem", "DeleteItem"}


@pytest.fixture(params=["moto", "local"])
def client(request: pytest.FixtureRequest) -> Client:
    """A client of moto and of DynamoDB Local."""
    if request.param == "moto":
        moto: Client = request.getfixturevalue("moto")
        return moto
    return local_client(request.getfixturevalue("dynamodb_local"))


@pytest.fixture
def definition(client: Client) -> Iterator[TableDefinition]:
    """A table that does not exist yet; it is gone after the test."""
    name = f"refusals-{uuid.uuid4()}"
    yield TableDefinition(name)
    if described(client, name) is not None:
        client.delete_table(TableName=name)


@pytest.fixture
def schema(client: Client, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, str, str]]:
    """The command, on the client's engine."""
    monkeypatch.setattr("chatstore_dynamodb.cli.new_client", lambda **_: client)
    monkeypatch.setattr(client, "close", lambda: None)

    def run(command: str, table: TableDefinition, *more: str, typed: str = "") -> Any:
        url = f"dynamodb://{table.table_name}?region=eu-west-1"
        result = CliRunner().invoke(application, ["schema", command, "--url", url, *more], typed)
        return result.exit_code, result.stdout, result.stderr

    return run


def _other_keys(create: dict[str, Any]) -> None:
    create["AttributeDefinitions"][0]["AttributeName"] = "id"
    create["KeySchema"][0]["AttributeName"] = "id"


def _a_range_key(create: dict[str, Any]) -> None:
    create["AttributeDefinitions"].append({"AttributeName": "sort", "AttributeType": "S"})
    create["KeySchema"].append({"AttributeName": "sort", "KeyType": "RANGE"})


def _of_type(name: str, kind: str) -> Change:
    def change(create: dict[str, Any]) -> None:
        for each in create["AttributeDefinitions"]:
            if each["AttributeName"] == name:
                each["AttributeType"] = kind

    return change


def _without_index(create: dict[str, Any]) -> None:
    del create["GlobalSecondaryIndexes"]
    del create["AttributeDefinitions"][1:]


def _other_application(create: dict[str, Any]) -> None:
    _without_index(create)
    _other_keys(create)


def _index_of_one_key(create: dict[str, Any]) -> None:
    del create["GlobalSecondaryIndexes"][0]["KeySchema"][1]
    del create["AttributeDefinitions"][2]


def _keys_only(create: dict[str, Any]) -> None:
    create["GlobalSecondaryIndexes"][0]["Projection"] = {"ProjectionType": "KEYS_ONLY"}


def _another_index_by_number(create: dict[str, Any]) -> None:
    create["GlobalSecondaryIndexes"][0]["IndexName"] = "by-number"
    _of_type("userId", "N")(create)


@pytest.mark.parametrize(
    "change",
    [
        _other_keys,
        _other_application,
        _a_range_key,
        _of_type("sessionId", "N"),
        _of_type("sessionId", "B"),
        _of_type("userId", "N"),
        _of_type("createdAt", "N"),
        _index_of_one_key,
        _keys_only,
        _another_index_by_number,
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
    _other_application(create)
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
    _without_index(create)
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
    _without_index(create)
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
    _without_index(create)
    client.create_table(**create)

    def changed(parsed: dict[str, Any]) -> None:
        parsed["Table"]["TableStatus"] = state

    with answers_changed(client, "DescribeTable", changed), counted(client) as counts:
        code, _, error = schema("apply", definition, "--yes")
    assert (code, f"the table is {state}" in error) == (5, True)
    assert not _WRITES & set(counts)


@pytest.mark.parametrize(
    ("operation", "path", "text"),
    [
        ("DescribeTable", "index", "index userId-index is DELETING"),
        ("DescribeTimeToLive", "expiry", "time to live is DISABLING"),
    ],
)
def test_what_is_going_away_is_refused(
    client: Client, definition: TableDefinition, schema: Any, operation: str, path: str, text: str
) -> None:
    """An index that is being deleted and a time to live that is being disabled are told, with the
    advice to come back, and nothing is changed."""
    client.create_table(**definition.create_table)

    def changed(parsed: dict[str, Any]) -> None:
        if path == "index":
            parsed["Table"]["GlobalSecondaryIndexes"][0]["IndexStatus"] = "DELETING"
        else:
            parsed["TimeToLiveDescription"] = {"TimeToLiveStatus": "DISABLING"}

    with answers_changed(client, operation, changed), counted(client) as counts:
        code, _, error = schema("apply", definition, "--yes")
    assert (code, text in error) == (5, True)
    assert not _WRITES & set(counts)


def test_one_refused_table_stops_all(
    client: Client, definition: TableDefinition, schema: Any, tmp_path: Any
) -> None:
    """`--all` changes no table unless it can change each: beside one that is somebody else's, a
    missing one is not created."""
    create = definition.create_table
    _other_keys(create)
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


@pytest.mark.parametrize("json_too", [(), ("--json",)])
def test_nobody_to_ask_changes_nothing(
    client: Client, definition: TableDefinition, schema: Any, json_too: tuple[str, ...]
) -> None:
    """Without a terminal and without --yes it shows the plan, is exit code 2 and changes
    nothing."""
    code, out, error = schema("apply", definition, *json_too, typed="y\n")
    assert (code, out) == (2, "")
    for text in ("--yes", definition.table_name, "eu-west-1", "userId-index", "time to live"):
        assert text in error
    assert not json_too or json.loads(error)["error"]["type"] == "UsageError"
    assert described(client, definition.table_name) is None


@pytest.mark.parametrize("answer", ["n\n", "\n", "", "yes please\n"])
def test_it_asks_first(
    client: Client,
    definition: TableDefinition,
    schema: Any,
    monkeypatch: pytest.MonkeyPatch,
    answer: str,
) -> None:
    """On a terminal the plan is shown and a question asked; any answer but yes changes nothing."""
    monkeypatch.setattr(asking, "somebody_can_answer", lambda: True)
    code, out, error = schema("apply", definition, typed=answer)
    assert (code, out) == (1, "")
    assert f"table {definition.table_name} in eu-west-1" in error
    assert "Do this? [y/N]" in error
    assert described(client, definition.table_name) is None


def test_after_a_yes_it_does_what_it_showed(
    client: Client, definition: TableDefinition, schema: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A yes creates the table, and the document goes to standard output alone. With nothing to do
    nobody is asked."""
    monkeypatch.setattr(asking, "somebody_can_answer", lambda: True)
    code, out, _ = schema("apply", definition, "--json", typed="y\n")
    assert (code, len(json.loads(out)["tables"][0]["done"])) == (0, 2)
    assert verify(client, definition) == []
    code, out, error = schema("apply", definition)
    assert (code, out, error) == (0, f"{definition.table_name}: nothing to do\n", "")


def test_what_changed_during_the_question_is_not_done(
    client: Client, definition: TableDefinition, schema: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is done is what was shown: a table that somebody made meanwhile stops it."""

    def confirm(*_: str) -> None:
        create = definition.create_table
        _without_index(create)
        client.create_table(**create)

    monkeypatch.setattr(asking, "confirm", confirm)
    code, _, error = schema("apply", definition)
    assert (code, "has changed since it was shown" in error) == (2, True)
    assert indexes_of(described(client, definition.table_name) or {}) == []


def test_a_failure_in_between_tells_what_was_done(
    client: Client, definition: TableDefinition, schema: Any
) -> None:
    """Where a later step is refused by AWS, the error says which was done; run again, the rest
    follows."""
    with refusing(client, "AccessDeniedException", operation="UpdateTimeToLive"):
        code, _, error = schema("apply", definition, "--yes")
    assert code == 5
    assert f"done before that: created table {definition.table_name}" in error
    assert schema("apply", definition, "--yes")[0] == 0
    assert verify(client, definition) == []


def test_a_plan_names_the_place(client: Client, definition: TableDefinition, schema: Any) -> None:
    """The plan names table, region, endpoint, and of a table that is there the account and about
    how many items it holds."""
    create = definition.create_table
    _without_index(create)
    client.create_table(**create)
    _, _, error = schema("apply", definition)
    assert f"table {definition.table_name} in eu-west-1 of account " in error
    assert " at http" in error
    assert "(about 0 items)" in error
    assert table_url(client, definition.table_name).startswith(
        f"dynamodb://{definition.table_name}?region=eu-west-1"
    )
