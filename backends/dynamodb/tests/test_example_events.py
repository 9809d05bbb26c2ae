"""The example of an AWS Lambda function, whatever a client sends and wherever it is cut off."""

import itertools
import json
from collections.abc import Callable, Iterator
from functools import cache, partial
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatstore import (
    BackendUnavailableError,
    MemorySessionStore,
    MemoryStorage,
    RetentionPolicy,
)

from .lambda_function import event, load

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=6,
)
TEXT = st.sampled_from(["", "\x00", "\ud800", "é🎬", "m" * 1_018, "m" * 1_025, "x" * 40_000])
ANYTHING = JSON | TEXT


class CutOff(MemorySessionStore):
    """A store whose call number `at` fails: before anything has happened, or after it has."""

    at: int | None = None
    after: bool = False

    def _cut(self, call: Callable[[], Any]) -> Any:
        if self.at is None:
            return call()
        self.at -= 1
        if self.at == -1 and not self.after:
            raise BackendUnavailableError("cut off before it happened")
        result = call()
        if self.at == -1:
            raise BackendUnavailableError("cut off after it had happened")
        return result

    def get_or_create(self, *arguments: Any, **options: Any) -> Any:
        return self._cut(lambda: super(CutOff, self).get_or_create(*arguments, **options))

    def append_and_get(self, *arguments: Any, **options: Any) -> Any:
        return self._cut(lambda: super(CutOff, self).append_and_get(*arguments, **options))


