"""The window, the numbers and the order as the documents have them, counted out anew.

Nothing here is shared with a store: it is written from docs/window.md, docs/record.md,
docs/history.md and docs/user-queries.md alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from chatstore import Message, RetentionPolicy


def number(value: float) -> float:
    """A number in its one form: by its shortest decimal text, integral and of at most 38 digits is
    that int, else it is a float."""
    exact = Decimal(repr(value))
    if exact == exact.to_integral_value() and exact.copy_abs() < 10**38:
        return int(exact)
    return float(value)


def normal(value: Any) -> Any:
    """A JSON value with all its numbers in that form."""
    match value:
        case dict():
            return {name: normal(entry) for name, entry in value.items()}
        case list():
            return [normal(entry) for entry in value]
        case bool() | None | str():
            return value
        case _:
            return number(value)


def size(value: Any) -> int:
    """A text is its UTF-8 bytes; a number the length of its text and 1; true, false and null 1; a
    list or an object 3, and 1 an entry, and the entries, names included."""
    match value:
        case str():
            return len(value.encode())
        case bool() | None:
            return 1
        case dict():
            return 3 + sum(1 + size(name) + size(entry) for name, entry in value.items())
        case list():
            return 3 + sum(1 + size(entry) for entry in value)
        case _:
            return len(repr(value)) + 1


def stored_text(moment: datetime) -> str:
    """A time in UTC as it is stored: in one width."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond:06}Z"


def stored_bytes(message: Message) -> int:
    """The stored size of a message without filters, recommendations and confidence."""
    known = {
        "content": message.content,
        "toolCalls": message.tool_calls,
        "toolCallId": message.tool_call_id,
        "name": message.name,
        "metadata": message.metadata,
    }
    document = {
        "messageId": message.message_id,
        "type": message.type,
        "timestamp": stored_text(message.timestamp),
        **{name: value for name, value in known.items() if value is not None},
        **(message.model_extra or {}),
    }
    return size(normal(document))


def weight(message: Message) -> int:
    """What a message counts in a window: its stored size, its id's bytes and 2."""
    return stored_bytes(message) + len(message.message_id.encode()) + 2


def window(messages: Sequence[Message], policy: RetentionPolicy) -> list[Message]:
    """If `max_messages` of the largest messages fit, the newest `max_messages`; otherwise the
    longest suffix that fits both bounds."""
    most, room = policy.max_messages, policy.max_window_bytes
    if most is not None and most * policy.max_message_bytes <= room:
        return list(messages[-most:])
    for start in range(len(messages)):
        rest = messages[start:]
        if (most is None or len(rest) <= most) and sum(map(weight, rest)) <= room:
            return list(rest)
    return []


def window_of_history(messages: Sequence[Message], most: int) -> list[Message]:
    """Of a session with history, whoever calls: the longest suffix of `most` messages and of
    336,000 bytes."""
    return window(messages, RetentionPolicy(max_messages=most, max_message_bytes=336_000))


def shown_of_history(
    messages: Sequence[Message], most: int, policy: RetentionPolicy
) -> list[Message]:
    """What a reader is shown of a session with history: of its window what the reader's own policy
    allows."""
    return window(window_of_history(messages, most), policy)


def page_of(messages: Sequence[Message], limit: int) -> int:
    """How many messages, of those that follow in the order of a listing, stand on its next page: as
    many as are asked for, but of at most 1,000,000 bytes together; one at least."""
    room = 1_000_000
    for count, message in enumerate(messages[:limit]):
        room -= stored_bytes(message)
        if room < 0 and count:
            return count
    return len(messages[:limit])


def state_bytes(entries: Mapping[str, Any]) -> int:
    """What preferences or metadata count: the bytes of all names and all values."""
    return sum(size(name) + size(value) for name, value in entries.items())


@dataclass(frozen=True)
class Listed:
    """What a listing goes by: of one session."""

    session_id: str
    created_at: datetime
    session_status: str


def page(
    sessions: Sequence[Listed],
    *,
    newest_first: bool,
    status: str | None,
    created_from: datetime | None,
    created_before: datetime | None,
) -> list[str]:
    """The ids of a whole list: filtered, and in the order of (created, id), either way."""
    shown = [
        each
        for each in sessions
        if (status is None or each.session_status == status)
        and (created_from is None or created_from <= each.created_at)
        and (created_before is None or each.created_at < created_before)
    ]
    key = [(stored_text(each.created_at), each.session_id.encode()) for each in shown]
    order = sorted(range(len(shown)), key=key.__getitem__, reverse=newest_first)
    return [shown[position].session_id for position in order]
