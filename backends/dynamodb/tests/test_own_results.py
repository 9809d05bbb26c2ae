"""Reads that look for what was just written see it, also where the store's own reads may lag."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from chatstore import Message
from chatstore_dynamodb import DynamoDBSessionStore
from chatstore_dynamodb.client import Client

from .dynamodb_harness import TableHarness
from .events import handled
from .rivals import anticipated


@contextmanager
def lagging(client: Client) -> Iterator[list[bool]]:
    """Answer each read that is not consistent as if nothing had been written yet, as a replica
    may; whether each read was consistent."""
    reads: list[bool] = []

    def note(params: dict[str, Any], **_: Any) -> None:
        body = params["body"] if isinstance(params["body"], str) else params["body"].decode()
        reads.append('"ConsistentRead": true' in body)

    def forget(parsed: dict[str, Any], **_: Any) -> None:
        if not reads[-1]:
            parsed.pop("Item", None)

    with (
        handled(client, "before-call.dynamodb.GetItem", note),
        handled(client, "after-call.dynamodb.GetItem", forget),
    ):
        yield reads


@contextmanager
def sent_twice(client: Client, operation: str) -> Iterator[None]:
    """Let the first request of an operation take effect, and be sent again, as after a lost
    answer."""
    sent: list[bytes] = []

    def answer_later(request: Any, **_: Any) -> None:
        if not sent:
            sent.append(request.body)
            client._endpoint.http_session.send(request)  # type: ignore[attr-defined]

    with handled(client, f"before-send.dynamodb.{operation}", answer_later):
        yield


def message(content: str) -> Message:
    return Message(type="user_query", content=content)


WRITES: dict[str, tuple[str, Callable[[DynamoDBSessionStore], int]]] = {
    "create": ("PutItem", lambda store: store.create("ana", session_id="new").version),
    "get_or_create": (
        "PutItem",
        lambda store: store.get_or_create("new", user_id="ana").version,
    ),
    "rewrite": (
        "UpdateItem",
        lambda store: store.rewrite("s", [message("mine")], if_version=1).version - 1,
    ),
    "rewrite, any": (
        "UpdateItem",
        lambda store: store.rewrite("s", [message("mine")], if_version=None).version - 1,
    ),
}


@pytest.mark.parametrize("name", WRITES)
def test_a_write_sent_again_knows_its_own_result(local: TableHarness, name: str) -> None:
    """With `consistent_reads=False` and a replica that lags, a write that was sent again after a
    lost answer returns its own result."""
    operation, write = WRITES[name]
    local.open().create("ana", session_id="s")
    store = DynamoDBSessionStore(local.client, local.table_name, consistent_reads=False)
    with lagging(local.client), sent_twice(local.client, operation):
        assert write(store) == 1


def test_what_somebody_else_created_meanwhile_is_found(local: TableHarness) -> None:
    """`get_or_create` that another one anticipates returns the other one's session."""
    store = DynamoDBSessionStore(local.client, local.table_name, consistent_reads=False)

    done: list[object] = []

    def create_once() -> None:
        if not done:
            done.append(local.open().create("ana", session_id="s", metadata={"whose": "theirs"}))

    with (
        lagging(local.client),
        anticipated(local.client, "PutItem", create_once),
    ):
        found = store.get_or_create("s", user_id="ana")
    assert found.metadata == {"whose": "theirs"}
