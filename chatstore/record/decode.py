"""From stored documents to models: one decoder, whatever the engine."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from pydantic import ValidationError

from chatstore.models import Document, Message, Session, SessionInfo
from chatstore.record.stored import Body
from chatstore.values.json_values import normal_form

InfoType = TypeVar("InfoType", bound=SessionInfo)


_BROUGHT = frozenset({"message_id", "timestamp"})


def read_session(model: type[InfoType], body: Body) -> InfoType:
    """Decode a record as `Session` or `SessionInfo`, by stored names only.

    Raises pydantic's `ValidationError`, or `ValueError`, if it can't be read.
    """
    if isinstance(body, Mapping):
        session = model.model_validate(body, by_alias=True, by_name=False)
    else:
        session = model.model_validate_json(body, by_alias=True, by_name=False)
    try:
        _finish(session)
    except OverflowError:
        raise ValueError("a time outside the years 1 to 9999 in UTC") from None
    except RecursionError:
        raise ValueError("too many levels of lists and objects") from None
    return session


def _finish(session: SessionInfo) -> None:
    # Freshly decoded, the models are nobody else's yet, and are finished where they stand: pydantic
    # takes longer to copy a window of messages than to decode it.
    values = vars(session)
    _use_utc(values, "created_at")
    _use_utc(values, "updated_at")
    for name in ("user_preferences", "metadata"):
        if entries := values[name]:
            values[name] = normal_form(entries)
    _normalise_unknown(session)
    if isinstance(session, Session):
        for index, message in enumerate(session.messages):
            # Both have defaults for whoever builds a message; a stored one must bring its own.
            if not message.__pydantic_fields_set__ >= _BROUGHT:
                raise ValueError(f"messages[{index}] lacks messageId or timestamp")
            _finish_message(message)
        if "message_count" not in session.__pydantic_fields_set__:
            values["message_count"] = len(session.messages)


def _finish_message(message: Message) -> None:
    _use_utc(vars(message), "timestamp")
    if message.__pydantic_extra__:
        _normalise_unknown(message)
    filters = message.extracted_filters
    if filters is not None:
        if filters.__pydantic_extra__:
            _normalise_unknown(filters)
        years = filters.year_range
        if years is not None and years.__pydantic_extra__:
            _normalise_unknown(years)


def _use_utc(values: dict[str, Any], name: str) -> None:
    moment: datetime = values[name]
    values[name] = moment.astimezone(UTC)


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
        _finish_message(message)
    except OverflowError:
        raise ValueError("a time outside the years 1 to 9999 in UTC") from None
    return message


def unreadable_reason(error: ValueError) -> str:
    """What was wrong with a record, without its contents: they may be private."""
    if not isinstance(error, ValidationError):
        return str(error)
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    return f"{'.'.join(map(str, first['loc'])) or 'record'}: {first['msg']}"
