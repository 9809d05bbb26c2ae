"""Content, tool calls and a message's metadata: what is stored as it was given, and what never is.

Models are built around their validation here, as code that changes a list inside does.
"""

import copy
import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic.alias_generators import to_camel

from chatstore import InvalidInputError, ManualClock, MemorySessionStore, MemoryStorage, Message
from chatstore.record.decode import read_message
from chatstore.record.limits import RESERVED_NAMES
from chatstore.record.stored import AMENDED_NAME
from chatstore.values.json_values import json_text, normal_form
from chatstore_contract_tests.behaviour import START, message
from sweeps import sweep

from .test_portable import JSON

OBJECTS = st.dictionaries(st.text("ab7é", min_size=1), JSON, max_size=3)
SCALARS = st.booleans() | st.integers() | st.floats() | st.binary(max_size=2)
NO_JSON = st.sampled_from([object(), {1}, (), ({},), b"", {"a": object()}, [{"a": {1}}], [{1: 2}]])
LISTED = st.lists(OBJECTS | st.text(max_size=2) | SCALARS | st.none(), min_size=1, max_size=3)


def is_list_of_objects(value: object) -> bool:
    """Whether it is what parts and tool calls are."""
    return isinstance(value, list) and all(isinstance(each, dict) for each in value)


NO_OBJECTS = LISTED.filter(lambda value: not is_list_of_objects(value))
WRONG = st.one_of(
    st.tuples(st.just("content"), SCALARS | OBJECTS | NO_OBJECTS | NO_JSON),
    st.tuples(st.just("tool_calls"), SCALARS | OBJECTS | NO_OBJECTS | NO_JSON | st.text()),
    st.tuples(st.sampled_from(["tool_call_id", "name"]), SCALARS | OBJECTS | LISTED | NO_JSON),
    st.tuples(st.just("metadata"), SCALARS | LISTED | st.text(max_size=2)),
    st.tuples(st.just(AMENDED_NAME), JSON),
)
"""Attributes of a message with every shape that they can't have."""


class Kept:
    """One store with a window and with a history, and what lies in it."""

    def __init__(self) -> None:
        self.storage = MemoryStorage()
        self.store = MemorySessionStore(self.storage, clock=ManualClock(START))
        self.first = message("first", message_id="first", timestamp=START)
        self.session = self.store.create("ana", session_id="there", messages=[self.first])

    def writes(self, bad: Message) -> list[Callable[[], object]]:
        """Every call that would store a message."""
        good, store = message("good"), self.store
        restored = self.session.model_copy(update={"messages": [self.first, bad]})
        with_history = self.session.model_copy(update={"history": 5, "message_count": 3})
        return [
            partial(store.create, "ana", session_id="new", messages=[good, bad]),
            partial(store.get_or_create, "new", user_id="ana", messages=[bad]),
            partial(store.append, "there", good, bad),
            partial(store.append_and_get, "there", bad),
            partial(store.rewrite, "there", [bad], if_version=1),
            partial(store.rewrite, "there", [bad], if_version=None, whole=True),
            partial(store.amend, "there", bad.model_copy(update={"message_id": "first"})),
            partial(store.restore, restored, overwrite=True),
            partial(store.restore, with_history, history=iter([good, bad]), overwrite=True),
        ]


@sweep(200)
@given(WRONG)
def test_what_has_a_wrong_shape_is_refused(wrong: tuple[str, Any]) -> None:
    """Content that is no text and no list of JSON objects, and so on, is `InvalidInputError` in
    every call that stores messages, with the place in it, and nothing is written."""
    name, value = wrong
    kept = Kept()
    before = copy.deepcopy(kept.storage.documents)
    for write in kept.writes(message().model_copy(update={name: value})):
        with pytest.raises(InvalidInputError) as raised:
            write()
        assert type(raised.value) is InvalidInputError
        # A value that no engine can hold is named by its stored place.
        assert name in str(raised.value) or to_camel(name) in raised.value.field
        assert kept.storage.documents == before


RIGHT = st.fixed_dictionaries(
    {},
    optional={
        "content": st.none() | st.text("aé ", max_size=3) | st.lists(OBJECTS, max_size=3),
        "tool_calls": st.lists(OBJECTS, max_size=2),
        "tool_call_id": st.text("aé", max_size=2),
        "name": st.text("aé", max_size=2),
        "metadata": OBJECTS,
    },
)


@given(RIGHT)
def test_what_has_a_right_shape_is_kept(fields: dict[str, Any]) -> None:
    """It is read as it was given, with numbers in their normal form, from a store, and by the
    decoder from text and from an object alike."""
    sent = Message(type="user", **fields)
    kept = Kept()
    document = {
        "messageId": sent.message_id,
        "type": "user",
        "timestamp": sent.timestamp.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        **{
            {"tool_calls": "toolCalls", "tool_call_id": "toolCallId"}.get(name, name): value
            for name, value in fields.items()
            if value is not None
        },
    }
    stored = kept.store.append_and_get("there", sent).messages[-1]
    for found in (
        stored,
        kept.store.get("there").messages[-1],
        read_message(document),
        read_message(json.dumps(document)),
        read_message(json.dumps(document).encode()),
    ):
        assert found.model_extra == {}
        for name in ("content", "tool_calls", "tool_call_id", "name", "metadata"):
            assert json_text(getattr(found, name)) == json_text(normal_form(fields.get(name)))
    assert kept.storage.documents["there"]["messages"][-1].keys() == document.keys()


def test_numbers_in_parts_are_normal() -> None:
    """What another service stored as 7.0 is 7 inside of parts, tool calls and metadata too."""
    odd, plain = {"at": [7.0, -0.0, 1e23]}, '{"at":[7,0,100000000000000000000000]}'
    stored = {
        "messageId": "m",
        "type": "t",
        "timestamp": "2026-01-01T00:00:00Z",
        "content": [odd],
        "toolCalls": [odd],
        "metadata": odd,
        AMENDED_NAME: True,
    }
    for body in (stored, json.dumps(stored)):
        found = read_message(body)
        assert json_text(found.content) == json_text(found.tool_calls) == f"[{plain}]"
        assert json_text(found.metadata) == plain
        assert found.model_extra == {}
    assert stored["content"] == [odd]
    assert type(odd["at"][0]) is float


@pytest.mark.parametrize("name", sorted(RESERVED_NAMES))
def test_a_reserved_name_is_refused(name: str) -> None:
    """What backends keep for themselves beside a record's attributes nobody can restore."""
    kept = Kept()
    before = copy.deepcopy(kept.storage.documents)
    taken = kept.session.model_copy(update={name: 1})
    with pytest.raises(InvalidInputError, match=f"'{name}', which chatstore keeps for itself"):
        kept.store.restore(taken, overwrite=True)
    assert kept.storage.documents == before


def test_a_mark_is_hidden_and_weighs_nothing() -> None:
    """A message that was amended is stored with a mark, which no reader is shown and which counts
    in no size."""
    kept = Kept()
    longer = kept.first.model_copy(update={"content": "first and more"})
    amended = kept.store.amend("there", longer)
    assert kept.storage.documents["there"]["messages"][0][AMENDED_NAME] is True
    assert amended.messages == [longer]
    assert kept.store.get("there").messages[0].model_extra == {}
    assert [*kept.store.iter_messages("there")] == [longer]
    # Shown, it can be given back: to another store, or to a rewrite.
    kept.store.restore(amended, overwrite=True)
    kept.store.rewrite("there", amended.messages, if_version=None)
