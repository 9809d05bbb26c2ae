"""The expressions stay within what DynamoDB takes, which the emulators do not all check."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chatstore import JsonObject, Message, RetentionPolicy
from chatstore.clock import Moment
from chatstore.engine.write import NO_CHANGES, Patch, Write
from chatstore.record.encode import stored_message
from chatstore.record.stored import StoredMessage, StoredSession
from chatstore_dynamodb import expressions
from chatstore_dynamodb.attribute_values import marshal, unmarshal
from chatstore_dynamodb.expressions import kept
from chatstore_dynamodb.expressions.limits import ExpressionLimitError, require_fits
from chatstore_dynamodb.items import LONGEST_SLIDE, new_history_item, new_item
from chatstore_dynamodb.stored_item import Seen, StoredItem

MAX_BYTES = 4_096
MAX_OPERATORS = 300

OPERATORS = re.compile(
    r"\b(?:AND|OR|NOT|BETWEEN|IN)\b|<=|>=|<>|[=<>+]|(?<![#:\w])-|"
    r"\b(?:contains|size|attribute_exists|attribute_not_exists|attribute_type)\b"
)


def write(
    policy: RetentionPolicy,
    user_id: str | None = "ana",
    if_version: int | None = 7,
    *,
    renews: bool = True,
) -> Write:
    now = Moment(datetime(2026, 3, 1, tzinfo=UTC))
    return Write("s", user_id, if_version, now, policy, renews=renews)


def messages(count: int) -> list[StoredMessage]:
    return [stored_message(Message(type="user_query", content="hi")) for _ in range(count)]


MESSAGES = messages(100)
WINDOW = messages(300)


def assert_within_limits(request: dict[str, Any]) -> None:
    texts = [request["ConditionExpression"], request.get("UpdateExpression", "")]
    for text in texts:
        assert len(text.encode()) <= MAX_BYTES, len(text)
        # A SET's `=` is its syntax; counted all the same, to be on the safe side.
        assert len(OPERATORS.findall(text)) <= MAX_OPERATORS
    mentioned = set(re.findall(r"[#:]\w+", " ".join(texts)))
    given = {*request["ExpressionAttributeNames"], *request["ExpressionAttributeValues"]}
    assert mentioned == given, "names and values must be those that are mentioned, and all of them"


counts = st.integers(1, 100)
sizes = st.none() | st.integers(0, 110) | st.integers(111, 4_000)
policies = st.builds(
    RetentionPolicy,
    max_messages=st.none() | st.integers(1, 110) | st.integers(111, 1_000),
    max_message_bytes=st.sampled_from([300, 32_768]),
    ttl=st.none() | st.just(timedelta(days=1)),
)
writes = st.builds(
    write,
    policies,
    st.sampled_from([None, "ana"]),
    st.sampled_from([None, 0, 7]),
    renews=st.booleans(),
)


@st.composite
def patches(draw: st.DrawFn) -> Patch:
    """A patch of up to 256 keys of each map."""
    values = st.sampled_from([None, 1, "x" * 90, "x" * 1_100])
    name = draw(st.sampled_from(["", "k" * 60]))
    count = draw(st.integers(0, 30) | st.integers(200, 256))
    entries = {f"{name}{number}": draw(values) for number in range(count)}
    small = {name: value for name, value in entries.items() if count < 30 or value in (None, 1)}
    return Patch(small, draw(st.sampled_from([small, {}])), draw(st.sampled_from([None, "closed"])))


@st.composite
def stored_items(draw: st.DrawFn) -> StoredItem:
    """An item with a window, and with or without what chatstore keeps beside one."""
    size = draw(st.integers(0, 300))
    policy = draw(policies)
    item = new_item(StoredSession({"sessionId": "s", "version": 7}, WINDOW[:size]), policy)
    for name in draw(st.sets(st.sampled_from(["version", "messages", "windowBytes"]))):
        item.pop(name, None)
    if draw(st.booleans()):
        item["messageCount"] = {"N": str(size)}
    return StoredItem("s", item)


many = settings(max_examples=100, deadline=None)


@many
@given(writes, counts, sizes)
@example(write(RetentionPolicy(max_messages=LONGEST_SLIDE)), 1, LONGEST_SLIDE)
@example(write(RetentionPolicy(max_messages=LONGEST_SLIDE)), 50, LONGEST_SLIDE)
@example(write(RetentionPolicy(max_messages=LONGEST_SLIDE)), 100, 300)
@example(write(RetentionPolicy(max_messages=500)), 100, 600)
@example(write(RetentionPolicy(max_messages=None)), 100, None)
def test_first_appends_fit(write: Write, count: int, size: int | None) -> None:
    """Whatever the policy, the batch and the size that is believed: at most 4 KB and 300
    operators."""
    seen = None if size is None else Seen(size)
    request = expressions.first_append(write, MESSAGES[:count], NO_CHANGES, seen)
    assert request is not None
    assert_within_limits(request)


@many
@given(writes, counts, st.integers(1, 50), patches())
def test_appends_to_a_history_fit(write: Write, count: int, history: int, patch: Patch) -> None:
    """The same of an append to a session with history, whose first request looks through all that
    an item may hold, with a patch that fits beside it, and of those that take messages out."""
    request = kept.keep(write, MESSAGES[:count], history)
    assert request is not None
    assert_within_limits(request)
    changed = kept.keep(write, MESSAGES[:count], history, patch, frozenset({"metadata"}))
    if changed is not None:
        assert_within_limits(changed)
    session = StoredSession({"sessionId": "s", "version": 7, "history": history}, [])
    stored = StoredItem("s", new_history_item(session, WINDOW[:110], "life", 40))
    stored.item["messageCount"] = {"N": "150"}
    assert_within_limits(kept.drop_and_keep(write, MESSAGES[:count], patch, stored, 100))
    assert_within_limits(kept.drop(stored, 100))


@many
@given(writes, counts, stored_items(), st.booleans())
def test_later_writes_fit(write: Write, count: int, stored: StoredItem, is_full: bool) -> None:
    """The same of what is sent for an item that came back, and of a rewrite."""
    batch = MESSAGES[:count]
    size = len(stored.messages)
    for request in (
        expressions.next_append(write, batch, NO_CHANGES, stored, is_full=is_full),
        expressions.rewrite(write, batch, count, size),
        expressions.rewrite_stored(write, batch, size, count, stored),
        expressions.visible_condition(write),
    ):
        assert request is not None
        assert_within_limits(request)


@many
@given(writes, patches(), counts, st.sampled_from([{}, {"a": 1}, {"big": "x" * 20_000}]))
def test_updates_fit(write: Write, patch: Patch, count: int, before: JsonObject) -> None:
    """The same of a patch of up to 256 keys of each map, alone and with an append, whatever is
    known of the item."""
    item = {"version": {"N": "7"}, "metadata": marshal(before), "creationId": {"S": "life"}}
    item |= {"messages": {"L": []}, "messageCount": {"N": "0"}}
    stored = StoredItem("s", item)
    batch = MESSAGES[:count]
    for request in (
        expressions.update(write, patch, frozenset()),
        expressions.update(write, patch, frozenset({"metadata"})),
        expressions.append(write, batch, None, patch, frozenset()),
        expressions.update_stored(write, patch, stored),
        expressions.next_append(write, batch, patch, stored, is_full=False),
    ):
        if request is not None:
            assert_within_limits(request)


def test_what_does_not_fit_is_no_request() -> None:
    """A window so long that to say its size right would not fit has no append of that size, and
    an expression at the limits fits just."""
    assert expressions.append(write(RetentionPolicy(max_messages=10)), MESSAGES[:1], 450) is None
    for text, fits in (
        ("x" * 4_096, True),
        ("x" * 4_097, False),
        (" AND ".join(["#a"] * 301), True),
        (" AND ".join(["#a"] * 302), False),
    ):
        if fits:
            require_fits(text)
        else:
            with pytest.raises(ExpressionLimitError):
                require_fits(text)


def test_a_full_window_slides_in_place() -> None:
    """The slide of a window of 10 is the technique's own expression."""
    policy = RetentionPolicy()
    request = expressions.append(write(policy), messages(1), 10)
    assert request is not None
    update = request["UpdateExpression"]
    shifted = ",".join(f"#m[{index}]=#m[{index + 1}]" for index in range(9))
    assert f"{shifted},#m[9]=:0" in update
    assert "size(#m)=:size" in request["ConditionExpression"]
    assert unmarshal(request["ExpressionAttributeValues"][":size"]) == 10
    assert "list_append" not in update


def test_a_window_that_is_too_long_is_cut_in_the_same_request() -> None:
    """Where the limit was lowered, the tail is removed in the expression that slides."""
    request = expressions.append(write(RetentionPolicy(max_messages=3)), messages(1), 6)
    assert request is not None
    update = request["UpdateExpression"]
    assert "#m[0]=#m[4],#m[1]=#m[5],#m[2]=:0" in update
    assert update.endswith("#m[3],#m[4],#m[5]")
