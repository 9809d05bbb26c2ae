"""Messages of numbered items: whose they are, and one item put in another's place."""

from collections.abc import Iterable
from itertools import islice

from chatstore.integrations.items import most_weight
from chatstore.models import JsonObject, Message
from chatstore.policy import MAX_HISTORY_WINDOW, MAX_WINDOW_BYTES


def replaced(messages: Iterable[Message], number: int, new: list[Message]) -> list[Message]:
    """The messages with those of an item replaced, parts of a write that was broken off too."""
    kept: list[Message] = []
    is_placed = False
    for message in messages:
        if number_of(message) != number:
            kept.append(message)
        elif not is_placed:
            kept += new
            is_placed = True
    return kept


def window_length(messages: list[Message], history: int | None) -> int:
    """How many of the newest messages are the window."""
    room = MAX_WINDOW_BYTES
    length = 0
    for message in islice(reversed(messages), history or MAX_HISTORY_WINDOW):
        room -= most_weight(message)
        if room < 0:
            break
        length += 1
    return length


def _part_of(message: Message) -> JsonObject:
    part = (message.model_extra or {}).get("part")
    return part if isinstance(part, dict) else {}


def number_of(message: Message) -> int:
    """The number of the item that a message is, or is a part of."""
    return int(_part_of(message).get("itemId", message.message_id))


def is_last_part(message: Message) -> bool:
    """Whether an item ends with a message."""
    part = _part_of(message)
    return part.get("number") == part.get("count")
