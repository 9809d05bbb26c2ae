"""Between models and stored documents: one encoder, one decoder, whatever the engine."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, NamedTuple, TypeVar

from pydantic import ValidationError

from chatstore.clock import utc_text
from chatstore.errors import InvalidInputError
from chatstore.models import Document, JsonObject, Message, Session, SessionInfo
from chatstore.plain import is_kind, kind_of, plain_json
from chatstore.policy import RetentionPolicy
from chatstore.portable import measured, normal_form, stored_size, utf8_size

Body = str | bytes | Mapping[str, Any]
"""A stored session as a backend hands it over: JSON text, or the object itself. The attributes'
names are the stored ones (camelCase), and values of the backend's own are left out."""

InfoType = TypeVar("InfoType", bound=SessionInfo)

_BROUGHT = frozenset({"message_id", "timestamp"})


class Record(NamedTuple):
    """What lies under an id, with the two attributes that decide, before anything is decoded, who
    may see it."""

    user_id: object
    ttl: object
    body: Body


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """A message that passed the envelope, in its stored form; `size` is its `stored_size`."""

    message_id: str
    document: JsonObject
    size: int

    @property
    def weight(self) -> int:
        """What the message counts in a window that is bounded by bytes: its size and its id, which
        DynamoDB keeps in a set beside such a window."""
        return message_weight(self.message_id, self.size)


def message_weight(message_id: str, size: int) -> int:
    """The weight of a stored message of which only the id and the size are known."""
    return size + utf8_size(message_id) + 2


def document_weights(window: Sequence[JsonObject]) -> list[int]:
    """The weights of messages that lie in a stored record, each by its document."""
    return [message_weight(message["messageId"], stored_size(message)) for message in window]


@dataclass(frozen=True, slots=True)
class StoredSession:
    """A whole record, ready to be written: the attributes without `messages`, and the window."""

    info: JsonObject
    messages: Sequence[StoredMessage]

    @property
    def session_id(self) -> str:
        """The record's primary key."""
        return str(self.info["sessionId"])

    @property
    def document(self) -> JsonObject:
        """The record in the one shape that every service can read."""
        return {**self.info, "messages": [message.document for message in self.messages]}


def stored_message(message: Message) -> StoredMessage:
    """The stored form of a message; of one that passed the envelope, what a read would give."""
    return StoredMessage(message.message_id, *measured(raw_document(message)))


def shown_of(messages: Sequence[Message], policy: RetentionPolicy) -> int:
    """How many of the newest messages a reader with this policy is shown."""
    if policy.count_decides:
        # Nothing has to be weighed, which takes longer than all else in a read.
        return min(len(messages), policy.max_messages or 0)
    return policy.window([stored_message(message).weight for message in messages])


def without_messages(document: JsonObject) -> JsonObject:
    """A stored record as a listing shows it. Where another service wrote no count, it is the number
    of the messages."""
    info = {name: value for name, value in document.items() if name != "messages"}
    messages = document.get("messages")
    if "messageCount" not in info and isinstance(messages, list):
        info["messageCount"] = len(messages)
    return info


def raw_document(
    model: Document, without: frozenset[str] = frozenset(), place: str = "", depth: int = 0
) -> JsonObject:
    """A model's stored attributes: known ones by alias, those that are None left out; unknown ones
    as they are. Numbers are not yet in their normal form.

    Raises `InvalidInputError`, which names the `place`, for a model that was built around its
    validation: a time that is none, or an unknown attribute that has a known one's stored name.
    """
    values = vars(model)
    document: JsonObject = {}
    names, stored_names = _names(type(model))
    for name, stored_name in names:
        # A message may have been built around its validation, and lack what it must have.
        value = values.get(name)
        if value is not None and name not in without:
            if type(value) is not str:
                if is_kind(value, Document):
                    if depth > _DEEPEST:
                        raise InvalidInputError(place, "a record without itself", "one within it")
                    value = raw_document(value, place=_within(place, name), depth=depth + 1)
                elif is_kind(value, datetime):
                    value = utc_text(value, _within(place, name))
            document[stored_name] = value
    unknown = getattr(model, "__pydantic_extra__", None)
    if not unknown:
        return document
    if type(unknown) is not dict:
        raise InvalidInputError(_within(place, "model_extra"), "a dict", kind_of(unknown))
    for name in map(plain_json, unknown):
        if type(name) is str and name in stored_names:
            field = stored_names[name]
            raise InvalidInputError(
                f"{name!r} in {_within(place, 'model_extra')}",
                "a name that is free",
                f"the stored name of the field {field}",
                f"set {field} itself",
            )
    return document | unknown


_DEEPEST = 4


def _within(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name


@cache
def _names(model: type[Document]) -> tuple[Sequence[tuple[str, str]], Mapping[str, str]]:
    """The fields of a model with their stored names, and the fields by those."""
    pairs = [(name, field.alias or name) for name, field in model.model_fields.items()]
    return pairs, {stored_name: name for name, stored_name in pairs}


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


def is_same(message: StoredMessage, stored: Body) -> bool:
    """Whether a stored message says what this one says, in whatever form another service wrote it.
    One that can't be read does not.

    The time does not count: whoever builds a message anew to send it again, under the id that its
    client gave it, has another one minted.
    """
    try:
        there = stored_message(read_message(stored))
    except ValueError:
        return False
    stored_one, this_one = canonical(
        {**document, "timestamp": ""} for document in (there.document, message.document)
    )
    return stored_one == this_one


def canonical(documents: Iterable[JsonObject]) -> Sequence[object]:
    """A form in which equal documents, and only those, are equal: Python holds True == 1."""
    return [_typed(document) for document in documents]


def _typed(value: object) -> object:
    if isinstance(value, dict):
        return {name: _typed(entry) for name, entry in value.items()}
    if isinstance(value, list):
        return [_typed(entry) for entry in value]
    return type(value), value


def unreadable_reason(error: ValueError) -> str:
    """What was wrong with a record, without its contents: they may be private."""
    if not isinstance(error, ValidationError):
        return str(error)
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    return f"{'.'.join(map(str, first['loc'])) or 'record'}: {first['msg']}"
