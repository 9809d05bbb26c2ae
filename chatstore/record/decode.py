"""From stored documents to models: one decoder, whatever the engine."""

from collections.abc import Mapping, Sequence
from datetime import UTC
from typing import TypeVar

from pydantic import ValidationError

from chatstore.models import Document, Message, SessionInfo
from chatstore.record.stored import AMENDED_NAME, Body
from chatstore.values.json_values import is_normal, normal_form

InfoType = TypeVar("InfoType", bound=SessionInfo)


_BROUGHT = frozenset({"message_id", "timestamp"})


def read_session(model: type[InfoType], body: Body) -> InfoType:
    """Decode a record as `Session` or `SessionInfo`, by stored names only.

    Raises pydantic's `ValidationError`, or `ValueError`, if it can't be read.
    """
    decoder = model.__pydantic_validator__
    session: InfoType
    # To ask whether it is a Mapping takes a microsecond, as do pydantic's own methods.
    if is_text := isinstance(body, str | bytes):
        session = decoder.validate_json(body, by_alias=True, by_name=False)
    else:
        session = decoder.validate_python(body, by_alias=True, by_name=False)
    try:
        _finish(session, is_text=is_text)
    except OverflowError:
        raise ValueError("a time outside the years 1 to 9999 in UTC") from None
    except RecursionError:
        raise ValueError("too many levels of lists and objects") from None
    return session


def _finish(session: SessionInfo, *, is_text: bool) -> None:
    # Freshly decoded, the models are nobody else's yet, and are finished where they stand: pydantic
    # takes longer to copy a window of messages than to decode it.
    values = vars(session)
    values["created_at"] = values["created_at"].astimezone(UTC)
    values["updated_at"] = values["updated_at"].astimezone(UTC)
    # What was not text may be in others' hands too, and is copied.
    for name in ("user_preferences", "metadata"):
        if (entries := values[name]) and not (is_text and is_normal(entries)):
            values[name] = normal_form(entries)
    if session.__pydantic_extra__:
        _normalise_unknown(session)
    # A Session, and not only its info: `isinstance` would take as long as all that is above.
    if "messages" in values:
        messages = values["messages"]
        _finish_messages(messages)
        if "message_count" not in session.__pydantic_fields_set__:
            values["message_count"] = len(messages)


def _finish_messages(messages: Sequence[Message]) -> None:
    for index, message in enumerate(messages):
        # Both have defaults for whoever builds a message; a stored one must bring its own.
        if not message.__pydantic_fields_set__ >= _BROUGHT:
            raise ValueError(f"messages[{index}] lacks messageId or timestamp")
        values = vars(message)
        values["timestamp"] = values["timestamp"].astimezone(UTC)
        if unknown := message.__pydantic_extra__:
            unknown.pop(AMENDED_NAME, None)
            _normalise_unknown(message)
        if type(values["content"]) is list:
            values["content"] = normal_form(values["content"])
        if values["tool_calls"]:
            values["tool_calls"] = normal_form(values["tool_calls"])
        if values["metadata"]:
            values["metadata"] = normal_form(values["metadata"])
        filters = values["extracted_filters"]
        if filters is not None:
            if filters.__pydantic_extra__:
                _normalise_unknown(filters)
            years = filters.year_range
            if years is not None and years.__pydantic_extra__:
                _normalise_unknown(years)


def _normalise_unknown(model: Document) -> None:
    if unknown := model.__pydantic_extra__:
        unknown.update(normal_form(unknown))


def read_message(body: Body) -> Message:
    """Decode a stored message, by stored names only. Raises `ValueError` if it can't be read."""
    if isinstance(body, Mapping):
        message = Message.model_validate(body, by_alias=True, by_name=False)
    else:
        message = Message.model_validate_json(body, by_alias=True, by_name=False)
    try:
        _finish_messages([message])
    except OverflowError:
        raise ValueError("a time outside the years 1 to 9999 in UTC") from None
    except RecursionError:
        raise ValueError("too many levels of lists and objects") from None
    return message


def unreadable_reason(error: ValueError) -> str:
    """What was wrong with a record, without its contents: they may be private."""
    if not isinstance(error, ValidationError):
        return str(error)
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    return f"{'.'.join(map(str, first['loc'])) or 'record'}: {first['msg']}"
