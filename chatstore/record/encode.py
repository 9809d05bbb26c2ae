"""From models to stored documents."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache

from chatstore.clock import utc_text
from chatstore.errors import InvalidInputError
from chatstore.models import Document, ExtractedFilters, JsonObject, Message, YearRange
from chatstore.record.stored import StoredMessage
from chatstore.values.json_values import measured
from chatstore.values.plain import is_kind, kind_of, plain_json


def stored_message(message: Message) -> StoredMessage:
    """The stored form of a message; of one that passed the envelope, what a read would give."""
    return StoredMessage(message.message_id, *measured(raw_document(message)))


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
            if type(value) is datetime:
                value = utc_text(value, _within(place, name))
            elif type(value) not in _JSON:
                if type(value) in _NESTED or is_kind(value, Document):
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
_NESTED = frozenset({ExtractedFilters, YearRange})
_JSON = frozenset({str, int, float, bool, list, dict})


def _within(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name


@cache
def _names(model: type[Document]) -> tuple[Sequence[tuple[str, str]], Mapping[str, str]]:
    """The fields of a model with their stored names, and the fields by those."""
    pairs = [(name, field.alias or name) for name, field in model.model_fields.items()]
    return pairs, {stored_name: name for name, stored_name in pairs}
