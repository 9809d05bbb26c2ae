import os
import uuid
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any
from unittest import mock

import pytest
from botocore.loaders import JSONFileLoader
from typer.testing import CliRunner

import legs
from chatstore import ManualClock
from chatstore.cli.application import application
from chatstore_dynamodb.client import Client
from chatstore_dynamodb.harness import EmptiedTableHarness
from chatstore_dynamodb.schema.definition import HistoryDefinition, TableDefinition
from chatstore_dynamodb.schema.live import described

from .bad_servers import answers, serving
from .dynamodb_harness import (
    MotoHarness,
    TableHarness,
    local_client,
    local_harness,
    moto_client,
)
from .hostile import nothing_but_loopback


@pytest.fixture(scope="session", autouse=True)
def credentials() -> None:
    """Made-up credentials: the emulators take any, and a real account is never reached."""
    os.environ["AWS_ACCESS_KEY_ID"] = "local"
    os.environ["AWS_SECRET_ACCESS_KEY"] = "local"  # noqa: S105
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_DEFAULT_REGION"):
        os.environ.pop(name, None)


@pytest.fixture(scope="session", autouse=True)
def services() -> Iterator[None]:
    """What botocore knows of AWS's services is read once, and not for each client: that takes half
    the time of making one."""
    read = lru_cache(JSONFileLoader().load_file)
    with mock.patch.object(JSONFileLoader, "load_file", lambda _, path: read(path)):
        yield


@pytest.fixture(scope="session")
def dynamodb_local() -> str:
    """The URL of DynamoDB Local. Without one the test is skipped, or, where `CHATSTORE_REQUIRE`
    names `dynamodb`, fails."""
    return legs.url_of("dynamodb")


@pytest.fixture(scope="session", params=["ALL"])
def local_table(request: pytest.FixtureRequest, dynamodb_local: str) -> Iterator[TableDefinition]:
    """One table in DynamoDB Local for the whole contract, with an index of this projection: to make
    one for each test would take longer than the tests."""
    client = local_client(dynamodb_local)
    definition = TableDefinition(f"contract-{uuid.uuid4()}", projection=request.param)
    history = HistoryDefinition.beside(definition.table_name)
    client.create_table(**definition.create_table)
    client.create_table(**history.create_table)
    yield definition
    client.delete_table(TableName=definition.table_name)
    client.delete_table(TableName=history.table_name)


@pytest.fixture
def local_contract(dynamodb_local: str, local_table: TableDefinition) -> EmptiedTableHarness:
    """The contract's harness on that table, which is empty."""
    client = local_client(dynamodb_local)
    return EmptiedTableHarness(client, local_table, name="dynamodb-local")


@pytest.fixture(scope="module")
def moto() -> Iterator[Client]:
    """A client of moto, for the tests of one module."""
    with moto_client() as client:
        yield client


@pytest.fixture
def local(dynamodb_local: str) -> Iterator[TableHarness]:
    """A fresh table in DynamoDB Local."""
    harness = local_harness(dynamodb_local)
    yield harness
    harness.close()


@pytest.fixture(params=["moto", "local"])
def table(request: pytest.FixtureRequest) -> Iterator[TableHarness]:
    """A fresh table, in moto and in DynamoDB Local."""
    if request.param == "local":
        yield request.getfixturevalue("local")
    else:
        yield request.getfixturevalue("moto_table")


@pytest.fixture
def moto_table(moto: Client) -> Iterator[TableHarness]:
    """A fresh table in moto."""
    harness = MotoHarness(moto)
    yield harness
    harness.close()


@pytest.fixture(scope="module")
def loopback() -> Iterator[None]:
    """No name is looked up, and no address beyond loopback is reached."""
    with nothing_but_loopback():
        yield


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """A server that has no table."""
    with serving(answers(400, "ResourceNotFoundException")) as url:
        yield url


@pytest.fixture
def clock() -> ManualClock:
    """A clock that moves only by hand."""
    return ManualClock()


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
    name = f"schema-{uuid.uuid4()}"
    yield TableDefinition(name)
    if described(client, name) is not None:
        client.delete_table(TableName=name)


@pytest.fixture
def schema(client: Client, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, str, str]]:
    """The command, on the client's engine."""
    monkeypatch.setattr("chatstore_dynamodb.schema.connection.new_client", lambda **_: client)
    monkeypatch.setattr(client, "close", lambda: None)

    def run(command: str, table: TableDefinition, *more: str, typed: str = "") -> Any:
        url = f"dynamodb://{table.table_name}?region=eu-west-1"
        result = CliRunner().invoke(application, ["schema", command, "--url", url, *more], typed)
        return result.exit_code, result.stdout, result.stderr

    return run
