"""RetentionPolicy: its validation and its one window function."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatstore import InvalidInputError, MemorySessionStore, RetentionPolicy
from chatstore_contract_tests.impostors import Count, Number
from chatstore_contract_tests.odd_times import Span


@pytest.mark.parametrize(
    "field",
    [
        {"max_messages": 0},
        {"max_messages": -1},
        {"max_messages": True},
        {"max_messages": 10.0},
        {"max_message_bytes": 0},
        {"max_message_bytes": 336_001},
        {"max_message_bytes": 200, "max_window_bytes": 199},
        {"max_window_bytes": 336_001},
        {"max_window_bytes": 0},
        {"ttl": timedelta(0)},
        {"ttl": timedelta(seconds=-1)},
        {"ttl": timedelta(seconds=1.5)},
        {"ttl": timedelta(days=36_526)},
        {"ttl": 60},
        {"renew_on_write": 1},
        {"max_messages": "10"},
        {"max_message_bytes": 10**5_000},
        {"max_window_bytes": float("nan")},
        {"keep_history": 1},
        {"keep_history": None},
    ],
    ids=lambda field: next(iter(field)),
)
def test_what_no_engine_could_honour_is_refused(field: dict[str, Any]) -> None:
    """Zero, negatives and what does not fit DynamoDB's item are refused, with the field's name."""
    with pytest.raises(InvalidInputError) as raised:
        RetentionPolicy(**field)
    assert raised.value.field in field


def test_the_default_policy_is_decided_by_count_alone() -> None:
    """With the default policy the item limit cannot be reached: count alone decides."""
    assert RetentionPolicy().count_decides
    assert not RetentionPolicy(max_messages=11).count_decides
    assert not RetentionPolicy(max_messages=None).count_decides
    assert RetentionPolicy().window(12, lambda: pytest.fail("weighed")) == 10


@given(st.none() | st.integers(-1, 200), st.booleans())
def test_a_window_with_history_has_1_to_50_messages(most: int | None, keep: bool) -> None:
    """`keep_history` takes a `max_messages` of 1 to 50 and no other, with its name; without it any
    number from 1 will do, and none."""
    allowed = range(1, 51) if keep else range(1, 201)
    if most in allowed or (most is None and not keep):
        policy = RetentionPolicy(max_messages=most, keep_history=keep)
        assert (policy.max_messages, policy.keep_history) == (most, keep)
        return
    with pytest.raises(InvalidInputError) as raised:
        RetentionPolicy(max_messages=most, keep_history=keep)
    assert raised.value.field == "max_messages"


def test_no_history_is_kept_unless_it_is_asked_for() -> None:
    """The defaults are the brief's: ten messages, and no more of them anywhere."""
    assert not RetentionPolicy().keep_history
    assert MemorySessionStore().create("ana").history is None
    with_history = MemorySessionStore(policy=RetentionPolicy(max_messages=3, keep_history=True))
    assert with_history.create("ana").history == 3


@given(st.none() | st.integers(1, 400), st.integers(1, 2_000), st.integers(0, 60))
def test_a_count_decides_if_the_largest_messages_fit(
    most: int | None, message: int, more: int
) -> None:
    """`count_decides` says whether `max_messages` can always be kept: so many messages, each as
    large as may be, fit the window."""
    policy = RetentionPolicy(
        max_messages=most, max_message_bytes=message, max_window_bytes=message * (1 + more)
    )
    number = most or 0
    fits = policy.window(number, lambda: [message] * number) == number
    assert policy.count_decides == (most is not None and fits)
    assert policy.deciding_bytes == (None if policy.count_decides else policy.max_window_bytes)


def test_a_policy_holds_plain_values() -> None:
    """A number or a timedelta of a subclass is the plain one that it holds."""
    policy = RetentionPolicy(
        max_messages=Count.FIVE, max_message_bytes=Number(100), ttl=Span(hours=1)
    )
    assert policy == RetentionPolicy(max_messages=5, max_message_bytes=100, ttl=timedelta(hours=1))
    assert (type(policy.max_messages), type(policy.max_message_bytes)) == (int, int)
    assert type(policy.ttl) is timedelta
    assert policy.ttl_seconds == 3_600


def test_a_policy_is_frozen() -> None:
    """A policy does not change under a store's feet."""
    with pytest.raises(AttributeError):
        RetentionPolicy().max_messages = 3  # type: ignore[misc]  # that it is frozen is the point


@given(
    st.lists(st.integers(1, 60), max_size=30),
    st.none() | st.integers(1, 12),
    st.integers(60, 300),
)
def test_the_window_is_the_longest_suffix_that_fits(
    weights: list[int], most: int | None, room: int
) -> None:
    """Otherwise the longest suffix that fits both bounds, and no longer one would."""
    policy = RetentionPolicy(max_messages=most, max_message_bytes=60, max_window_bytes=room)
    kept = policy.window(len(weights), lambda: weights)

    def fits(count: int) -> bool:
        suffix = weights[len(weights) - count :]
        by_count = most is None or count <= most
        return by_count and (policy.count_decides or sum(suffix) <= room)

    assert fits(kept)
    assert kept == len(weights) or not fits(kept + 1)
