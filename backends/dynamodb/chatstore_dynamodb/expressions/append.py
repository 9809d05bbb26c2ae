"""Append as one UpdateItem that reads nothing before it: the window grows, slides or is replaced.

Every right-hand side of a SET reads the item as it was, so a full window slides in one request:
`SET m[0]=m[1], …, m[8]=m[9], m[9]=:new`. A window with room grows by setting an index past the
end, which appends. Both are conditioned on the size that they were made for, and on no stored
message having one of the batch's ids; neither conflicts with other writers that do the same.
A window of more than 99 drops its oldest by `REMOVE m[0]` as it grows, and finds ids in a set.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from chatstore.engine.write import Write
from chatstore.record.stored import StoredMessage
from chatstore_dynamodb.expressions.change import Change, stamp, visible
from chatstore_dynamodb.items import (
    MESSAGE_IDS,
    WINDOW_BYTES,
    StoredItem,
    keeps_bytes,
    marshal_messages,
    needs_ids,
)
from chatstore_dynamodb.marshalling import marshal

_PAST_THE_END = 100_000
"""An index past the end of any list: setting it appends."""


def append(
    write: Write, messages: Sequence[StoredMessage], size: int | None
) -> dict[str, Any] | None:
    """The request that appends to a window of `size` messages; None: nobody knows yet. There is
    none if it would pass the limits of an expression, which no request without a size does."""
    change = visible(write)
    change.add_to("version", "one", 1)
    change.add_to("messageCount", "added", len(messages))
    change.require_type("messages", "L")
    stamp(change, write)
    _count_bytes(change, write, messages)
    if needs_ids(write.policy):
        _move_long_window(change, messages, size, write.policy.max_messages)
    else:
        change.remove(change.name(MESSAGE_IDS))
        _move_window(change, messages, size, write.policy.max_messages or 0)
    return change.update() if change.is_within_limits else None


def fits(write: Write, messages: Sequence[StoredMessage], stored: StoredItem) -> bool:
    """Whether `append` can do what this item needs: it has what the expression counts on, its
    window stays within the policy's bytes without being cut for them, and its ids are all where
    the expression looks for them."""
    policy = write.policy
    if not stored.counts or "messages" not in stored.item:
        return False
    if needs_ids(policy):
        ids = stored.known_ids
        if ids is None:
            return False
        # The set may still have the id of a message that fell out of the window.
        if any(message.message_id in ids for message in messages):
            return False
    if not keeps_bytes(policy):
        return True
    added = sum(message.weight for message in messages)
    bound = stored.window_bytes
    return bound is not None and bound + added <= policy.max_window_bytes


def _count_bytes(change: Change, write: Write, messages: Sequence[StoredMessage]) -> None:
    if not keeps_bytes(write.policy):
        change.remove(change.name(WINDOW_BYTES))
        return
    # What falls out of the window is not subtracted: the number is an upper bound, made exact by
    # the compare-and-set that a full window calls for.
    added = sum(message.weight for message in messages)
    room = change.number("room", write.policy.max_window_bytes - added)
    change.add_to(WINDOW_BYTES, "bytes", added)
    change.require(f"{change.name(WINDOW_BYTES)}<={room}")


def _move_window(
    change: Change, messages: Sequence[StoredMessage], size: int | None, limit: int
) -> None:
    name = change.name("messages")
    if len(messages) >= limit:
        searched = max(limit, size or 0)
        change.require(f"size({name})<={change.number('size', searched)}")
        change.set(name, change.value("window", marshal_messages(messages[-limit:])))
    elif size is None or size + len(messages) <= limit:
        searched = limit - len(messages)
        change.require(f"size({name})<={change.number('size', searched)}")
        _set_each(change, messages, _PAST_THE_END)
    else:
        searched = size
        change.require(f"size({name})={change.number('size', size)}")
        _slide(change, messages, size, limit)
    change.value("ids", {"SS": [message.message_id for message in messages]})
    change.name("messageId")
    change.require(_no_stored_id(searched))


def _slide(change: Change, messages: Sequence[StoredMessage], size: int, limit: int) -> None:
    name = change.name("messages")
    kept = limit - len(messages)
    for path, operand in _shift(kept, size - kept):
        change.set(path, operand)
    _set_each(change, messages, kept)
    for index in range(limit, size):
        change.remove(f"{name}[{index}]")


def _set_each(change: Change, messages: Sequence[StoredMessage], first: int) -> None:
    name = change.name("messages")
    for index, message in enumerate(messages):
        change.set(f"{name}[{first + index}]", change.value(str(index), marshal(message.document)))


@lru_cache(maxsize=1024)
def _shift(kept: int, by: int) -> tuple[tuple[str, str], ...]:
    return tuple((f"#m[{index}]", f"#m[{index + by}]") for index in range(kept))


@lru_cache(maxsize=128)
def _no_stored_id(size: int) -> str:
    # An index that is not there is no obstacle: what is missing is in no set.
    found = " OR ".join(f"contains(:ids,#m[{index}].#i)" for index in range(size))
    return f"NOT ({found})"


def _move_long_window(
    change: Change, messages: Sequence[StoredMessage], size: int | None, limit: int | None
) -> None:
    """Grow at the end, and drop what is too much at the beginning. The ids are looked for in their
    set, which keeps those of dropped messages until the next compare-and-set."""
    name = change.name("messages")
    surplus = 0 if limit is None or size is None else size + len(messages) - limit
    if surplus > 0:
        change.require(f"size({name})={change.number('size', size or 0)}")
        for index in range(surplus):
            change.remove(f"{name}[{index}]")
    elif limit is not None:
        most = change.number("size", limit - len(messages))
        change.require(f"size({name})<={most}")
    ids = change.name(MESSAGE_IDS)
    empty = f"size({name})={change.number('zero', 0)}"
    change.require(f"({change.has_type(MESSAGE_IDS, 'SS')} OR {empty})")
    found = " OR ".join(
        f"contains({ids},{change.value(f'i{index}', {'S': message.message_id})})"
        for index, message in enumerate(messages)
    )
    change.require(f"NOT ({found})")
    _set_each(change, messages, _PAST_THE_END)
    new = {"SS": [message.message_id for message in messages]}
    change.unite(MESSAGE_IDS, change.value("new", new))
