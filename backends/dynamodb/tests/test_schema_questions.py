"""The plan that `chatstore schema apply` shows, its question, and what is done after a yes."""

import json
from typing import Any

import pytest

from chatstore.cli import asking
from chatstore_dynamodb.client import Client
from chatstore_dynamodb.schema.definition import TableDefinition
from chatstore_dynamodb.schema.live import described, indexes_of
from chatstore_dynamodb.schema.verify import verify

from .faking import refusing
from .odd_tables import without_index


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
        without_index(create)
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
    without_index(create)
    client.create_table(**create)
    _, _, error = schema("apply", definition)
    assert f"table {definition.table_name} in eu-west-1 at http" in error
    assert ", of account " in error
    assert "(about 0 items)" in error
