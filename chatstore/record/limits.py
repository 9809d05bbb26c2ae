"""The portable envelope: what every engine can hold, checked before anything is written."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TypeVar, cast

from pydantic import ValidationError
from pydantic.alias_generators import to_snake

from chatstore.errors import InvalidInputError, MessageTooLargeError
from chatstore.models import Document, JsonObject, Message, SessionInfo
from chatstore.policy import MAX_WINDOW_BYTES
from chatstore.record.stored import StoredMessage
from chatstore.values.json_values import portable, require_text, utf8_size
from chatstore.values.plain import kind_of, require_listed, shown, whole

DocumentType = TypeVar("DocumentType", bound=Document)

MAX_ID_BYTES = 1024
_LENGTHS = range(1, MAX_ID_BYTES + 1)
MAX_BATCH = 100
MAX_MESSAGES = 6_000
MAX_UNKNOWN_BYTES = 4096
MAX_PAGE = 1_000
MAX_COUNTER = 2**53
RESERVED_NAMES = frozenset(
    {
        *("windowBytes", "messageIds", "otherNames", "preferencesBytes", "metadataBytes"),
        *("historyId", "archived", "edits"),
    }
)
"""Attributes that backends keep for themselves beside a record's own."""


def require_id(field: str, value: object) -> str:
    """`value` as a plain str; `InvalidInputError` unless it is 1 to 1024 UTF-8 bytes of text."""
    if type(value) is str and value.isascii() and "\0" not in value and len(value) in _LENGTHS:
        return value
    text = require_text(field, value)
    size = utf8_size(text)
    if not 1 <= size <= MAX_ID_BYTES:
        raise InvalidInputError(field, f"1 to {MAX_ID_BYTES} UTF-8 bytes long", _length(size))
    return text


def require_owner(user_id: object) -> str | None:
    """`user_id` as a plain str, or None, which names nobody; `InvalidInputError` unless it is an
    id or None."""
    return None if user_id is None else require_id("user_id", user_id)


def require_ids(field: str, values: Iterable[str]) -> list[str]:
    """The ids as plain strs; `InvalidInputError` for one that is none, and for a single id where a
    list of them belongs."""
    listed = require_listed(field, values, "ids")
    return [require_id(f"{field}[{index}]", value) for index, value in enumerate(listed)]


def require_label(field: str, value: object) -> str:
    """`value` as a plain str; `InvalidInputError` unless it is 1 to 64 characters of text."""
    if type(value) is str and value.isascii() and "\0" not in value and 0 < len(value) <= 64:
        return value
    text = require_text(field, value)
    if not 1 <= len(text) <= 64:
        raise InvalidInputError(
            field, "1 to 64 characters long", f"{len(text)} characters" if text else "empty"
        )
    return text


def require_counter(field: str, value: object) -> int:
    """`value` as a plain int; `InvalidInputError` unless it is one from 0 to 2**53."""
    number = whole(value)
    if number is None or not 0 <= number <= MAX_COUNTER:
        raise InvalidInputError(field, "a whole number from 0 to 2**53", shown(value))
    return number


def require_version(if_version: object) -> int | None:
    """The version that a write is conditioned on, as a plain int; None: on none."""
    return None if if_version is None else require_counter("if_version", if_version)


def require_limit(limit: object) -> int:
    """`limit` as a plain int; `InvalidInputError` unless it is one from 1 to 1,000."""
    number = whole(limit)
    if number is None or not 1 <= number <= MAX_PAGE:
        raise InvalidInputError("limit", f"a whole number from 1 to {MAX_PAGE:,}", shown(limit))
    return number


def require_message(field: str, document: JsonObject) -> None:
    """Raise `InvalidInputError` unless the message whose stored form is `document` can be read
    again, as the same."""
    require_id(f"{field}.message_id", document.get("messageId"))
    require_label(f"{field}.type", document.get("type"))
    if not _can_be_read(document):
        for name, stored_name in (("content", "content"), ("tool_calls", "toolCalls")):
            _require_objects(f"{field}.{name}", document.get(stored_name))
        # What else is wrong with it is told by the decoder.
        _read_again(Message, field, {**document, "timestamp": datetime.now(UTC)})
    confidence = document.get("confidence")
    if confidence is not None and not 0 <= confidence <= 1:
        raise InvalidInputError(f"{field}.confidence", "from 0 to 1", repr(float(confidence)))


