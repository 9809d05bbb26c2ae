"""Pages of the messages that are kept of a session: what is asked for, and what is handed out."""

import math
from collections.abc import Iterator, Sequence
from typing import Unpack

from chatstore.clock import Moment, utc_text
from chatstore.engine.cursor import MessagePosition, decode_message_cursor, encode_message_cursor
from chatstore.engine.query import PAGE_BYTES, MessageQuery
from chatstore.engine.write import is_visible
from chatstore.errors import InvalidCursorError, SessionNotFoundError
from chatstore.fields import MessageListing
from chatstore.models import Message, Page, SessionInfo
from chatstore.record import limits
from chatstore.record.encode import stored_message
from chatstore.record.stored import Body
from chatstore.record.window import most_weight
from chatstore.store.engine_calls import EngineCalls
from chatstore.values.plain import plain_json, require_flag, shown


def read_page(
    calls: EngineCalls,
    now: Moment,
    owner: str | None,
    session_id: str,
    **listing: Unpack[MessageListing],
) -> Page[Message]:
    """One page of a session that `owner` may see. Raises `SessionNotFoundError`, and
    `InvalidCursorError` for a cursor that is none, or of another session."""
    query, cursor = _query(now, session_id, **listing)
    key = query.session_id
    found = calls.call(calls.engine.messages, key, query)
    if found is None or not is_visible(
        now, owner, owner=found.record.user_id, ttl=found.record.ttl
    ):
        raise SessionNotFoundError(key)
    info = calls.decode(SessionInfo, found.record.body, key)
    return _page(calls, query, cursor, info, found.messages)


def _query(
    now: Moment,
    session_id: str,
    *,
    newest_first: bool = True,
    limit: int = 50,
    cursor: str | None = None,
) -> tuple[MessageQuery, MessagePosition | None]:
    """What a page asks an engine for, one message more than `limit` to see whether anything
    follows; and the position that it goes on from."""
    key = limits.require_id("session_id", session_id)
    order = require_flag("newest_first", newest_first)
    most = limits.require_limit(limit)
    position = None if cursor is None else decode_message_cursor(cursor)
    if position is not None and position.session_id != key:
        raise InvalidCursorError(size=shown(plain_json(cursor)))
    after = None if position is None else position.place
    return MessageQuery(key, now, order, most + 1, after), position


def _page(
    calls: EngineCalls,
    query: MessageQuery,
    cursor: MessagePosition | None,
    info: SessionInfo,
    found: Sequence[tuple[int, Body]],
) -> Page[Message]:
    """What was found, cut to the page. Raises `InvalidCursorError` if the session was created anew
    since the cursor was made."""
    life = life_of(info)
    if cursor is not None and cursor.life != life:
        raise InvalidCursorError(size="one of an earlier session with this id")
    items = list(_fitting(calls, query, found))
    last = found[len(items) - 1][0] if len(items) < len(found) else None
    following = (
        None
        if last is None
        else encode_message_cursor(MessagePosition(query.session_id, life, last))
    )
    return Page(items, following, info.version, info.creation_id)


def life_of(info: SessionInfo) -> str:
    """What tells a session from an earlier or a later one with its id, in a cursor."""
    return info.creation_id or utc_text(info.created_at)


def _fitting(
    calls: EngineCalls, query: MessageQuery, found: Sequence[tuple[int, Body]]
) -> Iterator[Message]:
    asked = found[: query.limit - 1]
    # To measure a message takes longer than to decode it, and few pages are so large.
    is_small = _most_weight(asked) <= PAGE_BYTES
    room = PAGE_BYTES
    for index, (_, body) in enumerate(asked):
        message = calls.decode_message(body, query.session_id)
        if not is_small:
            room -= stored_message(message).size
            if room < 0 and index:
                return
        yield message


def _most_weight(found: Sequence[tuple[int, Body]]) -> float:
    """An upper bound of what messages weigh together; infinity where none is known at once."""
    return sum(
        most_weight(body) if isinstance(body, str | bytes) else math.inf for _, body in found
    )
