"""Each failure of the engine is the typed error that says what to do."""

import socket
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import boto3
import pytest
from botocore.config import Config

from chatstore import (
    BackendAuthError,
    BackendError,
    BackendThrottledError,
    BackendUnavailableError,
    ChatStoreError,
    ConfigurationError,
    CorruptSessionError,
    MaintainedSessionStore,
    Message,
    MessageTooLargeError,
    RetentionPolicy,
    SchemaError,
    open_store,
)
from chatstore_contract_tests.cases import every_case
from chatstore_dynamodb import DynamoDBSessionStore
from chatstore_dynamodb.client import Client
from chatstore_dynamodb.schema.definition import TableDefinition

from .counting import answers_changed
from .dynamodb_harness import REGION, TableHarness
from .faking import REQUEST_ID, refusing

CALLS: dict[str, Callable[[MaintainedSessionStore], object]] = {
    "create": lambda store: store.create("ana", session_id="s"),
    "get": lambda store: store.get("s"),
    "get_many": lambda store: store.get_many(["s"]),
    "append": lambda store: store.append("s", message()),
    "rewrite": lambda store: store.rewrite("s", [], if_version=1),
    "update": lambda store: store.update("s"),
    "delete": lambda store: store.delete("s"),
    "list_sessions": lambda store: store.list_sessions("ana"),
    "delete_user": lambda store: store.delete_user("ana"),
    "scan": lambda store: store.scan(),
    "purge_expired": lambda store: store.purge_expired(),
    "ping": lambda store: store.ping(),
}

REFUSALS: dict[str, tuple[int, type[ChatStoreError]]] = {
    "ProvisionedThroughputExceededException": (400, BackendThrottledError),
    "ThrottlingException": (400, BackendThrottledError),
    "RequestLimitExceeded": (400, BackendThrottledError),
    "TransactionConflictException": (400, BackendThrottledError),
    "ReplicatedWriteConflictException": (400, BackendThrottledError),
    "TooManyRequestsOfSomeProxy": (429, BackendThrottledError),
    "ResourceInUseException": (400, BackendUnavailableError),
    "UnknownOperationException": (400, ConfigurationError),
    "RequestTimeTooSkewed": (403, BackendAuthError),
    "AccessDeniedException": (400, BackendAuthError),
    "ExpiredTokenException": (400, BackendAuthError),
    "UnrecognizedClientException": (400, BackendAuthError),
    "InvalidSignatureException": (400, BackendAuthError),
    "ResourceNotFoundException": (400, SchemaError),
    "ValidationException": (400, BackendError),
    "InternalServerError": (500, BackendUnavailableError),
    "ServiceUnavailable": (503, BackendUnavailableError),
    "SomethingNew": (400, BackendError),
}


def message(content: str = "hello") -> Message:
    return Message(type="user_query", content=content)


def patient_of_nothing(**options: Any) -> Client:
    """A client that sends each request once."""
    config = Config(retries={"total_max_attempts": 1}, connect_timeout=1, read_timeout=1)
    client: Client = boto3.session.Session().client(
        "dynamodb", region_name=REGION, config=config, **options
    )
    return client


@pytest.fixture
def store(moto_table: TableHarness) -> Iterator[DynamoDBSessionStore]:
    """A store on moto whose client sends each request once."""
    yield DynamoDBSessionStore(patient_of_nothing(), moto_table.table_name)


def test_a_refusal_is_typed(store: DynamoDBSessionStore) -> None:
    """Whatever the call, AWS's error is chatstore's typed one, with the code and the request id in
    it, and the driver's own as its cause."""
    with every_case() as case:
        for (code, (status, expected)), (name, call) in product(REFUSALS.items(), CALLS.items()):
            with case(code, name):
                with (
                    refusing(store.engine.table.client, code, status=status),
                    pytest.raises(ChatStoreError) as raised,
                ):
                    call(store)
                error = raised.value
                assert type(error) is expected
                assert code in str(error)
                assert REQUEST_ID in str(error)
                assert error.__cause__ is not None
                assert error.retryable == (
                    expected in {BackendThrottledError, BackendUnavailableError}
                )


def test_a_missing_table(table: TableHarness) -> None:
    """Without the table every call is a `SchemaError` that says which command mends it."""
    store = DynamoDBSessionStore(table.client, "no-such-table")
    for call in CALLS.values():
        with pytest.raises(SchemaError, match="chatstore schema apply"):
            call(store)


def test_a_missing_index(table: TableHarness) -> None:
    """Without the user index, what needs it is a `SchemaError`; the rest works."""
    store = DynamoDBSessionStore(table.client, table.table_name, index_name="another-index")
    for name in ("list_sessions", "delete_user"):
        with pytest.raises(SchemaError, match="user index is missing"):
            CALLS[name](store)
    store.create("ana", session_id="s")
    assert store.append("s", message()).message_count == 1


