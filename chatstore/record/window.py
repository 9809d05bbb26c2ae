"""How much of a stored window a reader is shown."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache

from chatstore.models import Message
from chatstore.policy import MAX_WINDOW_BYTES, RetentionPolicy
from chatstore.record.encode import stored_message
from chatstore.record.stored import Body, StoredMessage, document_weights

_HEAVIEST = 3
"""No message weighs more than so many times its JSON text: twice for lists and numbers of one
digit, which the stored size counts with a byte or more of their own, and its id once more."""


@cache
def window_policy(history: int) -> RetentionPolicy:
    """The policy by which the window of a session with history is cut, whoever calls: the longest
    suffix of so many messages, and of 336,000 bytes."""
    return RetentionPolicy(max_messages=history, max_message_bytes=MAX_WINDOW_BYTES)


def shown_count(
    policy: RetentionPolicy,
    history: int | None,
    count: int,
    weights: Callable[[], Sequence[int]],
) -> int:
    """How many of the newest of `count` stored messages a caller with this policy is shown."""
    shown = policy.window(count, weights)
    if history is None:
        return shown
    return min(shown, window_policy(history).window(count, weights))


def newest(messages: Sequence[StoredMessage], policy: RetentionPolicy) -> Sequence[StoredMessage]:
    """The messages of a whole new window that its writer's policy keeps."""
    kept = policy.window(len(messages), lambda: [message.weight for message in messages])
    return messages[len(messages) - kept :]


def shown_of(
    messages: Sequence[Message],
    policy: RetentionPolicy,
    history: int | None = None,
    *,
    body: Body | None = None,
    weights: Sequence[int] | None = None,
) -> int:
    """How many of the newest messages a reader with this policy is shown of a session, with
    `history` or without. `body`: the record's, in which they stand; `weights`: theirs, if they are
    known."""
    if history is not None:
        own = shown_of(messages, window_policy(history), body=body, weights=weights)
        return min(own, shown_of(messages, policy, body=body, weights=weights))
    if weights is not None:
        return policy.window(len(messages), lambda: weights)
    if isinstance(body, str | bytes) and most_weight(body) <= policy.max_window_bytes:
        # To weigh the messages takes longer than all else in a read.
        return (
            len(messages)
            if policy.max_messages is None
            else min(len(messages), policy.max_messages)
        )
    if isinstance(body, Mapping):
        # As they lie there: to make documents of the messages again takes much longer.
        return policy.window(len(messages), lambda: document_weights(body.get("messages", ())))
    return policy.window(
        len(messages), lambda: [stored_message(message).weight for message in messages]
    )


def most_weight(body: str | bytes) -> int:
    """An upper bound, told by the length alone, of what messages weigh whose JSON text this is, or
    is a part of this."""
    # A character has at most four bytes.
    bytes_each = 1 if isinstance(body, bytes) or body.isascii() else 4
    return len(body) * bytes_each * _HEAVIEST
