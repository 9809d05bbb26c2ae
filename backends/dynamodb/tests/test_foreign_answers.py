"""An answer that is not the one that was asked for is never taken for it."""

from collections.abc import Callable
from typing import Any

import pytest

from chatstore import BackendUnavailableError, MaintainedSessionStore, Message, RetentionPolicy
from chatstore_dynamodb import DynamoDBSessionStore
from chatstore_dynamodb.client import new_client

from .bad_servers import Answer, says, serving
from .calls import CALLS
from .counting import answers_changed
from .dynamodb_harness import REGION, TableHarness

THEIRS = {
    "sessionId": {"S": "theirs"},
    "userId": {"S": "bob"},
    "createdAt": {"S": "2026-02-28T10:00:00.123Z"},
    "messages": {"L": []},
    "version": {"N": "1"},
    "messageCount": {"N": "0"},
}


def batch(parsed: dict[str, Any]) -> None:
    for items in parsed.get("Responses", {}).values():
        items[:] = [THEIRS]


ANSWERS: dict[str, tuple[str, Callable[[dict[str, Any]], None]]] = {
    "get": ("GetItem", lambda parsed: parsed.update(Item=THEIRS)),
    "get_or_create": ("GetItem", lambda parsed: parsed.update(Item=THEIRS)),
    "rewrite, any": ("GetItem", lambda parsed: parsed.update(Item=THEIRS)),
    "get_many": ("BatchGetItem", batch),
    "append": ("UpdateItem", lambda parsed: parsed.update(Attributes=THEIRS)),
    "append_and_get": ("UpdateItem", lambda parsed: parsed.update(Attributes=THEIRS)),
    "rewrite": ("UpdateItem", lambda parsed: parsed.update(Attributes=THEIRS)),
    "update": ("UpdateItem", lambda parsed: parsed.update(Attributes=THEIRS)),
    "list_sessions": ("Query", lambda parsed: parsed.update(Items=[THEIRS])),
    "delete_user": ("DeleteItem", lambda parsed: parsed.update(Attributes=THEIRS)),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_another_session_is_no_answer(moto_table: TableHarness, name: str) -> None:
    """Whatever call gets another session than the one that it asked for, by whatever mixes answers
    up: `BackendUnavailableError`, and nothing of that session is shown."""
    operation, change = ANSWERS[name]
    store = moto_table.open()
    store.create("ana", session_id="s")
    with (
        answers_changed(moto_table.client, operation, change),
        pytest.raises(BackendUnavailableError, match="another key") as raised,
    ):
        CALLS[name](store)
    assert "bob" not in str(raised.value)


def test_another_session_that_a_condition_met_is_no_answer(moto_table: TableHarness) -> None:
    """The item that comes back with a failed condition is checked too."""

    def change(parsed: dict[str, Any]) -> None:
        if "Error" in parsed:
            parsed["Item"] = THEIRS

    store = moto_table.open()
    message = Message(type="user_query", content="hello")
    store.create("ana", session_id="s", messages=[message])
    with (
        answers_changed(moto_table.client, "UpdateItem", change),
        pytest.raises(BackendUnavailableError, match="another key"),
    ):
        store.append("s", message)


def test_another_history_is_no_answer(moto_table: TableHarness) -> None:
    """A chunk of another session's history is no part of a page, and nothing of it is shown."""

    def change(parsed: dict[str, Any]) -> None:
        for item in parsed.get("Items", []):
            item["historyId"] = {"S": "bob's"}

    store = moto_table.open(policy=RetentionPolicy(keep_history=True))
    messages = [Message(type="user_query", content=f"{number}") for number in range(60)]
    store.create("ana", session_id="s", messages=messages)
    with (
        answers_changed(moto_table.client, "Query", change),
        pytest.raises(BackendUnavailableError, match="another key") as raised,
    ):
        store.list_messages("s")
    assert "bob" not in str(raised.value)


ITEM = b'{"Item":{"sessionId":{"S":"s"}}}'
NO_ANSWERS: dict[str, Answer] = {
    "a page": says(b"<html>Please log in.</html>"),
    "nothing": says(b""),
    "a part": says(ITEM[:20]),
    "less than it says": says(b"{}", length=200),
    "another sum": says(b"{}", headers=b"x-amz-crc32: 1\r\n"),
}


@pytest.mark.parametrize("answer", NO_ANSWERS.values(), ids=NO_ANSWERS)
def test_what_is_no_whole_answer_is_none(answer: Answer) -> None:
    """A success that some other server made up, or that was cut off on its way, is neither an
    absent session nor an acknowledged write: it is no answer, in every call."""
    with serving(answer) as endpoint:
        client = new_client(region=REGION, endpoint_url=endpoint)
        for call in CALLS.values():
            store: MaintainedSessionStore = DynamoDBSessionStore(client, "table", deadline=0.2)
            with pytest.raises(BackendUnavailableError):
                call(store)
