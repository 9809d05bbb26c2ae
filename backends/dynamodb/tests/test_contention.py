"""Writes that meet another writer's change, try after try. On DynamoDB Local alone: moto takes the
size of a list that is missing for an error, where DynamoDB's condition does not hold."""

from collections.abc import Callable
from itertools import cycle, islice

import pytest

from chatstore import BackendThrottledError, JsonObject, MaintainedSessionStore, Message

from .counting import counted
from .dynamodb_harness import TableHarness
from .rivals import anticipated

BARE: JsonObject = {
    "sessionId": "s",
    "userId": "ana",
    "createdAt": "2026-02-28T10:00:00.123Z",
    "version": 7,
    "messageCount": 0,
}
WHOLE: JsonObject = {**BARE, "messages": [], "metadata": {}}
"""The same record with what it lacks: a write that was made for one does not fit the other."""

CALLS: dict[str, Callable[[MaintainedSessionStore], object]] = {
    "append": lambda store: store.append("s", Message(type="user_query", content="mine")),
    "rewrite": lambda store: store.rewrite(
        "s", [Message(type="user_query", content="mine")], if_version=None
    ),
    "update": lambda store: store.update("s", metadata={"mine": 1}),
}


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The attempts before which a store would have waited."""
    attempts: list[int] = []
    monkeypatch.setattr("chatstore_dynamodb.conditional_write.back_off", attempts.append)
    return attempts


@pytest.mark.parametrize("name", CALLS)
def test_a_write_goes_on_until_it_wins(local: TableHarness, waits: list[int], name: str) -> None:
    """A write that another one anticipates three times is sent a fourth time, and is acknowledged
    then; it waits before the later tries."""
    local.raw_write(WHOLE)
    theirs = islice(cycle([BARE, WHOLE]), 3)

    def write() -> None:
        for document in islice(theirs, 1):
            local.raw_write(document)

    with anticipated(local.client, "UpdateItem", write), counted(local.client) as counts:
        CALLS[name](local.open())
    assert (counts["UpdateItem"], counts["PutItem"]) == (4, 3)
    assert waits == [1, 2]
    after = local.open().get("s")
    assert after.version == 8
    assert "mine" in [*after.metadata, *(message.content for message in after.messages)]


@pytest.mark.usefixtures("waits")
@pytest.mark.parametrize("name", CALLS)
def test_a_write_that_never_wins_is_given_up(local: TableHarness, name: str) -> None:
    """A write that another one anticipates each time ends after 60 tries as an error that says so
    and may be sent again; nothing of it is written."""
    local.raw_write(WHOLE)
    theirs = cycle([BARE, WHOLE])
    with (
        anticipated(local.client, "UpdateItem", lambda: local.raw_write(next(theirs))),
        counted(local.client) as counts,
        pytest.raises(
            BackendThrottledError, match="'s' each met another writer's change"
        ) as raised,
    ):
        CALLS[name](local.open())
    assert raised.value.retryable
    assert counts["UpdateItem"] == 60
    after = local.open().get("s")
    assert (after.version, after.metadata, after.messages) == (7, {}, [])
