"""Every call ends within its deadline, whatever the server does."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any

import boto3
import pytest
from botocore.config import Config

from chatstore import (
    BackendThrottledError,
    BackendUnavailableError,
    ChatStoreError,
    SchemaError,
)
from chatstore_dynamodb import DynamoDBSessionStore
from chatstore_dynamodb.client import Client, new_client

from .bad_servers import (
    Answer,
    answers,
    drips_its_body,
    drips_its_headers,
    says_nothing,
    serving,
)
from .calls import CALLS
from .dynamodb_harness import REGION

DEADLINE = 0.2
LATEST = 1.1 * DEADLINE
SLACK = 8.0
"""How long a busy machine may take to get round to a thread that could go on. It is less than the
usual deadline, and than any time-out of a client's own."""
PATIENCE = 60

SERVERS: dict[str, Answer] = {
    "says nothing": says_nothing,
    "drips its headers": drips_its_headers,
    "drips its body": drips_its_body,
    "fails": answers(500, "InternalServerError"),
    "is busy": answers(400, "ProvisionedThroughputExceededException"),
}
OUTCOMES = (BackendUnavailableError, BackendThrottledError)


def ends_in_time(call: Callable[[], object]) -> None:
    began = time.monotonic()
    with pytest.raises(OUTCOMES) as raised:
        call()
    assert time.monotonic() - began < LATEST + SLACK
    assert raised.value.retryable


@pytest.fixture(scope="module", params=SERVERS)
def client(request: pytest.FixtureRequest) -> Iterator[Client]:
    """A client of each of these servers."""
    with serving(SERVERS[request.param]) as endpoint:
        yield new_client(region=REGION, endpoint_url=endpoint)


def test_every_call_ends_in_time(client: Client) -> None:
    """A server that says nothing, answers a byte at a time, fails or asks for patience, for ever:
    each call ends within the deadline, as an error that says to send it again."""
    with DynamoDBSessionStore(client, "table", deadline=DEADLINE) as store:
        calls = [partial(ends_in_time, partial(call, store)) for call in CALLS.values()]
        # All at once: they wait most of the time.
        with ThreadPoolExecutor(len(calls)) as pool:
            for ended in [pool.submit(call) for call in calls]:
                ended.result()


@pytest.mark.parametrize("mode", ["standard", "adaptive", "legacy"])
@pytest.mark.parametrize("server", SERVERS)
def test_a_caller_s_client_ends_in_time(server: str, mode: str) -> None:
    """With a client whose own time-outs are a minute, and which would send ten times, as well."""
    retries: Any = {"mode": mode, "max_attempts": 9}
    config = Config(retries=retries)
    with serving(SERVERS[server]) as endpoint:
        client = boto3.session.Session().client(
            "dynamodb", region_name=REGION, endpoint_url=endpoint, config=config
        )
        store = DynamoDBSessionStore(client, "table", deadline=DEADLINE)
        ends_in_time(lambda: store.get("s"))
        ends_in_time(lambda: store.get("s"))


def test_a_tls_handshake_that_never_ends() -> None:
    """A server that drips where hands should be shaken is broken off as well."""
    with serving(drips_its_headers, reads=False) as endpoint:
        secure = endpoint.replace("http://", "https://")
        store = DynamoDBSessionStore.connect(
            "table", region=REGION, endpoint_url=secure, deadline=DEADLINE
        )
        began = time.monotonic()
        with pytest.raises(ChatStoreError):
            store.get("s")
        assert time.monotonic() - began < LATEST + SLACK


def test_a_name_that_is_looked_up_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name server that says nothing ends the call in time as well."""
    asked: list[object] = []
    over = threading.Event()

    def look_up(*arguments: object) -> list[object]:
        asked.append(arguments)
        over.wait(60)
        return []

    store = DynamoDBSessionStore.connect(
        "table", region=REGION, endpoint_url="http://some.name.invalid", deadline=DEADLINE
    )
    monkeypatch.setattr("socket.getaddrinfo", look_up)
    ends_in_time(lambda: store.get("s"))
    assert asked
    over.set()


def ask(store: DynamoDBSessionStore) -> None:
    """Ask until there is an answer: a busy machine may need longer than the deadline for a call."""
    latest = time.monotonic() + PATIENCE
    while time.monotonic() < latest:
        with suppress(*OUTCOMES):
            store.get("s")


def test_a_store_answers_again_once_the_server_does() -> None:
    """What was broken off leaves nothing behind: once the server answers, so does the store."""
    answer = [says_nothing]
    with (
        serving(lambda *connection: answer[0](*connection)) as endpoint,
        DynamoDBSessionStore.connect(
            "table", region=REGION, endpoint_url=endpoint, deadline=DEADLINE
        ) as store,
    ):
        with pytest.raises(OUTCOMES):
            store.get("s")
        answer[0] = answers(400, "ResourceNotFoundException")  # type: ignore[assignment]
        with pytest.raises(SchemaError):
            ask(store)
