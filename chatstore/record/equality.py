"""Whether two messages say the same."""

from collections.abc import Iterable, Sequence

from chatstore.models import JsonObject
from chatstore.record.decode import read_message
from chatstore.record.encode import stored_message
from chatstore.record.stored import Body, StoredMessage


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
