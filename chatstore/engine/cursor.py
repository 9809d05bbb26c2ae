"""Cursors: a position in a user's sessions, in a scan or in a session's messages, as opaque
text."""

import base64
import json
import re
from typing import NamedTuple

from chatstore.errors import InvalidCursorError
from chatstore.values.json_values import utf8_size
from chatstore.values.plain import kind_of, plain_json, shown

_POSITION = "position"
_MESSAGE = "message"
_SCAN = "scan"
_MOST_BYTES = 1024
# No longer than 2**53, the largest count that a session may have.
_PLACE = re.compile("0|[1-9][0-9]{0,15}", re.ASCII)


class Position(NamedTuple):
    """Where a session stands in its user's list: the stored text of its `createdAt`, then its
    id."""

    created_at: str
    session_id: str


class MessagePosition(NamedTuple):
    """Where a message stands: in which session, in which of that id's lives, and at which place."""

    session_id: str
    life: str
    place: int


def encode_cursor(position: Position) -> str:
    """The text of a position: URL-safe, and the same on every backend."""
    return _encode([_POSITION, *position])


def decode_cursor(cursor: object) -> Position:
    """The position that a cursor names. Raises `InvalidCursorError` for any text that
    `encode_cursor` did not make."""
    created_at, session_id = _decode(cursor, _POSITION, 2)
    return Position(created_at, session_id)


def require_position(cursor: object) -> Position:
    """The position that a listing goes on from. Raises `InvalidCursorError` for what is no cursor,
    and for one that was made by hand and names what no engine can have for a key."""
    position = decode_cursor(cursor)
    for part in position:
        if not 1 <= utf8_size(part) <= _MOST_BYTES or "\0" in part:
            raise InvalidCursorError(size=shown(plain_json(cursor)))
    return position


def encode_message_cursor(position: MessagePosition) -> str:
    """The text of a message's position."""
    return _encode([_MESSAGE, position.session_id, position.life, str(position.place)])


def decode_message_cursor(cursor: object) -> MessagePosition:
    """The message that a cursor names. Raises `InvalidCursorError` for other text."""
    session_id, life, place = _decode(cursor, _MESSAGE, 3)
    if not _PLACE.fullmatch(place):
        raise InvalidCursorError(size=shown(plain_json(cursor)))
    return MessagePosition(session_id, life, int(place))


def encode_scan_cursor(token: str) -> str:
    """The text of a backend's own position in a scan."""
    return _encode([_SCAN, token])


def decode_scan_cursor(cursor: object) -> str:
    """The backend's own position. Raises `InvalidCursorError` for other text."""
    return _decode(cursor, _SCAN, 1)[0]


def _encode(parts: list[str]) -> str:
    text = json.dumps(parts, ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def _decode(given: object, kind: str, length: int) -> list[str]:
    cursor = plain_json(given)
    if type(cursor) is not str:
        raise InvalidCursorError(size=kind_of(given))
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        parts = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        # One position has one text: what decodes but was written otherwise is not ours.
        ours = _encode(parts) == cursor
    # A hostile cursor may nest so deep that the decoder gives up.
    except (ValueError, RecursionError):
        raise InvalidCursorError(size=shown(cursor)) from None
    if not ours or not isinstance(parts, list) or len(parts) != length + 1:
        raise InvalidCursorError(size=shown(cursor))
    if parts[0] != kind or not all(isinstance(part, str) for part in parts):
        raise InvalidCursorError(size=shown(cursor))
    return parts[1:]
