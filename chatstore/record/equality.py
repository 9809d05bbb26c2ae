"""Whether two messages say the same."""

from collections.abc import Iterable, Mapping, Sequence

from pydantic_core import from_json

from chatstore.models import JsonObject
from chatstore.record.decode import read_message
from chatstore.record.encode import stored_message
from chatstore.record.stored import AMENDED_NAME, Body, StoredMessage


def is_same(message: StoredMessage, stored: Body) -> bool:
    """Whether a stored message says what this one says, in whatever form another service wrote it.
    One that can't be read does not.

    The time does not count: whoever builds a message anew to send it again, under the id that its
    client gave it, has another one minted. Nor does the mark of a message that was amended.
    """
    try:
        there = stored_message(read_message(stored))
    except ValueError:
        return False
    given = {name: value for name, value in message.document.items() if name != AMENDED_NAME}
    stored_one, this_one = canonical(
        {**document, "timestamp": ""} for document in (there.document, given)
    )
    return stored_one == this_one


def is_amended(stored: Body) -> bool:
    """Whether a stored message has the mark of one that was amended."""
    try:
        document = stored if isinstance(stored, Mapping) else from_json(stored)
    except ValueError:
        return False
    return isinstance(document, Mapping) and AMENDED_NAME in document


def canonical(documents: Iterable[JsonObject]) -> Sequence[object]:
    """A form in which equal documents, and only those, are equal: Python holds True == 1."""
    return [_typed(document) for document in documents]


def _typed(value: object) -> object:
    if isinstance(value, dict):
        return {name: _typed(entry) for name, entry in value.items()}
    if isinstance(value, list):
        return [_typed(entry) for entry in value]
    return type(value), value