def _can_be_read(document: JsonObject) -> bool:
    """Whether each known attribute of a message that is there has its type; `timestamp` has been
    checked. The decoder would say the same, by building the message once more."""
    content = document.get("content")
    filters = document.get("extractedFilters", _NOTHING)
    years = filters.get("yearRange", _NOTHING) if type(filters) is dict else None
    return (
        (type(content) is str or content is None or _are_objects(content))
        and type(document.get("confidence", 0)) in _NUMBERS
        and _are_texts(document.get("recommendations", ()))
        and type(filters) is dict
        and type(filters.get("rating", 0)) in _NUMBERS
        and _are_texts(filters.get("genres", ()))
        and _are_texts(filters.get("keywords", ()))
        and type(years) is dict
        and type(years.get("min", 0)) is type(years.get("max", 0)) is int
        and _are_objects(document.get("toolCalls", ()))
        and type(document.get("toolCallId", "")) is type(document.get("name", "")) is str
        and type(document.get("metadata", _NOTHING)) is dict
    )


_NOTHING: JsonObject = {}
_NUMBERS = frozenset({int, float})


def _are_texts(values: object) -> bool:
    return type(values) in (list, tuple) and all(
        type(value) is str for value in cast("Sequence[object]", values)
    )


def _are_objects(values: object) -> bool:
    return type(values) in (list, tuple) and all(
        type(value) is dict for value in cast("Sequence[object]", values)
    )


def _require_objects(field: str, values: object) -> None:
    if type(values) is list:
        for index, value in enumerate(cast("list[object]", values)):
            if type(value) is not dict:
                raise InvalidInputError(f"{field}[{index}]", "a JSON object", kind_of(value))


def require_session_info(field: str, document: JsonObject, times: Mapping[str, datetime]) -> None:
    """Raise `InvalidInputError` unless the session whose stored form, without messages, is
    `document` can be read again, as the same."""
    _read_again(SessionInfo, field, {**document, **times})


def _read_again(model: type[DocumentType], field: str, document: JsonObject) -> DocumentType:
    try:
        # Strictly: what the model would put right in reading is not what would be stored.
        return model.model_validate(document, strict=True, by_alias=True, by_name=False)
    # A frozen model may have been built around its validation, or one of its lists changed.
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
    # pydantic's error knows the contents: it does not go along.
    place = field + "".join(
        f"[{step}]" if isinstance(step, int) else f".{to_snake(step)}" for step in first["loc"]
    )
    if first["type"] == "missing":
        raise InvalidInputError(place, "given", "missing")
    limit = first["msg"].removeprefix("Input should be ")
    raise InvalidInputError(place, limit, kind_of(first["input"]))


def require_message_size(
    field: str, message: StoredMessage, *, limit: int, window: int | None
) -> None:
    """Raise `MessageTooLargeError` if a message's stored size passes `limit`, or its weight is
    more than a whole `window` (None: any) may have: it could never be kept."""
    size = message.size
    if size > limit:
        raise MessageTooLargeError(
            field, f"at most {limit} bytes (max_message_bytes)", f"{size} bytes", "shorten it"
        )
    if window is not None and message.weight > window:
        raise MessageTooLargeError(
            field,
            f"at most {window} bytes with its id (max_window_bytes)",
            f"{message.weight} bytes",
            "shorten it",
        )


def require_distinct(field: str, message_ids: Sequence[str]) -> None:
    """Raise `InvalidInputError` if one message id comes twice."""
    if len(set(message_ids)) == len(message_ids):
        return
    first: dict[str, int] = {}
    for index, message_id in enumerate(message_ids):
        if message_id in first:
            raise InvalidInputError(
                f"{field}[{index}]",
                "a message of its own",
                f"one with the id of {field}[{first[message_id]}], {shown(message_id)}",
                "give each message once, and each an id of its own",
            )
        first[message_id] = index


def require_unknown_attributes(field: str, attributes: JsonObject) -> JsonObject:
    """The normal form of a session's unknown attributes; `InvalidInputError` unless they are
    portable, free of reserved names and at most 4 KiB together."""
    normal: JsonObject
    normal, size = portable(field, attributes)
    for name in normal:
        if name in RESERVED_NAMES:
            raise InvalidInputError(
                f"a name in {field}", "free", f"{name!r}, which chatstore keeps for itself"
            )
    if size > MAX_UNKNOWN_BYTES:
        raise InvalidInputError(
            field, f"at most {MAX_UNKNOWN_BYTES} bytes together", f"{size} bytes"
        )
    return normal


def require_window_bytes(size: int) -> None:
    """Raise `MessageTooLargeError` if a window that is restored as it was fits no engine."""
    if size > MAX_WINDOW_BYTES:
        raise MessageTooLargeError(
            "session.messages", f"at most {MAX_WINDOW_BYTES} bytes together", f"{size} bytes"
        )


def _length(size: int) -> str:
    return f"{size} bytes" if size else "empty"
