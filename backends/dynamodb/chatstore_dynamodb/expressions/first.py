"""With which request a write begins, by what is remembered of the session."""

from collections.abc import Sequence
from typing import Any

from chatstore.engine.write import Patch, Write
from chatstore.policy import MAX_WINDOW_BYTES
from chatstore.record.stored import StoredMessage
from chatstore.record.window import newest
from chatstore_dynamodb.expressions.append import append
from chatstore_dynamodb.expressions.kept import keep
from chatstore_dynamodb.expressions.replace import rewrite
from chatstore_dynamodb.expressions.update import update
from chatstore_dynamodb.stored_item import Seen


def first_append(
    write: Write, messages: Sequence[StoredMessage], patch: Patch, seen: Seen | None
) -> dict[str, Any] | None:
    """An append's first request, for a session of which this is remembered; None if the item has to
    be read first. Of one that nobody has seen it is believed that it keeps a history if the
    writer's own sessions do, and that it has room."""
    policy = write.policy
    if seen is None:
        history = policy.max_messages if policy.keep_history else None
        size, weight, bounded = None, 0, frozenset[str]()
    else:
        size, history, weight, bounded = seen
    if history is None:
        # A window that is too long to be said so is asked about as one that nobody has seen.
        return append(write, messages, size, patch, bounded) or append(
            write, messages, None, patch, bounded
        )
    if weight + sum(message.weight for message in messages) > MAX_WINDOW_BYTES:
        # Messages must leave the item, and for that they have to be known.
        return None
    return keep(write, messages, history, patch, bounded)


def first_rewrite(
    write: Write, messages: Sequence[StoredMessage], seen: Seen | None, *, whole: bool
) -> dict[str, Any] | None:
    """A rewrite's first request; None likewise: where it is not known how many messages there are,
    or which of them stay."""
    if seen is None or seen.history is not None or whole:
        return None
    return rewrite(write, newest(messages, write.policy), len(messages), seen.size)


def first_update(write: Write, patch: Patch, seen: Seen | None) -> dict[str, Any] | None:
    """An update's first request; None likewise: where the patch is so large that whole maps have to
    be written."""
    return update(write, patch, frozenset() if seen is None else seen.bounded)
