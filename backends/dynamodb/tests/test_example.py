"""The example of an AWS Lambda function, run on moto."""

import json
from collections.abc import Iterator
from types import ModuleType

import pytest

from .dynamodb_harness import REGION, TableHarness
from .lambda_function import event, load


@pytest.fixture
def function(moto_table: TableHarness, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The function, in an environment such as Lambda makes one."""
    monkeypatch.setenv("CHATSTORE_URL", f"dynamodb://{moto_table.table_name}")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    module = load()
    yield module
    module.store().close()


def test_a_conversation(function: ModuleType) -> None:
    """A first message begins a session, a second goes on with it, and the history shows it; all
    answers are JSON."""
    first = function.handler(event("sendMessage", sessionId=None, content="Superheroes?"), None)
    session_id = first["sessionId"]
    second = function.handler(
        event("sendMessage", sessionId=session_id, content="From the nineties?"), None
    )
    assert [each["content"] for each in second["messages"]] == [
        "Superheroes?",
        "You asked: Superheroes?",
        "From the nineties?",
        "You asked: From the nineties?",
    ]
    history = function.handler(event("chatHistory", limit=None), None)
    assert [each["sessionId"] for each in history["items"]] == [session_id]
    assert history["items"][0]["messageCount"] == 4
    assert history["nextCursor"] is None
    assert json.loads(json.dumps(second)) == second


def test_nobody_reads_or_writes_another_s(function: ModuleType) -> None:
    """The user is the one whom the identity names: another one's session does not exist."""
    mine = function.handler(event("sendMessage", content="mine"), None)["sessionId"]
    theirs = function.handler(event("sendMessage", "ben", sessionId=mine, content="?"), None)
    assert theirs["error"]["type"] == "SessionNotFoundError"
    assert function.handler(event("chatHistory", "ben"), None)["items"] == []


def test_pages_and_mistakes(function: ModuleType) -> None:
    """A cursor goes on, a bad one is reported, and an unknown field is a defect."""
    for number in range(3):
        function.handler(event("sendMessage", content=f"{number}"), None)
    page = function.handler(event("chatHistory", limit=2), None)
    rest = function.handler(event("chatHistory", limit=2, cursor=page["nextCursor"]), None)
    assert (len(page["items"]), len(rest["items"])) == (2, 1)
    bad = function.handler(event("chatHistory", cursor="x"), None)
    assert bad["error"]["type"] == "InvalidCursorError"
    with pytest.raises(ValueError, match="deleteEverything"):
        function.handler(event("deleteEverything"), None)


def test_pages_of_messages(function: ModuleType) -> None:
    """The messages of a session come newest first, page by page; another user's do not."""
    session_id = function.handler(event("sendMessage", content="0"), None)["sessionId"]
    for number in range(1, 3):
        function.handler(event("sendMessage", sessionId=session_id, content=f"{number}"), None)
    page = function.handler(event("chatMessages", sessionId=session_id, limit=4), None)
    older = event("chatMessages", sessionId=session_id, limit=4, cursor=page["nextCursor"])
    rest = function.handler(older, None)
    assert [each["content"] for each in page["items"] + rest["items"]] == [
        text for number in (2, 1, 0) for text in (f"You asked: {number}", f"{number}")
    ]
    assert rest["nextCursor"] is None
    theirs = function.handler(event("chatMessages", "ben", sessionId=session_id), None)
    assert theirs["error"]["type"] == "SessionNotFoundError"


def test_a_conversation_is_kept_whole(
    function: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With one variable in its environment, what has left the window is shown as well."""
    monkeypatch.setenv("CHATSTORE_KEEP_HISTORY", "true")
    session_id = function.handler(event("sendMessage", content="0"), None)["sessionId"]
    for number in range(1, 15):
        function.handler(event("sendMessage", sessionId=session_id, content=f"{number}"), None)
    found: list[str] = []
    cursor = None
    for _ in range(5):
        page = function.handler(
            event("chatMessages", sessionId=session_id, limit=7, cursor=cursor), None
        )
        found += [each["content"] for each in page["items"]]
        cursor = page["nextCursor"]
    assert cursor is None
    assert found == [
        text for number in range(14, -1, -1) for text in (f"You asked: {number}", f"{number}")
    ]


def test_a_message_sent_again_is_answered_once(function: ModuleType) -> None:
    """A client that names its message may send it again: nothing is stored twice."""
    session_id = function.handler(event("sendMessage", content="first"), None)["sessionId"]
    again = event("sendMessage", sessionId=session_id, messageId="m", content="second")
    once = function.handler(again, None)
    twice = function.handler(again, None)
    assert once == twice
    assert once["messageCount"] == 4


def test_a_first_message_sent_again_finds_its_session(function: ModuleType) -> None:
    """The same before the client knows its session: there is one, and its one answer."""
    first = event("sendMessage", messageId="m" * 1_024, content="first")
    once = function.handler(first, None)
    assert function.handler(first, None) == once
    assert once["messageCount"] == 2
    history = function.handler(event("chatHistory"), None)
    assert [each["sessionId"] for each in history["items"]] == [once["sessionId"]]
