"""The expressions stay within what DynamoDB takes, which the emulators do not all check."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chatstore import InvalidInputError, Message, RetentionPolicy
from chatstore.clock import Moment
from chatstore.engine.write import Patch, Write
from chatstore.record.encode import stored_message
from chatstore.record.stored import StoredMessage, StoredSession
from chatstore_dynamodb import expressions
from chatstore_dynamodb.attribute_values import marshal, unmarshal
from chatstore_dynamodb.expressions.limits import ExpressionLimitError, require_fits
from chatstore_dynamodb.items import LONGEST_SLIDE, new_item
from chatstore_dynamodb.stored_item import StoredItem

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
    assert_within_limits(expressions.first_append(write, MESSAGES[:count], size))


@many
@given(writes, counts, stored_items(), st.booleans())
def test_later_writes_fit(write: Write, count: int, stored: StoredItem, is_full: bool) -> None:
    """The same of what is sent for an item that came back, and of a rewrite."""
    batch = MESSAGES[:count]
    size = len(stored.messages)
    for request in (
        expressions.next_append(write, batch, stored, is_full=is_full),
        expressions.rewrite(write, batch, count, size),
        expressions.rewrite_stored(write, batch, count, stored),
        expressions.visible_condition(write),
    ):
        assert request is not None
        assert_within_limits(request)


@many
@given(writes, st.integers(0, 32), st.integers(0, 32), st.integers(0, 32))
def test_updates_fit(write: Write, kept: int, added: int, removed: int) -> None:
    """The same of a patch of up to 32 keys of each map, whatever is known of the item."""
    names = [f"{'k' * 200}{number}" for number in range(96)]
    old = names[: max(kept, removed)]
    patch = dict.fromkeys([*old[:kept], *names[64:][:added]], 1) | dict.fromkeys(old[:removed])
    patch = dict(list(patch.items())[:32])
    item = {"version": {"N": "7"}, "metadata": marshal(dict.fromkeys(old, 0))}
    for stored in (None, StoredItem("s", item)):
        for changes in (Patch(patch, patch, "closed"), Patch(patch, {}, None), Patch({}, {}, None)):
            try:
                request = expressions.update(write, changes, stored)
            except InvalidInputError:
                # It would be the 33rd key.
                continue
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
