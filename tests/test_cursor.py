"""Cursors: one position, one text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatstore import InvalidCursorError
from chatstore.engine.cursor import (
    Position,
    decode_cursor,
    decode_scan_cursor,
    encode_cursor,
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
    for decode in (decode_cursor, decode_scan_cursor):
        with pytest.raises(InvalidCursorError):
            decode(text)


def test_a_scan_is_no_listing() -> None:
    """The cursor of a scan is refused by a listing, and the other way round."""
    with pytest.raises(InvalidCursorError):
        decode_cursor(encode_scan_cursor("token"))
    with pytest.raises(InvalidCursorError):
        decode_scan_cursor(encode_cursor(Position("2026", "a")))
    assert decode_scan_cursor(encode_scan_cursor("token")) == "token"
