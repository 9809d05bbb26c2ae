"""How much of what an engine handed over a reader is shown, by whichever way is the shortest."""

from collections.abc import Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from chatstore import RetentionPolicy
from chatstore.policy import MAX_WINDOW_BYTES
from chatstore.record.decode import read_message
from chatstore.record.encode import stored_message
from chatstore.record.stored import AMENDED_NAME, Body, StoredMessage, document_weights
from chatstore.record.window import newest, shown_count, shown_of
from chatstore.values.json_values import json_text
from chatstore_contract_tests.behaviour import START, message
from sweeps import sweep

CONTENTS = st.one_of(
    st.sampled_from(["", "x" * 30_000, *["x" * 150_000] * 2, "x" * 200_000]),
    # Four bytes and one character each.
    st.sampled_from([1, 100, 300, 480]).map(lambda number: "😀" * number),
    # An entry has a byte of its own, and a number two: more than their text.
    st.sampled_from([0, 9, 300, 650, 800]).map(lambda number: [{"at": [1] * number}]),
)
POLICIES = st.builds(
    lambda most, room: RetentionPolicy(
        max_messages=most, max_message_bytes=room, max_window_bytes=room
    ),
    st.none() | st.integers(1, 8),
    st.sampled_from([2_000, 40_000, MAX_WINDOW_BYTES]),
) | st.builds(lambda most: RetentionPolicy(max_messages=most), st.integers(1, 10))


def fitting(weights: Sequence[int], most: int | None, room: int | None) -> int:
    """The longest suffix of at most so many messages, and so many bytes: as docs/window.md says
    it."""
    for number in range(len(weights), 0, -1):
        if (most is None or number <= most) and (
            room is None or sum(weights[len(weights) - number :]) <= room
        ):
            return number
    return 0


@sweep(900)
@given(
    st.lists(st.tuples(CONTENTS, st.booleans()), max_size=6),
    POLICIES,
    st.none() | st.integers(1, 8),
    st.sampled_from(["text", "bytes", "object", "nothing"]),
    st.booleans(),
)
def test_a_reader_is_shown_the_longest_window(
    given_messages: list[tuple[Any, bool]],
    policy: RetentionPolicy,
    history: int | None,
    form: str,
    weighs: bool,
) -> None:
    """Of a window the longest suffix that the reader's policy allows, and of a session with history
    also the session's own; whether the engine gave text or an object, with weights or without. The
    mark of an amended message counts nothing."""
    documents = [
        stored_message(message(content, timestamp=START)).document
        | ({AMENDED_NAME: True} if amended else {})
        for content, amended in given_messages
    ]
    models = [read_message(document) for document in documents]
    weights = [stored_message(each).weight for each in models]
    assert document_weights(documents) == weights
    text = json_text({"messages": documents})
    bodies: dict[str, Body | None] = {
        "text": text,
        "bytes": text.encode(),
        "object": {"messages": documents},
        "nothing": None,
    }
    expected = fitting(weights, policy.max_messages, policy.deciding_bytes)
    if history is not None:
        expected = min(expected, fitting(weights, history, MAX_WINDOW_BYTES))
    assert expected == shown_count(policy, history, len(weights), lambda: weights)
    assert expected == shown_of(
        models, policy, history, body=bodies[form], weights=weights if weighs else None
    )


@given(st.lists(CONTENTS, max_size=9), POLICIES)
def test_a_writer_keeps_the_longest_window(contents: list[Any], policy: RetentionPolicy) -> None:
    """Of what is written in a window's place the newest messages stay, as many as its writer's
    policy allows."""
    given_messages: list[StoredMessage] = [stored_message(message(each)) for each in contents]
    weights = [each.weight for each in given_messages]
    number = fitting(weights, policy.max_messages, policy.deciding_bytes)
    assert list(newest(given_messages, policy)) == given_messages[len(weights) - number :]
