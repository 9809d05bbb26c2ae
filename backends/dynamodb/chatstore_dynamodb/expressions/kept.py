"""Writes on a session with history. Its item keeps at least the window; what comes before it lies
in chunks, and goes there in two steps: a chunk is put, and then its messages leave the item.

`archived`, the position of the first message in the item, and `edits` tell which list it is: as
long as both stay, the list only grows at its end.
"""

from collections.abc import Sequence, Set
from functools import lru_cache, partial
from typing import Any

from chatstore.engine.write import NO_CHANGES, Patch, Write
from chatstore.policy import MAX_WINDOW_BYTES
from chatstore.record.stored import StoredMessage
from chatstore_dynamodb.attribute_values import AttributeValue, Item, marshal
from chatstore_dynamodb.expressions.change import Change, Text
from chatstore_dynamodb.expressions.clauses import (
    Kind,
    change_request,
    changed,
    changed_values,
    kept_request,
    kind_of,
    request,
    require_version,
)
from chatstore_dynamodb.expressions.limits import ExpressionLimitError
from chatstore_dynamodb.expressions.state import merge, replace_maps
from chatstore_dynamodb.items import ARCHIVED, EDITS, HISTORY, HISTORY_ID, WINDOW_BYTES
from chatstore_dynamodb.stored_item import StoredItem

MOST_BEYOND_WINDOW = 50
"""How many messages more than its window an item may have for an append to look through them; a
condition has room for some 110."""

_PAST_THE_END = 100_000
"""An index past the end of any list: setting it appends."""


def keep(
    write: Write,
    messages: Sequence[StoredMessage],
    history: int,
    patch: Patch = NO_CHANGES,
    bounded: Set[str] = frozenset(),
) -> dict[str, Any] | None:
    """The request that appends to any list that has room, and that none of the messages is in. It
    conflicts with no other writer that does the same. None if the patch makes it too long."""
    weight = sum(message.weight for message in messages)
    values: Item = {
        ":ids": {"SS": [message.message_id for message in messages]},
        ":bytes": {"N": str(weight)},
        ":room": {"N": str(MAX_WINDOW_BYTES - weight)},
    }
    for index, message in enumerate(messages):
        values[f":{index}"] = marshal(message.document)
    added = len(messages)
    if patch is NO_CHANGES:
        return kept_request(write, partial(_text, history, added), values)
    change = _change(history, added, kind_of(write))
    try:
        merge(change, patch, bounded)
        return request(change.text(), {**changed_values(write), **values})
    except ExpressionLimitError:
        return None


def has_room(history: int, messages: Sequence[StoredMessage], stored: StoredItem) -> bool:
    """Whether `keep` can append to the item that came back."""
    ids = set(stored.message_ids)
    return (
        len(stored.messages) <= history + MOST_BEYOND_WINDOW
        and not any(message.message_id in ids for message in messages)
        and stored.exact_bytes + sum(message.weight for message in messages) <= MAX_WINDOW_BYTES
    )


def drop_and_keep(
    write: Write,
    messages: Sequence[StoredMessage],
    patch: Patch,
    stored: StoredItem,
    dropped: int,
) -> dict[str, Any]:
    """The request that appends to the very item that came back, and takes its oldest messages, so
    many, out of it: they are in chunks."""
    change = _unchanged(write, stored)
    name = change.name("messages")
    for index in range(dropped):
        change.remove(f"{name}[{index}]")
    for index, message in enumerate(messages):
        value = change.value(str(index), marshal(message.document))
        change.set(f"{name}[{_PAST_THE_END + index}]", value)
    weight = stored.exact_bytes - sum(stored.weights[:dropped])
    _put(change, WINDOW_BYTES, weight + sum(message.weight for message in messages))
    if dropped:
        _put(change, ARCHIVED, stored.archived + dropped)
    _count(change, stored, stored.message_count + len(messages))
    replace_maps(change, patch, stored)
    return change_request(change, write)


def drop(stored: StoredItem, dropped: int) -> dict[str, Any]:
    """The request that takes the oldest messages, so many, out of an item: they are in chunks. It
    is no write of a caller's: version and time stay."""
    change = Change()
    _require_list(change, stored)
    for index in range(dropped):
        change.remove(f"{change.name('messages')}[{index}]")
    _put(change, ARCHIVED, stored.archived + dropped)
    weight = change.number("dropped", sum(stored.weights[:dropped]))
    change.set(change.name(WINDOW_BYTES), f"{change.name(WINDOW_BYTES)}-{weight}")
    return request(change.text(), {})


