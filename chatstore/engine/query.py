"""What a listing asks an engine for, and what a page of messages is made of."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from chatstore.clock import Moment
from chatstore.engine.cursor import Position
from chatstore.engine.write import is_visible
from chatstore.models import JsonObject
from chatstore.record.stored import Body, Record

PAGE_BYTES = 1_000_000
"""How much the messages of one page may have of `stored_size` together, unless it is one alone."""


@dataclass(frozen=True, slots=True)
class PageQuery:
    """A listing: at most `limit` live sessions of one user that match, in one order."""

    user_id: str
    now: Moment
    newest_first: bool
    limit: int
    after: Position | None
    """Only sessions beyond this position, in the direction of the listing."""
    created_from: str | None
    created_before: str | None
    session_status: str | None

    def matches(self, document: JsonObject) -> bool:
        """Whether a stored record is one of those that are listed, before or behind `after`."""
        created: Any = document["createdAt"]
        return (
            is_visible(self.now, self.user_id, owner=document["userId"], ttl=document.get("ttl"))
            and (self.created_from is None or created >= self.created_from)
            and (self.created_before is None or created < self.created_before)
            and self.session_status in (None, document.get("sessionStatus", "active"))
        )


@dataclass(frozen=True, slots=True)
class MessageQuery:
    """One page of the messages that are kept of a session, in one order.

    A message's position is the number of messages before it: `messageCount`, less the number that
    is kept, and its index among those; never below 0."""

    session_id: str
    now: Moment
    newest_first: bool
    limit: int
    """How many are asked for: fewer come only if no more follow, or if those that come pass
    `PAGE_BYTES`."""
    after: int | None
    """Only messages beyond this position, in the direction of the page."""

    def positions(self, first: int, end: int) -> range:
        """The positions to read, in the order of the page, where those from `first` to before `end`
        are kept."""
        if self.newest_first:
            last = end if self.after is None else min(end, self.after)
            return range(last - 1, max(first, last - self.limit) - 1, -1)
        begin = first if self.after is None else max(first, self.after + 1)
        return range(begin, min(end, begin + self.limit))


def first_position(message_count: object, kept: int) -> int:
    """The position of the oldest of `kept` messages; 0 where another service wrote no count, or one
    that is no number, which the decoder then refuses."""
    return max(message_count - kept, 0) if isinstance(message_count, int) else 0


class MessagesFound(NamedTuple):
    """A page of messages as an engine hands it over."""

    record: Record
    """The session's, as it was when the messages were read; its body has no messages. If it has
    expired or is another user's, messages need not be read."""
    messages: Sequence[tuple[int, Body]]
    """Each with its position."""
