"""The commands that errors and differences advise, taken from their texts and run as they stand."""

import os
import pty
import re
import shlex
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatstore import SchemaError, open_store
from chatstore_dynamodb.client import Client, new_client
from chatstore_dynamodb.place import Place
from chatstore_dynamodb.schema.definition import TableDefinition
from chatstore_dynamodb.schema.live import described
from chatstore_dynamodb.schema.verify import verify
from chatstore_dynamodb.url import read_url

from .dynamodb_harness import local_client

_COMMAND = re.compile(r"`((?:chatstore|aws) [^`]*)`")
_BESIDE_PYTHON = Path(sys.executable).parent


@pytest.fixture
def client(dynamodb_local: str) -> Client:
    """A client of DynamoDB Local."""
    return local_client(dynamodb_local)


@pytest.fixture
def definition(client: Client) -> Iterator[TableDefinition]:
    """A table that does not exist yet; it is gone after the test, and the one beside it too."""
    name = f"advice-{uuid.uuid4()}"
    yield TableDefinition(name)
    for each in (name, f"{name}-chat-sessions"):
        if described(client, each) is not None:
            client.delete_table(TableName=each)


def advised(text: str, start: str) -> str:
    """The one command in the text that begins so."""
    (found,) = {each for each in _COMMAND.findall(text) if each.startswith(start)}
    return str(found)


def follow(command: str) -> int:
    """Paste a command into a shell at a terminal where somebody says yes; its exit code."""
    ours, theirs = pty.openpty()
    os.write(ours, b"y\n")
    path = f"{_BESIDE_PYTHON}{os.pathsep}{os.environ['PATH']}"
    environment = {name: value for name, value in os.environ.items() if "CHATSTORE" not in name}
    try:
        return subprocess.run(
            ["/bin/sh", "-c", command],
            stdin=theirs,
            stdout=subprocess.DEVNULL,
            stderr=theirs,
            check=False,
            timeout=120,
            env={**environment, "PATH": path},
        ).returncode
    finally:
        os.close(theirs)
        os.close(ours)


def url_of(definition: TableDefinition, dynamodb_local: str, more: str = "") -> str:
    endpoint = quote(read_url(dynamodb_local).endpoint_url or "", safe="")
    return f"dynamodb://{definition.table_name}?region=eu-west-1&endpoint_url={endpoint}{more}"


@pytest.mark.parametrize("index", ["", "&index=by-user"])
def test_the_advice_of_a_missing_table(
    definition: TableDefinition, dynamodb_local: str, index: str
) -> None:
    """A store on a table that is not there names a command; run as it stands, the same store
    works, and the other command that it names finds nothing to mend."""
    with open_store(url_of(definition, dynamodb_local, index)) as store:
        with pytest.raises(SchemaError) as error:
            store.create("ana")
        assert follow(advised(str(error.value), "chatstore schema verify")) == 5
        assert follow(advised(str(error.value), "chatstore schema apply")) == 0
        assert follow(advised(str(error.value), "chatstore schema verify")) == 0
        session = store.create("ana")
        assert store.list_sessions("ana").items[0].session_id == session.session_id


def test_the_advice_of_a_missing_index(
    client: Client, definition: TableDefinition, dynamodb_local: str
) -> None:
    """The same for a listing of a table that has no user index, and for a difference's mend."""
    create = definition.create_table
    del create["GlobalSecondaryIndexes"]
    del create["AttributeDefinitions"][1:]
    client.create_table(**create)
    with open_store(url_of(definition, dynamodb_local)) as store:
        with pytest.raises(SchemaError) as error:
            store.list_sessions("ana")
        mend = verify(client, definition)[0].mend
        command = advised(str(error.value), "chatstore schema apply")
        assert advised(mend, "chatstore") == command
        assert follow(command) == 0
        assert store.list_sessions("ana").items == []


def test_the_mends_of_another_billing_and_expiry(
    client: Client, definition: TableDefinition
) -> None:
    """AWS's own commands in the mends name region and endpoint, and do what they say."""
    create = definition.create_table
    create["BillingMode"] = "PROVISIONED"
    throughput = {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}
    create["ProvisionedThroughput"] = throughput
    create["GlobalSecondaryIndexes"][0]["ProvisionedThroughput"] = throughput
    client.create_table(**create)
    expiry = {"AttributeName": "expiresAt", "Enabled": True}
    client.update_time_to_live(TableName=definition.table_name, TimeToLiveSpecification=expiry)
    billing, other_expiry = verify(client, definition)
    assert follow(advised(billing.mend, "aws dynamodb update-table")) == 0
    assert follow(advised(other_expiry.mend, "aws dynamodb update-time-to-live")) == 0
    assert follow(advised(other_expiry.mend, "chatstore schema apply")) == 0
    assert verify(client, definition) == []


def test_both_mends_of_another_index(client: Client, definition: TableDefinition) -> None:
    """Beside an index of other keys another one is made, without harm to it; or it is deleted and
    made anew."""
    create = definition.create_table
    create["GlobalSecondaryIndexes"][0]["KeySchema"].pop()
    create["AttributeDefinitions"].pop()
    client.create_table(**create)
    (wrong, _) = verify(client, definition)
    beside, again = (
        each for each in _COMMAND.findall(wrong.mend) if each.startswith("chatstore schema apply")
    )
    assert follow(beside) == 0
    other = read_url(shlex.split(beside)[-1]).index_name
    assert verify(client, TableDefinition(definition.table_name, other)) == []
    assert follow(advised(wrong.mend, "aws dynamodb update-table")) == 0
    assert follow(again) == 0
    assert verify(client, definition) == []


def test_the_mend_of_other_keys_is_another_table(
    client: Client, definition: TableDefinition
) -> None:
    """For a table of somebody else's the advice makes one of another name, and leaves it alone."""
    create = definition.create_table
    create["KeySchema"][0]["AttributeName"] = "id"
    create["AttributeDefinitions"][0]["AttributeName"] = "id"
    client.create_table(**create)
    before = described(client, definition.table_name)
    first, *_ = verify(client, definition)
    assert follow(advised(first.mend, "chatstore schema apply")) == 0
    assert verify(client, TableDefinition(f"{definition.table_name}-chat-sessions")) == []
    assert described(client, definition.table_name) == before


_names = st.text("abcXYZ019._-", min_size=3, max_size=20)
_text = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=12)


@given(_names, _names, st.sampled_from(["eu-west-1", "us-gov-west-1", "local"]), _text)
def test_an_advised_url_names_the_same_table(
    table: str, index: str, region: str, path: str
) -> None:
    """The command of an advice, as a shell takes it apart, is about the table, index, region and
    endpoint that it was made from, whatever characters they have."""
    place = Place(table, region, f"http://localhost:8000/{quote(path)}", index)
    *_, url = shlex.split(place.schema_command("apply").strip("`"))
    address = read_url(url)
    assert (address.table_name, address.index_name) == (table, index)
    assert (address.region, address.endpoint_url) == (region, place.endpoint_url)


def test_an_advised_url_is_as_short_as_it_can_be() -> None:
    """AWS's own endpoint and the usual index need no mention."""
    place = Place.of(new_client(region="eu-west-1"), "t")
    assert place.url == "dynamodb://t?region=eu-west-1"