def put_list(
    write: Write,
    stored: StoredItem,
    messages: Sequence[AttributeValue],
    *,
    weight: int,
    archived: int,
    message_count: int,
) -> dict[str, Any]:
    """The request that puts a list in the place of the very one that came back, the first of it at
    position `archived`."""
    change = _unchanged(write, stored)
    change.set(change.name("messages"), change.value("window", {"L": list(messages)}))
    _put(change, EDITS, stored.edits + 1)
    _put(change, ARCHIVED, archived)
    _put(change, WINDOW_BYTES, weight)
    _count(change, stored, message_count)
    return change_request(change, write)


def put_history(
    write: Write,
    stored: StoredItem,
    messages: Sequence[StoredMessage],
    *,
    history_id: str,
    archived: int,
) -> dict[str, Any]:
    """The request that puts another history in the place of all that is kept: so many of its
    messages are in chunks under `history_id`, and `messages` follow."""
    change = _unchanged(write, stored)
    listed = {"L": [marshal(message.document) for message in messages]}
    change.set(change.name("messages"), change.value("window", listed))
    change.set(change.name(HISTORY_ID), change.value("life", {"S": history_id}))
    _put(change, EDITS, 0)
    _put(change, ARCHIVED, archived)
    _put(change, WINDOW_BYTES, sum(message.weight for message in messages))
    _count(change, stored, archived + len(messages))
    return change_request(change, write)


def amend_in_place(
    write: Write, message: StoredMessage, place: int, stored: StoredItem
) -> dict[str, Any]:
    """The request that puts a message in its place in the list that came back, to which others may
    append meanwhile."""
    change = changed(kind_of(write))
    _require_list(change, stored)
    change.add_to("version", change.number("one", 1))
    path = f"{change.name('messages')}[{place}]"
    change.set(path, change.value("message", marshal(message.document)))
    _put(change, EDITS, stored.edits + 1)
    more = message.weight - stored.weights[place]
    change.add_to(WINDOW_BYTES, change.number("bytes", more))
    if more > 0:
        room = change.number("room", MAX_WINDOW_BYTES - more)
        change.require(f"{change.name(WINDOW_BYTES)}<={room}")
    return change_request(change, write)


@lru_cache(maxsize=128)
def _text(history: int, added: int, kind: Kind) -> Text | None:
    return _change(history, added, kind).text()


def _change(history: int, added: int, kind: Kind) -> Change:
    change = changed(kind)
    change.require(f"{change.name(HISTORY)}={change.number('history', history)}")
    change.add_to("version", change.number("one", 1))
    change.add_to("messageCount", change.number("added", added))
    change.add_to(WINDOW_BYTES, ":bytes")
    change.require(f"{change.name(WINDOW_BYTES)}<=:room")
    change.require_type("messages", "L")
    name, most = change.name("messages"), history + MOST_BEYOND_WINDOW
    change.require(f"size({name})<={change.number('most', most)}")
    # An index that is not there is no obstacle: what is missing is in no set.
    message_id = change.name("messageId")
    found = " OR ".join(f"contains(:ids,{name}[{index}].{message_id})" for index in range(most))
    change.require(f"NOT ({found})")
    for index in range(added):
        change.set(f"{name}[{_PAST_THE_END + index}]", f":{index}")
    return change


def _unchanged(write: Write, stored: StoredItem) -> Change:
    """The session must be of the version and have the list that came back."""
    change = changed(kind_of(write))
    if write.if_version is None:
        require_version(change, stored.version)
    _require_list(change, stored)
    return change


def _require_list(change: Change, stored: StoredItem) -> None:
    life = change.value("its", {"S": stored.history_id})
    change.require(f"{change.name(HISTORY_ID)}={life}")
    change.require(f"{change.name(ARCHIVED)}={change.number('first', stored.archived)}")
    change.require(f"{change.name(EDITS)}={change.number('edits', stored.edits)}")


def _put(change: Change, attribute: str, number: int) -> None:
    change.set(change.name(attribute), change.number(f"new{change.name(attribute)[1:]}", number))


def _count(change: Change, stored: StoredItem, message_count: int) -> None:
    _put(change, "version", (stored.version or 0) + 1)
    _put(change, "messageCount", message_count)
