"""Sessions with history: what a write to one may carry.

The functions here are pure, like those of `write`. `history` is the stored attribute of that name:
how many of the newest messages are the session's window, whoever calls.
"""

from collections.abc import Mapping, Sequence

from chatstore.errors import InvalidInputError, MessageNotFoundError, MessageTooLargeError
from chatstore.policy import MAX_HISTORY_WINDOW, MAX_WINDOW_BYTES, RetentionPolicy
from chatstore.record.stored import StoredMessage


def history_of(stored: Mapping[str, object]) -> int | None:
    """The window of a stored session that keeps its history; None if it keeps none.

    Whatever else another service wrote there counts as the largest window: such a record can't be
    read, as the decoder tells, and nothing of it is lost.
    """
    history = stored.get("history")
    if history is None:
        return None
    if isinstance(history, int | float) and history in range(1, MAX_HISTORY_WINDOW + 1):
        return int(history)
    return MAX_HISTORY_WINDOW


def require_batch_weight(messages: Sequence[StoredMessage]) -> None:
    """Raise `InvalidInputError` if what one write adds to a session with history is heavier than
    336,000 bytes, the most that an engine takes at once."""
    weight = sum(message.weight for message in messages)
    if weight > MAX_WINDOW_BYTES:
        raise InvalidInputError(
            "messages",
            f"at most {MAX_WINDOW_BYTES} bytes together for a session with history",
            f"{weight} bytes",
            "give fewer at a time",
        )


def require_window(messages: Sequence[StoredMessage], history: int) -> None:
    """Raise `InvalidInputError` if messages that are to replace the window of a session with
    history are more than it can hold."""
    if len(messages) > history:
        raise InvalidInputError(
            "messages",
            f"at most {history}, the window of a session with history",
            f"{len(messages)}",
            "replace the whole history by whole=True",
        )
    require_batch_weight(messages)


def place_to_amend(session_id: str, message_id: str, stored_ids: Sequence[str]) -> int:
    """The place in the window, whose ids are `stored_ids`, of the message that is to be amended.

    An id may be there twice, where a rewrite let an older message slide into view: it is the newest
    of them, which a retry meets as well. Raises `MessageNotFoundError` if there is none.
    """
    for place in range(len(stored_ids) - 1, -1, -1):
        if stored_ids[place] == message_id:
            return place
    raise MessageNotFoundError(session_id, message_id)


def require_amended_fit(
    policy: RetentionPolicy, history: int | None, *, total: int, old: int, new: int
) -> None:
    """Raise `MessageTooLargeError` if a message that weighs `new` does not fit in the place of one
    that weighs `old`. `total`: what the window weighs that holds it, as stored."""
    limit = MAX_WINDOW_BYTES if history is not None else policy.deciding_bytes or MAX_WINDOW_BYTES
    if new > old and total - old + new > limit:
        raise MessageTooLargeError(
            "message",
            f"at most {max(limit - (total - old), 0)} bytes with its id, the room in the window "
            "(max_window_bytes)",
            f"{new} bytes",
            "shorten it",
        )
