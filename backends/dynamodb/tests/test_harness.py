"""The contract's table in a live deployment: taken once, level with its index, emptied."""

import uuid
from collections.abc import Iterator

import pytest

from chatstore import BackendAuthError, BackendUnavailableError, InvalidInputError, JsonObject
from chatstore_dynamodb.client import Client, new_client
from chatstore_dynamodb.harness import namespace
from chatstore_dynamodb.schema.definition import TableDefinition

from .counting import answers_changed, counted
from .dynamodb_harness import REGION
from .faking import refusing
from .rivals import anticipated

URL = "dynamodb://any-table?region=eu-west-1"


@pytest.fixture
def name() -> str:
    """A namespace's name that nobody has."""
    return f"harness-{uuid.uuid4()}"


@pytest.fixture
def client(moto: Client, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    """The very client of moto that a namespace will use."""
    assert moto
    made = new_client(region=REGION)
    monkeypatch.setattr("chatstore_dynamodb.harness.new_client", lambda **_: made)
    yield made
    made.close()


def document(session_id: str, **attributes: object) -> JsonObject:
    created = "2026-02-28T10:00:00.123Z"
    return {"sessionId": session_id, "userId": "ana", "createdAt": created, **attributes}


def test_who_asks_at_the_same_moment_is_refused(client: Client, name: str) -> None:
    """A table that somebody makes between the look for it and its creation is taken: the error says
    so, and the other's table stays."""
    create = TableDefinition(name).create_table
    with (
        anticipated(client, "CreateTable", lambda: client.create_table(**create)),
        pytest.raises(InvalidInputError, match="choose another"),
        namespace(URL, name),
    ):
        pytest.fail("it was taken")
    client.delete_table(TableName=name)


def test_a_table_that_may_not_be_made(client: Client, name: str) -> None:
    """Any other refusal is the typed error, and not a name that is taken."""
    with (
        refusing(client, "AccessDeniedException", operation="CreateTable"),
        pytest.raises(BackendAuthError, match="AccessDeniedException"),
        namespace(URL, name),
    ):
        pytest.fail("it was taken")


def test_settle_waits_for_the_index(
    client: Client, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An index that lags is looked at again until it is level with the table; one that never is, is
    an error that names it."""
    monkeypatch.setattr("chatstore_dynamodb.harness._PAUSES", (0.0, 0.0, 0.0))
    seen = 0

    def hide(parsed: dict[str, object], looks: int) -> None:
        # The table is looked at first, then its index.
        nonlocal seen
        seen += 1
        if seen % 2 == 0 and seen // 2 <= looks:
            parsed["Items"] = []

    with namespace(URL, name) as fresh_harness:
        harness = fresh_harness()
        harness.raw_write(document("s"))
        with (
            answers_changed(client, "Scan", lambda parsed: hide(parsed, 2)),
            counted(client) as counts,
        ):
            harness.settle()
        assert counts["Scan"] == 6
        seen = 0
        with (
            answers_changed(client, "Scan", lambda parsed: hide(parsed, 3)),
            pytest.raises(BackendUnavailableError, match="'userId-index'"),
        ):
            harness.settle()


@pytest.mark.parametrize("engine", ["moto", "local"])
def test_a_table_of_several_answers_is_emptied(
    request: pytest.FixtureRequest, name: str, engine: str
) -> None:
    """An answer ends after 1 MB; what lies behind it is removed as well, before the next test."""
    fixture = {"moto": "client", "local": "dynamodb_local"}[engine]
    found = request.getfixturevalue(fixture)
    with namespace(found if engine == "local" else URL, name) as fresh_harness:
        harness = fresh_harness()
        for number in range(5):
            harness.raw_write(document(f"{number}", blob="x" * 390_000))
        harness.close()
        assert [harness.raw_read(f"{number}") for number in range(5)] == [None] * 5
