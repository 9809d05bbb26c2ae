"""The portable envelope: what every engine can hold, checked before anything is written."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from chatstore.errors import InvalidInputError, MessageTooLargeError
from chatstore.models import JsonObject, Message
from chatstore.policy import MAX_WINDOW_BYTES
from chatstore.portable import portable, require_text, stored_size, utf8_size
from chatstore.records import unreadable_reason

MAX_ID_BYTES = 1024
MAX_BATCH = 100
MAX_MESSAGES = 6_000
MAX_KEYS = 32
MAX_ENTRY_BYTES = 1024
MAX_UNKNOWN_BYTES = 4096
MAX_PAGE = 1_000
MAX_COUNTER = 2**53
RESERVED_NAMES = frozenset({"windowBytes", "messageIds", "otherNames"})
"""Attributes that backends keep for themselves beside a record's own."""


def require_id(field: str, value: object) -> str:
    """Return `value`; raise `InvalidInputError` unless it is 1 to 1024 UTF-8 bytes of text."""
    text = require_text(field, value)
    size = utf8_size(text)
    if not 1 <= size <= MAX_ID_BYTES:
        raise InvalidInputError(field, f"1 to {MAX_ID_BYTES} UTF-8 bytes", f"{size} bytes")
    return text


def require_owner(user_id: object) -> None:
    """Raise `InvalidInputError` unless `user_id` is an id, or None, which names nobody."""
    if user_id is not None:
        require_id("user_id", user_id)


def require_ids(field: str, values: Iterable[str]) -> list[str]:
    """Return the ids; raise `InvalidInputError` for one that is none, and for a single id where a
    list of them belongs."""
    if isinstance(values, str):
        raise InvalidInputError(field, "a list of ids", "one str")
    return [require_id(field, value) for value in values]


def require_label(field: str, value: object) -> str:
    """Return `value`; raise `InvalidInputError` unless it is 1 to 64 characters of text."""
    text = require_text(field, value)
    if not 1 <= len(text) <= 64:
        raise InvalidInputError(field, "1 to 64 characters", f"{len(text)} characters")
    return text


def require_counter(field: str, value: object) -> int:
    """Return `value`; raise `InvalidInputError` unless it is an int from 0 to 2**53."""
    if type(value) is not int or not 0 <= value <= MAX_COUNTER:
        raise InvalidInputError(field, "an int from 0 to 2**53", repr(value))
    return value


def require_limit(limit: object) -> int:
    """Return `limit`; raise `InvalidInputError` unless it is an int from 1 to 1,000."""
    if type(limit) is not int or not 1 <= limit <= MAX_PAGE:
        raise InvalidInputError("limit", f"1 to {MAX_PAGE}", repr(limit))
    return limit


def require_message(field: str, document: JsonObject) -> None:
    """Raise `InvalidInputError` unless the message whose stored form is `document` can be read
    again."""
    require_id(f"{field}.message_id", document.get("messageId"))
    require_label(f"{field}.type", document.get("type"))
    try:
        message = Message.model_validate(document, by_alias=True, by_name=False)
    # A frozen message may have been built around its validation, or one of its lists changed.
    except ValidationError as error:
        raise InvalidInputError(field, "a valid Message", unreadable_reason(error)) from error
    if message.confidence is not None and not 0 <= message.confidence <= 1:
        raise InvalidInputError(f"{field}.confidence", "0 to 1", repr(message.confidence))


def require_message_size(
    field: str, size: int, weight: int, *, limit: int, window: int | None
) -> None:
    """Raise `MessageTooLargeError` if a message's stored size passes `limit`, or its weight is
    more than a whole `window` (None: any) may have: it could never be kept."""
    if size > limit:
        raise MessageTooLargeError(field, f"max_message_bytes = {limit}", f"{size} bytes")
    if window is not None and weight > window:
        raise MessageTooLargeError(
            field, f"max_window_bytes = {window}, its id included", f"{weight} bytes"
        )


def require_distinct(field: str, message_ids: Sequence[str]) -> None:
    """Raise `InvalidInputError` if one message id comes twice."""
    seen: set[str] = set()
    for message_id in message_ids:
        if message_id in seen:
            raise InvalidInputError(field, "each message id once", f"{message_id!r} twice")
        seen.add(message_id)


def require_map(field: str, entries: object) -> JsonObject:
    """Return the normal form of `entries`; raise `InvalidInputError` unless it is an object of at
    most 32 keys, each entry (name and value) of at most 1 KiB. Names whose value is None are
    counted too: a patch removes them."""
    if not isinstance(entries, Mapping):
        raise InvalidInputError(field, "an object with str keys", type(entries).__name__)
    given: Mapping[Any, Any] = entries
    normal: JsonObject = portable(field, dict(given))[0]
    require_key_count(field, len(normal))
    for name, value in normal.items():
        size = utf8_size(name) + stored_size(value)
        if size > MAX_ENTRY_BYTES:
            raise InvalidInputError(
                f"{field}.{name}", f"{MAX_ENTRY_BYTES} bytes, name and value", f"{size} bytes"
            )
    return normal


def require_key_count(field: str, count: int) -> None:
    """Raise `InvalidInputError` if a map would have more than 32 keys."""
    if count > MAX_KEYS:
        raise InvalidInputError(field, f"{MAX_KEYS} keys", f"{count} keys")


def require_unknown_attributes(attributes: JsonObject) -> None:
    """Raise `InvalidInputError` unless a session's unknown attributes are portable, free of
    reserved names and at most 4 KiB together."""
    _, size = portable("unknown attributes", attributes)
    for name in attributes:
        if name in RESERVED_NAMES:
            raise InvalidInputError(name, "a name that no backend reserves", "a reserved name")
    if size > MAX_UNKNOWN_BYTES:
        raise InvalidInputError(
            "unknown attributes", f"{MAX_UNKNOWN_BYTES} bytes together", f"{size} bytes"
        )


def require_window_bytes(size: int) -> None:
    """Raise `MessageTooLargeError` if a window that is restored as it was fits no engine."""
    if size > MAX_WINDOW_BYTES:
        raise MessageTooLargeError("messages", f"{MAX_WINDOW_BYTES} bytes", f"{size} bytes")
