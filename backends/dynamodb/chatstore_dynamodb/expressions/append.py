"""Append as one UpdateItem that reads nothing before it: the window grows, slides or is replaced.

Every right-hand side of a SET reads the item as it was, so a full window slides in one request:
`SET m[0]=m[1], …, m[8]=m[9], m[9]=:new`. A window with room grows by setting an index past the
end, which appends. Both are conditioned on the size that they were made for, and on no stored
message having one of the batch's ids; neither conflicts with other writers that do the same.
A window of more than 99 drops its oldest by `REMOVE m[0]` as it grows, and finds ids in a set.
"""

from collections.abc import Sequence, Set
from functools import lru_cache, partial
from typing import Any, NamedTuple

from chatstore.engine.write import NO_CHANGES, Patch, Write
from chatstore.policy import RetentionPolicy
from chatstore.record.stored import StoredMessage
from chatstore_dynamodb.attribute_values import Item, marshal
from chatstore_dynamodb.expressions.change import Change, Text
from chatstore_dynamodb.expressions.clauses import (
    Kind,
    changed,
    changed_values,
    kept_request,
    kind_of,
    request,
    without_history,
)
from chatstore_dynamodb.expressions.limits import ExpressionLimitError
from chatstore_dynamodb.expressions.replace import compare_and_set
from chatstore_dynamodb.expressions.state import has_room, merge
from chatstore_dynamodb.items import (
    MESSAGE_IDS,
    WINDOW_BYTES,
    keeps_bytes,
    marshal_messages,
    needs_ids,
)
from chatstore_dynamodb.stored_item import StoredItem

_PAST_THE_END = 100_000
"""An index past the end of any list: setting it appends."""


def next_append(
    write: Write,
    messages: Sequence[StoredMessage],
    patch: Patch,
    stored: StoredItem,
    *,
    is_full: bool,
) -> dict[str, Any]:
    """The request that appends to the item that an earlier one met, which was too large for it if
    it `is_full`."""
    made = None
    if not is_full and _has_what_it_takes(write.policy, messages, stored):
        if patch is NO_CHANGES:
            made = append(write, messages, len(stored.messages))
        elif has_room(patch, stored):
            size = len(stored.messages)
            made = append(write, messages, size, patch, stored.bounded)
    return made or compare_and_set(write, messages, stored, patch)


def append(
    write: Write,
    messages: Sequence[StoredMessage],
    size: int | None,
    patch: Patch = NO_CHANGES,
    bounded: Set[str] = frozenset(),
) -> dict[str, Any] | None:
    """The request that appends to a window of `size` messages (None: nobody knows yet) and merges a
    patch into a state of which some maps are `bounded`. There is none if it would pass the limits
    of an expression, which no request without a size and without a patch does."""
    policy = write.policy
    limit = policy.max_messages
    if size is not None and (limit is None or size + len(messages) <= limit):
        # Where there is room, all sizes are alike.
        size = None
    added = len(messages)
    own = _own_values(policy, added)
    ids = [message.message_id for message in messages]
    values: Item = {":ids": {"SS": ids}}
    if own.bytes:
        # What falls out of the window is not subtracted: the number is an upper bound, made exact
        # by the compare-and-set that a full window calls for.
        weight = sum(message.weight for message in messages)
        values[":bytes"] = {"N": str(weight)}
        values[":room"] = {"N": str(policy.max_window_bytes - weight)}
    if own.ids:
        values |= {f":i{index}": {"S": message_id} for index, message_id in enumerate(ids)}
    if own.window:
        values[":window"] = marshal_messages(messages[-own.window :])
    else:
        for index, message in enumerate(messages):
            values[f":{index}"] = marshal(message.document)
    if patch is NO_CHANGES:
        return kept_request(write, partial(_text, policy, added, size), values)
    change = _change(policy, added, size, kind_of(write))
    try:
        merge(change, patch, bounded)
        return request(change.text(), {**changed_values(write), **values})
    except ExpressionLimitError:
        return None


def _has_what_it_takes(
    policy: RetentionPolicy, messages: Sequence[StoredMessage], stored: StoredItem
) -> bool:
    """Whether `append` can do what this item needs: it has what the expression counts on, its
    window stays within the policy's bytes without being cut for them, and its ids are all where
    the expression looks for them."""
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


