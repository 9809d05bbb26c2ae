"""Cursors: one position, one text."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatstore import InvalidCursorError, MemorySessionStore, Message
from chatstore.engine.cursor import (
    MessagePosition,
    Position,
    decode_cursor,
    decode_message_cursor,
    decode_scan_cursor,
    encode_cursor,
    encode_message_cursor,
    encode_scan_cursor,
)

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


@given(TEXTS, TEXTS)
def test_a_position_comes_back(created_at: str, session_id: str) -> None:
    """A cursor holds any position, and is safe in a URL."""
    position = Position(created_at, session_id)
    cursor = encode_cursor(position)
    assert decode_cursor(cursor) == position
    assert cursor.isascii()
    assert cursor.replace("-", "").replace("_", "").isalnum()


@given(TEXTS)
def test_any_other_text_is_refused(text: str) -> None:
    """Text that is no cursor is `InvalidCursorError`, whatever it is."""
    for decode in (decode_cursor, decode_scan_cursor, decode_message_cursor):
        with pytest.raises(InvalidCursorError):
            decode(text)


@given(TEXTS, TEXTS, st.integers(0, 2**53))
def test_a_messages_position_comes_back(session_id: str, life: str, place: int) -> None:
    """So does a message's, up to the largest count that a session may have."""
    position = MessagePosition(session_id, life, place)
    cursor = encode_message_cursor(position)
    assert decode_message_cursor(cursor) == position
    assert cursor.replace("-", "").replace("_", "").isalnum()


PLACES = st.one_of(
    st.sampled_from(["", "-1", "+1", "01", "1.0", "1e3", "٣", "1\n", " 1", "0x1", "9" * 17]),
    st.text(max_size=3).filter(lambda text: not text.isascii() or not text.isdigit()),
    st.integers(max_value=-1).map(str),
    st.integers(10**16).map(str),
)


@given(PLACES)
def test_a_place_that_is_no_number_is_refused(place: str) -> None:
    """A cursor that was made by hand names no place that no message can have."""
    with pytest.raises(InvalidCursorError):
        decode_message_cursor(encoded(["message", "s", "life", place]))


@given(st.lists(st.text("ams012", max_size=7) | st.integers() | st.none(), max_size=5))
def test_a_cursor_of_other_parts_is_refused(parts: list[object]) -> None:
    """So are too few parts, too many, and parts that are no texts."""
    for decode, kind, length in (
        (decode_cursor, "position", 2),
        (decode_message_cursor, "message", 3),
        (decode_scan_cursor, "scan", 1),
    ):
        if len(parts) != length or not all(isinstance(part, str) for part in parts):
            with pytest.raises(InvalidCursorError):
                decode(encoded([kind, *parts]))
        with pytest.raises(InvalidCursorError):
            decode(encoded([*parts, kind]))


def encoded(parts: object) -> str:
    """A cursor of any parts, written as cursors are."""
    text = json.dumps(parts, ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode("utf-8", "replace")).rstrip(b"=").decode()


def test_a_page_of_messages_is_no_listing() -> None:
    """No call takes the cursor of another."""
    cursors = {
        decode_cursor: encode_cursor(Position("2026", "a")),
        decode_scan_cursor: encode_scan_cursor("token"),
        decode_message_cursor: encode_message_cursor(MessagePosition("a", "life", 3)),
    }
    for decode in cursors:
        for other, cursor in cursors.items():
            if other is not decode:
                with pytest.raises(InvalidCursorError):
                    decode(cursor)


@given(TEXTS, st.integers(0, 2**53))
def test_a_position_has_one_text(session_id: str, place: int) -> None:
    """What says the same in another way was not made by a store, and is refused."""
    parts = ["message", session_id, "life", str(place)]
    cursor = encode_message_cursor(MessagePosition(session_id, "life", place))
    spaced = base64.urlsafe_b64encode(json.dumps(parts, ensure_ascii=False).encode())
    for other in (f"{cursor}==", f"{cursor}=", spaced.rstrip(b"=").decode(), f" {cursor}"):
        with pytest.raises(InvalidCursorError):
            decode_message_cursor(other)


@given(st.binary(max_size=40))
def test_a_hostile_cursor_writes_and_shows_nothing(noise: bytes) -> None:
    """Whatever lies in a cursor, a page is `InvalidCursorError`, and not a driver's."""
    store = MemorySessionStore()
    store.create("ana", session_id="s", messages=[Message(type="user", content="hello")])
    for cursor in (
        base64.urlsafe_b64encode(noise).decode(),
        base64.urlsafe_b64encode(noise).rstrip(b"=").decode(),
        noise.decode("latin-1"),
        encode_message_cursor(MessagePosition("other", "life", 1)),
        encode_message_cursor(MessagePosition("s", "life", 1)),
    ):
        with pytest.raises(InvalidCursorError):
            store.list_messages("s", cursor=cursor)


def test_a_scan_is_no_listing() -> None:
    """The cursor of a scan is refused by a listing, and the other way round."""
    with pytest.raises(InvalidCursorError):
        decode_cursor(encode_scan_cursor("token"))
    with pytest.raises(InvalidCursorError):
        decode_scan_cursor(encode_cursor(Position("2026", "a")))
    assert decode_scan_cursor(encode_scan_cursor("token")) == "token"
