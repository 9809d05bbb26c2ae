"""What a framework keeps, as messages of a session: exact, and however large.

An item is any JSON value. Its JSON text is the message's content, and `encoding: "json/1"` says so:
native attributes would turn 7.0 into 7, lose the order of keys, and refuse NUL and lone surrogates.
An item whose text is larger than a message may be lies in several messages, its parts, one after
the other; each says of which item it is which of how many parts.
"""

import json
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from chatstore.errors import InvalidInputError
from chatstore.models import JsonObject, Message, new_id
from chatstore.policy import RetentionPolicy
from chatstore.values.json_values import utf8_size
from chatstore.values.plain import kind_of

ENCODING = "json/1"
"""The stored format: `encoding`, and for a part `part`, stand beside the content."""

BESIDE_CONTENT = 1_024
"""More than what a message of an item has beside its content, with an id of 512 bytes."""

_LABEL_LENGTH = 64
_PATIENCE = 1_000
"""How many other messages may stand between two parts of one item: of a large one, other writers'
messages may."""


class NewItem(NamedTuple):
    """An item to be kept. `label` becomes the message's `type`, for people who look at the store;
    `item_id` its id, if the framework has one, and else one is minted."""

    value: object
    label: str
    item_id: str | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """An item as it is kept: the value, and the message or the parts that it lies in."""

    value: Any
    messages: tuple[Message, ...]

    @property
    def item_id(self) -> str:
        """The id that the item was kept under."""
        part = _part_of(self.messages[0])
        return self.messages[0].message_id if part is None else part.item_id


@dataclass(frozen=True, slots=True)
class _Part:
    item_id: str
    number: int
    count: int


def json_text(field_name: str, value: object) -> str:
    """The JSON text of a value. Raises `InvalidInputError` for what is not JSON."""
    try:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        # A lone surrogate is text to JSON, and not to UTF-8: it is told by its number.
        return text if _is_text(text) else json.dumps(value, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidInputError(
            field_name, "made of JSON values, not too deep", kind_of(value), str(error)
        ) from error


def composed_id(*names: str) -> str:
    """One id made of several names, such as an application's and a user's. No name can be chosen so
    that it passes for two."""
    return json_text("id", list(names))


def messages_of(item: NewItem, policy: RetentionPolicy) -> list[Message]:
    """The messages that keep an item under this policy. Raises `InvalidInputError` for a value that
    is not JSON."""
    text = json_text("item", item.value)
    item_id = item.item_id or new_id()
    label = _label(item.label)
    parts = list(_cut(text, max(1, policy.max_message_bytes - BESIDE_CONTENT)))
    if len(parts) == 1:
        return [_message(item_id, label, text, {})]
    return [
        _message(
            composed_id(item_id, str(number)),
            label,
            part,
            {"part": {"itemId": item_id, "number": number, "count": len(parts)}},
        )
        for number, part in enumerate(parts, start=1)
    ]


def most_weight(message: Message) -> int:
    """What a message of an item weighs at most in a window."""
    return utf8_size(str(message.content)) + BESIDE_CONTENT


def items_of(messages: Iterable[Message], *, newest_first: bool = False) -> Iterator[Item]:
    """The items that lie in messages, which come in the order that `newest_first` says.

    An item stands where its last part does. Left out are messages that are no items, text that
    can't be read, and an item of which parts are missing: its write was broken off, or it began
    before the first of these messages.
    """
    open_items: deque[_Open] = deque()
    for message in messages:
        part = _part_of(message)
        found = next((each for each in open_items if each.takes(part)), None)
        if found is not None:
            found.messages.append(message)
        elif part is None or part.number == (part.count if newest_first else 1):
            open_items.append(_Open(part, newest_first, [message]))
        for each in open_items:
            each.waited += 1
        yield from _finished(open_items, newest_first=newest_first, at_end=False)
    yield from _finished(open_items, newest_first=newest_first, at_end=True)


@dataclass(slots=True)
class _Open:
    """An item of which parts may follow."""

    part: _Part | None
    newest_first: bool
    messages: list[Message]
    waited: int = 0

    def takes(self, part: _Part | None) -> bool:
        """Whether this is the part that comes next."""
        if part is None or self.part is None or self.is_complete:
            return False
        next_number = len(self.messages) + 1
        number = part.count + 1 - next_number if self.newest_first else next_number
        return part == replace(self.part, number=number)

    @property
    def is_complete(self) -> bool:
        return self.part is None or len(self.messages) == self.part.count

    def item(self) -> Item | None:
        """The item, if its text can be read."""
        messages = tuple(reversed(self.messages)) if self.newest_first else tuple(self.messages)
        text = "".join(str(message.content) for message in messages)
        if any((message.model_extra or {}).get("encoding") != ENCODING for message in messages):
            return None
        try:
            return Item(json.loads(text), messages)
        except (ValueError, RecursionError):
            return None


def _finished(open_items: deque[_Open], *, newest_first: bool, at_end: bool) -> Iterator[Item]:
    """Take out what is complete, in order, and what has waited too long."""
    for each in tuple(open_items):
        if each.is_complete:
            open_items.remove(each)
            item = each.item()
            if item is not None:
                yield item
        elif at_end or each.waited > _PATIENCE * len(each.messages):
            open_items.remove(each)
        elif newest_first:
            # It stands before all that follows in this direction.
            return


def _message(item_id: str, label: str, text: str, attributes: JsonObject) -> Message:
    document: JsonObject = {"messageId": item_id, "type": label, "content": text}
    return Message.model_validate(document | {"encoding": ENCODING} | attributes)


def _part_of(message: Message) -> _Part | None:
    part = (message.model_extra or {}).get("part")
    match part:
        case {"itemId": str(item_id), "number": int(number), "count": int(count)}:
            return _Part(item_id, number, count)
        case _:
            return None


def _label(label: str) -> str:
    readable = label.replace("\0", "").encode(errors="replace").decode()
    return readable[:_LABEL_LENGTH] or "item"


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _cut(text: str, most_bytes: int) -> Iterator[str]:
    """The text in pieces of at most so many UTF-8 bytes, never within a character."""
    if utf8_size(text) <= most_bytes:
        yield text
        return
    encoded = text.encode()
    start = 0
    while start < len(encoded):
        piece = encoded[start : start + most_bytes].decode(errors="ignore")
        yield piece
        start += len(piece.encode())
