"""How a session becomes a snapshot and comes back."""

import math
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatstore import (
    ExtractedFilters,
    MemorySessionStore,
    MemoryStorage,
    Message,
    RetentionPolicy,
    Session,
    YearRange,
)
from chatstore.cache.client import info_of
from chatstore.cache.protocol import Version
from chatstore.cache.snapshot import SnapshotCodec
from chatstore.models import Document

POLICY = RetentionPolicy(max_messages=None)
FAR_EAST = timezone(timedelta(hours=5))

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
numbers = st.integers(-(10**37), 10**37) | st.floats(-1e120, 1e120).filter(
    lambda number: number == 0 or abs(number) > 1e-120
)
names = texts.filter(bool)
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(texts.filter(bool), inner, max_size=3)
    ),
    max_leaves=6,
)
filters = st.builds(
    ExtractedFilters, genres=st.lists(texts, max_size=2), year_range=st.builds(YearRange)
)
objects = st.dictionaries(names, values, max_size=3)


def _message(unknown: dict[str, Any], **known: Any) -> Message:
    return Message(
        type="user_query", **known, **{f"x{name}": value for name, value in unknown.items()}
    )


messages = st.builds(
    _message,
    st.dictionaries(texts, values, max_size=3),
    content=st.none() | texts | st.lists(objects, max_size=2),
    tool_calls=st.none() | st.lists(objects, max_size=2),
    tool_call_id=st.none() | texts,
    metadata=st.none() | objects,
    timestamp=st.datetimes(datetime(1000, 1, 1), datetime(9000, 1, 1), timezones=st.just(FAR_EAST)),
    confidence=st.none() | st.sampled_from([0.0, 0.25, 1.0]),
    extracted_filters=st.none() | filters,
)


def all_of(document: object) -> object:
    """A record with the types of all its values, which equality alone does not tell apart."""
    match document:
        case Document():
            shown = {**vars(document), "extra": document.model_extra}
            return type(document), all_of(shown)
        case dict():
            return {name: all_of(value) for name, value in document.items()}
        case list():
            return [all_of(value) for value in document]
        case datetime():
            return document, document.tzinfo is UTC
        case _:
            return type(document), document


@given(st.lists(messages, max_size=4), st.dictionaries(names, values, max_size=3))
def test_a_snapshot_holds_the_whole_session(
    given: list[Message], metadata: dict[str, object]
) -> None:
    """What a store returned comes back from its snapshot the same, to the types of all values, and
    so does what an append returns of it."""
    store = MemorySessionStore(policy=POLICY)
    session = store.create("ana", messages=given, metadata=metadata)
    codec = SnapshotCodec(POLICY)
    assert all_of(codec.decode(codec.encode(Version.of(session), session))) == all_of(session)
    if given:
        info = store.append(session.session_id, given[-1])
        assert all_of(info_of(session)) == all_of(info)


@pytest.mark.parametrize("value", [math.inf, math.nan, b"bytes", {1, 2}, "\ud800"])
def test_what_json_can_not_hold_is_refused(value: object) -> None:
    """A session that another service filled with what is no JSON is no snapshot."""
    session = MemorySessionStore().create("ana")
    session.metadata["odd"] = value
    with pytest.raises((TypeError, ValueError)):
        SnapshotCodec(POLICY).encode(Version.of(session), session)


def test_a_session_that_was_changed_is_stored_as_it_is() -> None:
    """What counts are the values, and not what was set when the session was built."""
    session = Session(session_id="a", user_id="ana", created_at=datetime(2026, 1, 1, tzinfo=UTC))
    session.messages.append(Message(type="user_query", content="later"))
    session.metadata["n"] = 1
    codec = SnapshotCodec(POLICY)
    assert codec.decode(codec.encode(Version.of(session), session)) == session


policies = st.sampled_from(
    [
        RetentionPolicy(max_messages=count, max_message_bytes=size, max_window_bytes=size)
        for count in (1, 3, 5, None)
        for size in (300, 1_000, 336_000)
    ]
)


@given(
    st.lists(st.integers(1, 150), max_size=9),
    policies,
    policies,
    st.none() | st.integers(1, 6),
    st.none() | st.integers(0, 7),
)
def test_a_snapshot_is_enough_or_no_answer(
    lengths: list[int],
    writer: RetentionPolicy,
    reader: RetentionPolicy,
    history: int | None,
    last: int | None,
) -> None:
    """Whoever cut the window, by count or by bytes, of a session with history or without: what a
    reader makes of the snapshot is what the primary would have shown, or nothing; and by equal
    bounds, or where the session's window is full of as many messages as there are, it is one."""
    storage = MemoryStorage()
    policy = RetentionPolicy(max_messages=history, keep_history=history is not None)
    sent = [Message(type="user_query", content="x" * length) for length in lengths]
    owner = MemorySessionStore(storage, policy=policy)
    session_id = owner.create("ana", messages=sent).session_id
    cut = MemorySessionStore(storage, policy=writer).get(session_id)
    snapshot = SnapshotCodec(writer).encode(Version.of(cut), cut)
    there = MemorySessionStore(storage, policy=reader).get(session_id, last=last)
    found = SnapshotCodec(reader).decode(snapshot, last)
    assert found is None or found == there
    if writer == reader or last == 0 or len(cut.messages) == history:
        assert found is not None
