"""The expressions stay within what DynamoDB takes, which the emulators do not all check."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest

from chatstore import Message, RetentionPolicy
from chatstore.clock import Moment
from chatstore.engine.write import Patch, Write
from chatstore.record.encode import stored_message
from chatstore.record.stored import StoredMessage
from chatstore_dynamodb import expressions
from chatstore_dynamodb.items import LONGEST_SLIDE
from chatstore_dynamodb.marshalling import unmarshal

MAX_BYTES = 4_096
MAX_OPERATORS = 300

OPERATORS = re.compile(
    r"\b(?:AND|OR|NOT|BETWEEN|IN)\b|<=|>=|<>|[=<>+]|(?<![#:\w])-|"
    r"\b(?:contains|size|attribute_exists|attribute_not_exists|attribute_type)\b"
)


def write(policy: RetentionPolicy) -> Write:
    now = Moment(datetime(2026, 3, 1, tzinfo=UTC))
    return Write("s", "ana", 7, now, policy, renews=True)


def messages(count: int) -> list[StoredMessage]:
    return [stored_message(Message(type="user_query", content="hi")) for _ in range(count)]


def assert_within_limits(request: dict[str, Any] | None) -> None:
    assert request is not None
    for part in ("UpdateExpression", "ConditionExpression"):
        text = request[part]
        assert len(text.encode()) <= MAX_BYTES, (part, len(text))
        # A SET's `=` is its syntax; counted all the same, to be on the safe side.
        assert len(OPERATORS.findall(text)) <= MAX_OPERATORS, part
    mentioned = set(re.findall(r"[#:]\w+", request["UpdateExpression"]))
    mentioned |= set(re.findall(r"[#:]\w+", request["ConditionExpression"]))
    given = {*request["ExpressionAttributeNames"], *request["ExpressionAttributeValues"]}
    assert mentioned == given, "names and values must be those that are mentioned, and all of them"


POLICIES = {
    "slide": RetentionPolicy(max_messages=LONGEST_SLIDE),
    "slide, count alone": RetentionPolicy(max_messages=LONGEST_SLIDE, max_message_bytes=1_000),
    "long": RetentionPolicy(max_messages=500),
    "unlimited": RetentionPolicy(max_messages=None),
    "ten": RetentionPolicy(),
    "one": RetentionPolicy(max_messages=1),
}


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
@pytest.mark.parametrize("count", [1, 2, 50, 98, 99, 100])
@pytest.mark.parametrize("size", [None, 0, 1, 50, 98, 99])
def test_appends_fit(policy: RetentionPolicy, count: int, size: int | None) -> None:
    """Whatever the policy, the batch and the window: at most 4 KB and 300 operators."""
    assert_within_limits(expressions.append(write(policy), messages(count), size))


def test_a_long_window_s_surplus_fits() -> None:
    """The most that one expression drops from a long window fits."""
    policy = RetentionPolicy(max_messages=500)
    assert_within_limits(expressions.append(write(policy), messages(100), 600))


def test_updates_fit() -> None:
    """A patch of 32 keys of each map fits, whatever is known of the item."""
    long = {f"{'k' * 200}{number}": number for number in range(32)}
    mixed = {name: None if number % 2 else 1 for number, name in enumerate(long)}
    for patch in (Patch(long, long, "closed"), Patch(mixed, mixed, None), Patch({}, {}, None)):
        assert_within_limits(expressions.update(write(RetentionPolicy()), patch, None))


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