class _OwnValues(NamedTuple):
    """Which values an append's text leaves open, beside the messages and those of any write."""

    bytes: bool
    ids: bool
    window: int
    """How many messages the window has that is set as a whole; 0: messages are set one by one."""


@lru_cache(maxsize=128)
def _own_values(policy: RetentionPolicy, added: int) -> _OwnValues:
    limit = policy.max_messages
    is_replaced = limit is not None and added >= limit and not needs_ids(policy)
    return _OwnValues(keeps_bytes(policy), needs_ids(policy), limit or 0 if is_replaced else 0)


@lru_cache(maxsize=128)
def _text(policy: RetentionPolicy, added: int, size: int | None, kind: Kind) -> Text | None:
    try:
        return _change(policy, added, size, kind).text()
    except ExpressionLimitError:
        return None


def _change(policy: RetentionPolicy, added: int, size: int | None, kind: Kind) -> Change:
    """How to append so many messages to a window of this size."""
    change = without_history(changed(kind))
    change.add_to("version", change.number("one", 1))
    change.add_to("messageCount", change.number("added", added))
    change.require_type("messages", "L")
    if keeps_bytes(policy):
        change.add_to(WINDOW_BYTES, ":bytes")
        change.require(f"{change.name(WINDOW_BYTES)}<=:room")
    else:
        change.remove(change.name(WINDOW_BYTES))
    limit = policy.max_messages
    if needs_ids(policy):
        _move_long_window(change, added, size, limit)
    else:
        change.remove(change.name(MESSAGE_IDS))
        _move_window(change, added, size, limit or 0)
    return change


def _move_window(change: Change, added: int, size: int | None, limit: int) -> None:
    """Replace the window, let it grow, or slide it."""
    name = change.name("messages")
    if added >= limit:
        searched = max(limit, size or 0)
        change.require(f"size({name})<={change.number('size', searched)}")
        change.set(name, ":window")
    elif size is None or size + added <= limit:
        searched = limit - added
        change.require(f"size({name})<={change.number('size', searched)}")
        _set_each(change, added, _PAST_THE_END)
    else:
        searched = size
        change.require(f"size({name})={change.number('size', size)}")
        _slide(change, added, size, limit)
    # An index that is not there is no obstacle: what is missing is in no set.
    message_id = change.name("messageId")
    found = " OR ".join(f"contains(:ids,{name}[{index}].{message_id})" for index in range(searched))
    change.require(f"NOT ({found})")


def _slide(change: Change, added: int, size: int, limit: int) -> None:
    name = change.name("messages")
    kept = limit - added
    for index in range(kept):
        change.set(f"{name}[{index}]", f"{name}[{index + size - kept}]")
    _set_each(change, added, kept)
    for index in range(limit, size):
        change.remove(f"{name}[{index}]")


def _set_each(change: Change, added: int, first: int) -> None:
    name = change.name("messages")
    for index in range(added):
        change.set(f"{name}[{first + index}]", f":{index}")


def _move_long_window(change: Change, added: int, size: int | None, limit: int | None) -> None:
    """Grow at the end, and drop what is too much at the beginning. The ids are looked for in their
    set, which keeps those of dropped messages until the next compare-and-set."""
    name = change.name("messages")
    surplus = 0 if limit is None or size is None else size + added - limit
    if surplus > 0:
        change.require(f"size({name})={change.number('size', size or 0)}")
        for index in range(surplus):
            change.remove(f"{name}[{index}]")
    elif limit is not None:
        change.require(f"size({name})<={change.number('size', limit - added)}")
    ids = change.name(MESSAGE_IDS)
    empty = f"size({name})={change.number('zero', 0)}"
    change.require(f"({change.has_type(MESSAGE_IDS, 'SS')} OR {empty})")
    found = " OR ".join(f"contains({ids},:i{index})" for index in range(added))
    change.require(f"NOT ({found})")
    _set_each(change, added, _PAST_THE_END)
    change.unite(MESSAGE_IDS, ":ids")