@pytest.fixture
def function(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    module = load()
    storage = MemoryStorage()
    store = CutOff(storage)
    monkeypatch.setattr(module, "store", lambda: store)
    yield module
    store.close()


def stored(function: ModuleType) -> dict[str, Any]:
    """Every record, as it is stored."""
    return json.loads(json.dumps(function.store().engine.storage.documents))  # type: ignore[no-any-return]  # JSON's


def contents(answer: dict[str, Any]) -> list[str]:
    return [each["content"] for each in answer["messages"]]


def test_a_first_message_sent_twice_begins_one_session(function: ModuleType) -> None:
    """A client that never saw the first answer sends its message again, and gets that answer."""
    once = function.handler(event("sendMessage", messageId="m", content="Superheroes?"), None)
    twice = function.handler(event("sendMessage", messageId="m", content="Superheroes?"), None)
    assert once == twice
    assert once["messageCount"] == 2
    assert len(function.handler(event("chatHistory"), None)["items"]) == 1


def test_first_messages_of_one_id_are_each_users_own(function: ModuleType) -> None:
    """Two users may choose the same message id, and get a session each; so do two ids."""
    sessions = {
        function.handler(event("sendMessage", user, messageId=name, content="?"), None)["sessionId"]
        for user, name in [("ana", "m"), ("ben", "m"), ("ana", "n"), ("an", "am")]
    }
    assert len(sessions) == 4


@pytest.mark.parametrize("is_first", [True, False])
@pytest.mark.parametrize(("at", "after"), [(0, False), (0, True), (1, False), (1, True)])
def test_wherever_it_is_cut_off_the_next_attempt_completes_it(
    function: ModuleType, is_first: bool, at: int, after: bool
) -> None:
    """A crash before or after each write, and the same message again: the question once, and one
    answer to it."""
    session_id = None
    if not is_first:
        begun = function.handler(event("sendMessage", messageId="0", content="Hello"), None)
        session_id = begun["sessionId"]
    sent = event("sendMessage", sessionId=session_id, messageId="m", content="Superheroes?")
    store = function.store()
    store.at, store.after = at, after
    with pytest.raises(BackendUnavailableError):
        function.handler(sent, None)
    store.at = None
    answer = function.handler(sent, None)
    assert contents(answer)[-2:] == ["Superheroes?", "You asked: Superheroes?"]
    assert answer["messageCount"] == (2 if is_first else 4)
    assert len(stored(function)) == 1


def test_a_late_attempt_answers_its_own_question(function: ModuleType) -> None:
    """If the user went on meanwhile, the answer that was missing is still one to that question."""
    store = function.store()
    store.at, store.after = 0, True
    first = event("sendMessage", messageId="m", content="Superheroes?")
    with pytest.raises(BackendUnavailableError):
        function.handler(first, None)
    store.at = None
    (session_id,) = stored(function)
    function.handler(
        event("sendMessage", sessionId=session_id, messageId="n", content="Or dogs?"), None
    )
    assert contents(function.handler(first, None)) == [
        "Superheroes?",
        "Or dogs?",
        "You asked: Or dogs?",
        "You asked: Superheroes?",
    ]


def test_an_answer_that_is_there_stays(
    function: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bot that says something else each time is asked once: the message sent again shows what
    it said."""
    sayings = itertools.count()
    monkeypatch.setattr(function, "answer", lambda _: f"saying {next(sayings)}")
    sent = event("sendMessage", messageId="m", content="Superheroes?")
    assert function.handler(sent, None) == function.handler(sent, None)
    assert next(sayings) == 1


def test_a_message_id_is_taken_once(function: ModuleType) -> None:
    """Another content under a message id that is taken is refused, and nothing is written."""
    session = function.handler(event("sendMessage", messageId="m", content="Superheroes?"), None)
    before = stored(function)
    for session_id in (None, session["sessionId"]):
        answer = function.handler(
            event("sendMessage", sessionId=session_id, messageId="m", content="Dogs?"), None
        )
        assert answer["error"]["type"] == "InvalidInputError"
    assert stored(function) == before


@pytest.mark.parametrize("length", [1, 1_016, 1_018, 1_024, 1_025, 5_000])
@pytest.mark.parametrize("is_first", [True, False])
def test_a_message_id_of_any_length_is_kept_or_refused(
    function: ModuleType, length: int, is_first: bool
) -> None:
    """As long as a store takes it, the question and its answer are both kept; else neither."""
    session_id = None
    if not is_first:
        begun = function.handler(event("sendMessage", messageId="0", content="Hello"), None)
        session_id = begun["sessionId"]
    before = stored(function)
    answer = function.handler(
        event("sendMessage", sessionId=session_id, messageId="m" * length, content="?"), None
    )
    if length <= 1_024:
        assert contents(answer)[-2:] == ["?", "You asked: ?"]
    else:
        assert answer["error"]["type"] == "InvalidInputError"
        assert stored(function) == before


@pytest.mark.parametrize("size", [1, 32_000, 32_600, 33_000, 1_000_000])
def test_a_message_of_any_size_is_kept_or_refused(function: ModuleType, size: int) -> None:
    """A question that a store takes gets its answer, however long it is; else nothing is kept."""
    answer = function.handler(event("sendMessage", messageId="m", content="x" * size), None)
    if "error" in answer:
        assert size > 32_600
        assert stored(function) == {}
        assert len(answer["error"]["message"]) < 500
    else:
        assert answer["messageCount"] == 2


@pytest.mark.parametrize("keeps", [True, False])
@pytest.mark.parametrize("limit", [1, 3, 30, None])
def test_a_conversation_is_paged_from_its_end(
    monkeypatch: pytest.MonkeyPatch, keeps: bool, limit: int | None
) -> None:
    """Page after page each message comes once, the newest first, though the two go on talking
    between the pages: all that was said if histories are kept, else the window."""
    module = load()
    policy = RetentionPolicy(max_messages=4, keep_history=keeps)
    monkeypatch.setattr(module, "store", cache(partial(MemorySessionStore, policy=policy)))
    session_id = module.handler(event("sendMessage", content="0"), None)["sessionId"]
    for number in range(1, 6):
        module.handler(event("sendMessage", sessionId=session_id, content=f"{number}"), None)
    said = [text for number in range(6) for text in (f"{number}", f"You asked: {number}")]
    found: list[str] = []
    cursor = None
    while True:
        asked = event("chatMessages", sessionId=session_id, limit=limit, cursor=cursor)
        page = module.handler(asked, None)
        assert json.loads(json.dumps(page)) == page
        found += [each["content"] for each in page["items"]]
        cursor = page["nextCursor"]
        if cursor is None:
            break
        assert len(page["items"]) == limit
        if keeps:
            module.handler(event("sendMessage", sessionId=session_id, content="later"), None)
    assert found == said[::-1][: 12 if keeps else 4]


def test_a_page_of_anothers_messages_is_refused(function: ModuleType) -> None:
    """Another user's session does not exist, nor does a cursor of one session lead into another;
    both are told in words."""
    mine, other = (
        function.handler(event("sendMessage", content=text), None)["sessionId"] for text in "ab"
    )
    theirs = function.handler(event("chatMessages", "ben", sessionId=mine), None)
    assert theirs["error"]["type"] == "SessionNotFoundError"
    cursor = function.handler(event("chatMessages", sessionId=mine, limit=1), None)["nextCursor"]
    for sent in (cursor, "x"):
        answer = function.handler(event("chatMessages", sessionId=other, cursor=sent), None)
        assert answer["error"]["type"] == "InvalidCursorError"


@given(
    field=st.sampled_from(["sendMessage", "chatHistory", "chatMessages"]),
    where=st.sampled_from(["event", "info", "identity", "arguments", "sub", "sessionId"])
    | st.sampled_from(["messageId", "content", "limit", "cursor"]),
    value=ANYTHING,
)
def test_whatever_is_sent_is_answered(field: str, where: str, value: object) -> None:
    """A wrong value in any place of an event is an error in words, and then nothing was written."""
    module = load()
    store = CutOff()
    vars(module)["store"] = lambda: store
    sent: Any = event(field, messageId="m", content="Superheroes?")
    if where == "event":
        sent = value
    elif where in ("info", "identity", "arguments"):
        sent[where] = value
    else:
        sent["identity" if where == "sub" else "arguments"][where] = value
    answer = module.handler(sent, None)
    assert json.loads(json.dumps(answer)) == answer
    if "error" in answer:
        assert set(answer["error"]) == {"type", "message"}
        assert stored(module) == {}
    elif field == "sendMessage":
        assert answer["messageCount"] == 2
