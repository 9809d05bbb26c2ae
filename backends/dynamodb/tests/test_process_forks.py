"""Forks: what is DynamoDB's own about them, on DynamoDB Local. What all stores promise there is
proved for all of them alike."""

import os
import threading
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.credentials import RefreshableCredentials

from chatstore import Message
from chatstore_dynamodb import DynamoDBSessionStore
from chatstore_dynamodb.client import Client, new_client
from chatstore_dynamodb.url import read_url

from .dynamodb_harness import TableHarness
from .slow_server import slow_server

FORKS = int(os.environ.get("CHATSTORE_TEST_FORKS", "5"))
THREADS = 4
WRITES = 20
READS = 5
ROUNDS = 10
LATER = "2100-01-01T00:00:00Z"

pytestmark = pytest.mark.filterwarnings(
    # Newer Pythons warn of exactly what is proved here to go well.
    "ignore:.*multi-threaded, use of fork:DeprecationWarning"
)


def message(number: int) -> Message:
    return Message(type="user_query", content=f"{number}")


def in_child(work: Callable[[], bool]) -> int:
    """The id of a forked child that ends well if its work is done and true."""
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        status = 0 if work() else 2
    finally:
        os._exit(status)


def ended_well(child: int) -> bool:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.fixture(params=["standard", "adaptive", "legacy"])
def client(request: pytest.FixtureRequest, dynamodb_local: str) -> Iterator[Client]:
    """A caller's own client, of each retry mode."""
    address = read_url(dynamodb_local)
    client: Client = boto3.session.Session().client(
        "dynamodb",
        region_name=address.region,
        endpoint_url=address.endpoint_url,
        config=Config(retries={"mode": request.param}),
    )
    yield client
    client.close()


def test_children_that_share_a_client_get_their_own_sessions() -> None:
    """A client that was used before the fork, and a store on it in each child, all at once: each
    child reads its own user's session, each time."""
    with slow_server() as endpoint:
        client = new_client(region="eu-west-1", endpoint_url=endpoint)
        for _ in range(ROUNDS):
            # Its pool has a socket from here on.
            client.get_item(TableName="table", Key={"sessionId": {"S": "s"}})
            assert forked_readers(client) == [True, True]


def forked_readers(client: Client) -> list[bool]:
    """Whether each of two children read what it asked for."""
    waiting, starting = os.pipe()

    def read(number: int) -> bool:
        own = DynamoDBSessionStore(client, "table")
        os.close(starting)
        os.read(waiting, 1)
        owners = {own.get(f"s{number}").user_id for _ in range(READS)}
        return owners == {f"owner of s{number}"}

    children = [in_child(lambda: read(0)), in_child(lambda: read(1))]
    # Both begin when nobody holds the pipe any more.
    os.close(starting)
    os.close(waiting)
    return [ended_well(child) for child in children]


def test_children_of_a_process_that_is_writing(local: TableHarness, client: Client) -> None:
    """A process whose threads are in the middle of writing, through stores and by the client
    itself, forks: each child's own store on that client writes 20 messages, all of which are there,
    and so is every write of the parent's."""
    store = DynamoDBSessionStore(client, local.table_name)
    ends = threading.Event()
    written = [0] * THREADS

    def write(number: int) -> None:
        store.create("parent", session_id=f"parent-{number}")
        while not ends.is_set():
            store.append(f"parent-{number}", message(written[number]))
            written[number] += 1
            client.get_item(TableName=local.table_name, Key={"sessionId": {"S": "none"}})

    def work(number: int) -> bool:
        own = DynamoDBSessionStore(client, local.table_name)
        own.create("child", session_id=f"child-{number}")
        for each in range(WRITES):
            own.append(f"child-{number}", message(each))
        return True

    threads = [threading.Thread(target=write, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    try:
        well = [
            ended_well(in_child(lambda number=number: work(number)))  # type: ignore[misc]
            for number in range(FORKS)
        ]
    finally:
        ends.set()
        for thread in threads:
            thread.join()
    assert well == [True] * FORKS
    for number in range(FORKS):
        session = store.get(f"child-{number}")
        assert session.message_count == WRITES
        assert [each.content for each in session.messages] == [f"{n}" for n in range(10, 20)]
    for number in range(THREADS):
        assert store.get(f"parent-{number}").message_count == written[number]


def test_a_store_shares_no_socket_with_its_client(local: TableHarness) -> None:
    """The store's pool is not the client's, nor another store's on it; the client stays as it
    was."""
    its: Any = local.client
    before = dict(vars(its)), dict(vars(its._endpoint))
    one = DynamoDBSessionStore(local.client, local.table_name)
    two = DynamoDBSessionStore(local.client, local.table_name)
    clients: list[Any] = [its, one.engine.table.client, two.engine.table.client]
    sessions = {id(each._endpoint.http_session._manager) for each in clients}
    assert len(sessions) == 3
    one.close()
    assert (dict(vars(its)), dict(vars(its._endpoint))) == before
    assert two.get_many(["s"]) == []
    assert local.raw_read("s") is None


def test_a_fork_while_credentials_are_renewed(local: TableHarness) -> None:
    """A thread of the parent's is renewing the client's credentials at the fork, and holds their
    lock: the child renews them itself."""
    renewing, ends = threading.Event(), threading.Event()
    parent = os.getpid()

    def renew() -> dict[str, str]:
        if os.getpid() == parent and threading.current_thread() is not threading.main_thread():
            renewing.set()
            ends.wait(30)
        return {
            "access_key": "local",
            "secret_key": "local",
            "token": "token",
            "expiry_time": LATER,
        }

    credentials = RefreshableCredentials.create_from_metadata(
        {"access_key": "local", "secret_key": "local", "token": "t", "expiry_time": LATER},
        refresh_using=renew,
        method="test",
    )
    session = boto3.session.Session(region_name="eu-west-1")
    inner: Any = session._session
    inner._credentials = credentials
    client: Client = session.client(
        "dynamodb", endpoint_url=local.client.meta.endpoint_url, region_name="eu-west-1"
    )
    DynamoDBSessionStore(client, local.table_name).create("ana", session_id="s")
    its: Any = credentials
    its._expiry_time = its._time_fetcher()
    thread = threading.Thread(target=credentials.get_frozen_credentials, daemon=True)
    thread.start()
    assert renewing.wait(30)
    child = in_child(
        lambda: DynamoDBSessionStore(client, local.table_name).get("s").user_id == "ana"
    )
    well = ended_well(child)
    ends.set()
    assert well
