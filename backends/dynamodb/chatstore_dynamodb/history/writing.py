"""Writes on sessions with history: what has to be put in chunks, or read from them, before the
request that fits the item that came back.

An item holds its session's window at least, and 336,000 bytes of messages at most. A write that
would break the one takes messages out of it first; one that would break the other brings the newest
chunks' messages back in the same request.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from chatstore.engine.history import require_batch_weight, require_window
from chatstore.engine.write import Patch, Write
from chatstore.policy import MAX_WINDOW_BYTES
from chatstore.record.stored import StoredMessage, document_weights
from chatstore.record.window import shown_count, window_policy
from chatstore_dynamodb.attribute_values import AttributeValue, marshal
from chatstore_dynamodb.expressions import kept
from chatstore_dynamodb.expressions.state import has_room
from chatstore_dynamodb.history.archive import Archive
from chatstore_dynamodb.history.reading import Reader
from chatstore_dynamodb.stored_item import StoredItem


class _Entry(NamedTuple):
    """A message of a list that is to be written."""

    value: AttributeValue
    weight: int

    @classmethod
    def of(cls, message: StoredMessage) -> "_Entry":
        return cls(marshal(message.document), message.weight)


class HistoryWrites:
    """Makes the requests; each method raises `OutdatedError` if the item has changed since it came
    back, and what it makes is conditioned on that it has not."""

    def __init__(self, archive: Archive, reader: Reader) -> None:
        self._archive = archive
        self._reader = reader

    def append(
        self,
        write: Write,
        messages: Sequence[StoredMessage],
        patch: Patch,
        stored: StoredItem,
        *,
        is_full: bool,
    ) -> dict[str, Any]:
        """The request that appends `messages`, and merges a patch."""
        history = stored.history or 0
        require_batch_weight(messages)
        if not is_full and kept.has_room(history, messages, stored) and has_room(patch, stored):
            request = kept.keep(write, messages, history, patch, stored.bounded)
            if request is not None:
                return request
        weights = [*stored.weights, *(message.weight for message in messages)]
        is_crowded = is_full or len(stored.messages) > history + kept.MOST_BEYOND_WINDOW
        dropped = 0
        if is_crowded or sum(weights) > MAX_WINDOW_BYTES:
            window = window_policy(history).window(len(weights), lambda: weights)
            surplus = min(len(weights) - window, len(stored.messages))
            dropped = self._archive.put_oldest(stored, surplus)
        return kept.drop_and_keep(write, messages, patch, stored, dropped)

    def rewrite(
        self, write: Write, messages: Sequence[StoredMessage], stored: StoredItem
    ) -> dict[str, Any]:
        """The request that puts `messages` in the place of what the writer is shown."""
        history = stored.history or 0
        require_window(messages, history)
        listed = _entries(stored)
        weights = [entry.weight for entry in listed]
        replaced = shown_count(write.policy, history, len(listed), lambda: weights)
        entries = [*listed[: len(listed) - replaced], *map(_Entry.of, messages)]
        count = stored.message_count + len(messages) - replaced
        return self._put_list(write, stored, entries, count)

    def amend(
        self, write: Write, message: StoredMessage, place: int, stored: StoredItem
    ) -> dict[str, Any]:
        """The request that puts a message in its place."""
        history = stored.history or 0
        more = message.weight - stored.weights[place]
        has_all = len(stored.messages) >= history or not stored.archived
        if stored.exact_bytes + more <= MAX_WINDOW_BYTES and (more >= 0 or has_all):
            return kept.amend_in_place(write, message, place, stored)
        entries = _entries(stored)
        entries[place] = _Entry.of(message)
        return self._put_list(write, stored, entries, stored.message_count)

    def _put_list(
        self,
        write: Write,
        stored: StoredItem,
        entries: list[_Entry],
        message_count: int,
    ) -> dict[str, Any]:
        """The request that puts a list in the place of the item's, once it has its window and no
        more than it may have."""
        archived, history = stored.archived, stored.history or 0
        weights = [entry.weight for entry in entries]
        window = window_policy(history).window(len(entries), lambda: weights)
        if sum(weights) > MAX_WINDOW_BYTES:
            # What comes before the window was not changed.
            surplus = len(entries) - window
            # A chunk that was there may reach into the window, which stays in the item.
            dropped = min(self._archive.put_oldest(stored, surplus), surplus)
            archived += dropped
            entries = entries[dropped:]
        elif window == len(entries) < history and archived:
            older = self._reader.newest_below(stored, history - window)
            weights = [*document_weights(older), *weights]
            window = window_policy(history).window(len(weights), lambda: weights)
            back = older[len(older) - (window - len(entries)) :]
            weights = weights[len(weights) - window :]
            archived -= len(back)
            old = zip(map(marshal, back), weights, strict=False)
            entries = [*(_Entry(value, weight) for value, weight in old), *entries]
        return kept.put_list(
            write,
            stored,
            [entry.value for entry in entries],
            weight=sum(entry.weight for entry in entries),
            archived=archived,
            message_count=message_count,
        )


def _entries(stored: StoredItem) -> list[_Entry]:
    return [
        _Entry(value, weight) for value, weight in zip(stored.messages, stored.weights, strict=True)
    ]
