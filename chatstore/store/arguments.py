"""From a caller's arguments to what an engine is given."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from chatstore.clock import Moment, utc_text
from chatstore.engine.cursor import require_position
from chatstore.engine.query import PageQuery
from chatstore.engine.write import NO_CHANGES, Patch, ttl_from
from chatstore.models import JsonObject, Message, new_id
from chatstore.policy import RetentionPolicy
from chatstore.record import limits, state
from chatstore.record.messages import checked_batch
from chatstore.record.stored import StoredSession
from chatstore.record.window import newest
from chatstore.values.plain import require_flag

_BEFORE_ALL = Moment(datetime(1970, 1, 1, tzinfo=UTC))


def new_session(
    now: Moment,
    policy: RetentionPolicy,
    user_id: str,
    session_id: str,
    *,
    messages: Iterable[Message] = (),
    user_preferences: Mapping[str, object] | None = None,
    metadata: Mapping[str, object] | None = None,
    session_status: str = "active",
) -> StoredSession:
    """The record of a session that begins now."""
    given = checked_batch(messages, policy, most=limits.MAX_MESSAGES)
    ttl = ttl_from(now, policy)
    return StoredSession(
        {
            "sessionId": limits.require_id("session_id", session_id),
            "userId": limits.require_id("user_id", user_id),
            "createdAt": now.text,
            "updatedAt": now.text,
            **({} if ttl is None else {"ttl": ttl}),
            "userPreferences": _given(_map("user_preferences", user_preferences)),
            "metadata": _given(_map("metadata", metadata)),
            "messageCount": len(given),
            "sessionStatus": limits.require_label("session_status", session_status),
            "version": 1,
            "creationId": new_id(),
            **({"history": policy.max_messages} if policy.keep_history else {}),
        },
        given if policy.keep_history else newest(given, policy),
    )


def patch(
    *,
    user_preferences: Mapping[str, object] | None = None,
    metadata: Mapping[str, object] | None = None,
    session_status: str | None = None,
) -> Patch:
    """The changes of a write to all but the messages, in their stored form."""
    if user_preferences is None and metadata is None and session_status is None:
        return NO_CHANGES
    status = None
    if session_status is not None:
        status = limits.require_label("session_status", session_status)
    return Patch(_map("user_preferences", user_preferences), _map("metadata", metadata), status)


def page_query(
    now: Moment,
    user_id: str,
    *,
    newest_first: bool = True,
    limit: int = 20,
    cursor: str | None = None,
    created_from: datetime | None = None,
    created_before: datetime | None = None,
    session_status: str | None = None,
) -> PageQuery:
    """What a listing asks for: one session more than `limit`, to see whether anything follows."""
    most = limits.require_limit(limit)
    return PageQuery(
        user_id=limits.require_id("user_id", user_id),
        now=now,
        newest_first=require_flag("newest_first", newest_first),
        limit=most + 1,
        after=None if cursor is None else require_position(cursor),
        created_from=_bound("created_from", created_from),
        created_before=_bound("created_before", created_before),
        session_status=(
            None
            if session_status is None
            else limits.require_label("session_status", session_status)
        ),
    )


def query_of_all(user_id: str) -> PageQuery:
    """The first page of all that is stored of a user, expired or not."""
    return PageQuery(
        user_id=user_id,
        now=_BEFORE_ALL,
        newest_first=False,
        limit=limits.MAX_PAGE,
        after=None,
        created_from=None,
        created_before=None,
        session_status=None,
    )


def _bound(field: str, moment: datetime | None) -> str | None:
    return None if moment is None else utc_text(moment, field)


def _map(field: str, entries: Mapping[str, object] | None) -> JsonObject:
    return {} if entries is None else state.require_map(field, entries)


def _given(entries: JsonObject) -> JsonObject:
    """Entries of a new session: a None means "no such key"."""
    return {name: value for name, value in entries.items() if value is not None}