def test_wrong_keys(table: TableHarness) -> None:
    """A table of other keys is a `SchemaError`."""
    # moto, asked for what a PutItem replaces, does not say that it is the key.
    creates = ["create"] if table.name == "dynamodb-local" else []
    wrong = TableDefinition(f"{table.table_name}-wrong").create_table
    wrong["AttributeDefinitions"][0]["AttributeName"] = "id"
    wrong["KeySchema"][0]["AttributeName"] = "id"
    table.client.create_table(**wrong)
    try:
        store = DynamoDBSessionStore(table.client, wrong["TableName"])
        for name in (*creates, "get", "append", "rewrite", "update", "delete"):
            with pytest.raises(SchemaError, match="other keys"):
                CALLS[name](store)
    finally:
        table.client.delete_table(TableName=wrong["TableName"])


def test_wrong_keys_of_the_index(table: TableHarness) -> None:
    """An index of other keys is a `SchemaError`."""
    wrong = TableDefinition(f"{table.table_name}-wrong").create_table
    wrong["AttributeDefinitions"][1]["AttributeName"] = "owner"
    wrong["GlobalSecondaryIndexes"][0]["KeySchema"][0]["AttributeName"] = "owner"
    table.client.create_table(**wrong)
    try:
        store = DynamoDBSessionStore(table.client, wrong["TableName"])
        with pytest.raises(SchemaError, match="other keys"):
            store.list_sessions("ana")
    finally:
        table.client.delete_table(TableName=wrong["TableName"])


@pytest.mark.parametrize("policy", [RetentionPolicy(), RetentionPolicy(max_messages=None)])
def test_an_item_that_others_filled(local: TableHarness, policy: RetentionPolicy) -> None:
    """What somebody else wrote leaves no room: `MessageTooLargeError`, and nothing is written."""
    local.raw_write(
        {
            "sessionId": "s",
            "userId": "ana",
            "createdAt": "2026-02-28T10:00:00.123Z",
            "blob": "x" * 400_000,
            "version": 3,
            "messages": [],
            "messageCount": 0,
            "metadata": {},
        }
    )
    before = local.raw_read("s")
    store = local.open(policy=policy)
    large = message("y" * 20_000)
    calls: list[Callable[[], object]] = [
        lambda: store.append("s", large),
        lambda: store.rewrite("s", [large], if_version=3),
        lambda: store.update("s", metadata={f"k{number}": "z" * 1_000 for number in range(32)}),
    ]
    for call in calls:
        with pytest.raises(MessageTooLargeError) as raised:
            call()
        assert "ValidationException" in str(raised.value)
    assert local.raw_read("s") == before


def test_a_defect_is_left_to_show(moto_table: TableHarness) -> None:
    """An exception that is not the driver's is no failure of the engine that passes: it arrives as
    a `BackendError` that is not retryable, and is its cause."""

    def fail(_: dict[str, Any]) -> None:
        raise LookupError("a defect")

    store = moto_table.open()
    with (
        answers_changed(moto_table.client, "GetItem", fail),
        pytest.raises(BackendError, match="LookupError") as raised,
    ):
        store.get("s")
    assert isinstance(raised.value.__cause__, LookupError)
    assert not raised.value.retryable


def test_an_unreachable_endpoint() -> None:
    """A refused connection is retryable, and no driver's exception."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{unused.getsockname()[1]}"
        store = DynamoDBSessionStore(patient_of_nothing(endpoint_url=endpoint), "some-table")
        for call in CALLS.values():
            with pytest.raises(BackendUnavailableError, match="some-table"):
                call(store)


def test_an_endpoint_that_never_answers() -> None:
    """A read that times out is retryable."""
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        endpoint = f"http://127.0.0.1:{deaf.getsockname()[1]}"
        store = DynamoDBSessionStore(patient_of_nothing(endpoint_url=endpoint), "some-table")
        with pytest.raises(BackendUnavailableError):
            store.get("s")


def test_no_region(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a region anywhere, opening is a `ConfigurationError` that says what to write."""
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    with pytest.raises(ConfigurationError, match="region=eu-west-1"):
        open_store("dynamodb://some-table")


def test_no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without credentials anywhere, calls are `BackendAuthError`."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    store = DynamoDBSessionStore(patient_of_nothing(endpoint_url="http://127.0.0.1:9"), "table")
    with pytest.raises(BackendAuthError, match="credentials"):
        store.get("s")


@pytest.mark.parametrize(
    "part", [{"version": "1"}, {"messages": "none", "userPreferences": "none"}], ids=str
)
def test_writes_to_what_cannot_be_read(table: TableHarness, part: dict[str, Any]) -> None:
    """A record whose parts are of other types is not written to: `CorruptSessionError`."""
    table.raw_write(
        {
            "sessionId": "s",
            "userId": "ana",
            "createdAt": "2026-02-28T10:00:00.123Z",
            "version": 1,
            "messageCount": 0,
            "messages": [],
            "userPreferences": {},
            **part,
        }
    )
    before = table.raw_read("s")
    store = table.open()
    calls: list[Callable[[], object]] = [
        lambda: store.append("s", message()),
        lambda: store.rewrite("s", [message()], if_version=1),
        lambda: store.update("s", user_preferences={"a": 1}),
    ]
    for call in calls:
        with pytest.raises(CorruptSessionError, match="'s'"):
            call()
    assert table.raw_read("s") == before
