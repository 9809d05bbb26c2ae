"""Writes of a whole window: `rewrite`, and the compare-and-set to which `append` falls back when a
window is full by bytes, or when the record lacks what an expression needs."""

from collections.abc import Sequence
from typing import Any

from chatstore.engine.write import Patch, Write
from chatstore.record.stored import StoredMessage
from chatstore_dynamodb.attribute_values import AttributeValue, Item, marshal
from chatstore_dynamodb.expressions.change import Change
from chatstore_dynamodb.expressions.clauses import (
    change_request,
    changed,
    kind_of,
    require_version,
    without_history,
)
from chatstore_dynamodb.expressions.state import replace_maps
from chatstore_dynamodb.items import MESSAGE_IDS, WINDOW_BYTES, marshal_messages, window_attributes
from chatstore_dynamodb.stored_item import StoredItem


def compare_and_set(
    write: Write, messages: Sequence[StoredMessage], stored: StoredItem, patch: Patch
) -> dict[str, Any]:
    """The append of `messages` to the very item that came back, trimmed by the writer's policy,
    with the patch; what the record lacked is completed."""
    weights = [*stored.weights, *(message.weight for message in messages)]
    kept = write.policy.window(len(weights), lambda: weights)
    values = [*stored.messages, *(marshal(message.document) for message in messages)]
    ids = [*stored.message_ids, *(message.message_id for message in messages)]
    change = _unchanged(write, stored)
    _put_window(
        change,
        {"L": values[len(values) - kept :]},
        window_attributes(
            write.policy,
            _distinct(ids[len(ids) - kept :]),
            sum(weights[len(weights) - kept :]),
        ),
    )
    _put_counters(change, stored, stored.message_count + len(messages))
    replace_maps(change, patch, stored)
    return change_request(change, write)


def rewrite(
    write: Write, messages: Sequence[StoredMessage], given: int, size: int | None
) -> dict[str, Any] | None:
    """The request that puts `messages`, trimmed from the `given` ones, in the place of a window
    that is believed to have `size` messages, and of which the writer's policy shows as many as it
    counts; None if nobody knows the size: the count depends on it."""
    if size is None:
        return None
    policy = write.policy
    change = without_history(changed(kind_of(write)))
    change.add_to("version", change.number("one", 1))
    shown = size if policy.max_messages is None else min(size, policy.max_messages)
    change.add_to("messageCount", change.number("added", given - shown))
    change.require_type("messages", "L")
    change.require(f"size({change.name('messages')})={change.number('size', size)}")
    if not policy.count_decides:
        # Within these bytes, no part of the window is hidden from a reader.
        limit = change.number("limit", policy.max_window_bytes)
        change.require(f"{change.name(WINDOW_BYTES)}<={limit}")
    _put_messages(change, write, messages)
    return change_request(change, write)


def rewrite_stored(
    write: Write, messages: Sequence[StoredMessage], replaced: int, given: int, stored: StoredItem
) -> dict[str, Any]:
    """The request that puts `messages`, trimmed from the `given` ones, in the place of the very
    window that came back, of which so many count as replaced."""
    change = _unchanged(write, stored)
    _put_messages(change, write, messages)
    _put_counters(change, stored, stored.message_count + given - replaced)
    return change_request(change, write)


def amend(write: Write, message: StoredMessage, place: int, stored: StoredItem) -> dict[str, Any]:
    """The request that puts a message in its place in the very window that came back."""
    change = _unchanged(write, stored)
    label = change.value("message", marshal(message.document))
    change.set(f"{change.name('messages')}[{place}]", label)
    if (bound := stored.window_bytes) is not None:
        weight = bound - stored.weights[place] + message.weight
        change.set(change.name(WINDOW_BYTES), change.number("bytes", weight))
    _put_counters(change, stored, stored.message_count)
    return change_request(change, write)


def _unchanged(write: Write, stored: StoredItem) -> Change:
    change = without_history(changed(kind_of(write)))
    if write.if_version is None or stored.version is None:
        require_version(change, stored.version)
    name = change.name("messages")
    if "messages" in stored.item:
        size = change.number("size", len(stored.messages))
        change.require(f"size({name})={size}")
    else:
        change.require(f"attribute_not_exists({name})")
    return change


def _put_messages(change: Change, write: Write, messages: Sequence[StoredMessage]) -> None:
    _put_window(
        change,
        marshal_messages(messages),
        window_attributes(
            write.policy,
            [message.message_id for message in messages],
            sum(message.weight for message in messages),
        ),
    )


def _put_window(change: Change, messages: AttributeValue, attributes: Item) -> None:
    change.set(change.name("messages"), change.value("window", messages))
    for attribute in (WINDOW_BYTES, MESSAGE_IDS):
        name = change.name(attribute)
        if attribute in attributes:
            change.set(name, change.value(attribute, attributes[attribute]))
        else:
            change.remove(name)


def _put_counters(change: Change, stored: StoredItem, message_count: int) -> None:
    version = (stored.version or 0) + 1
    change.set(change.name("version"), change.number("version", version))
    change.set(change.name("messageCount"), change.number("count", message_count))


def _distinct(ids: Sequence[str]) -> list[str]:
    # Others may have written a message twice, or without an id; a set holds neither.
    return [message_id for message_id in dict.fromkeys(ids) if message_id]
