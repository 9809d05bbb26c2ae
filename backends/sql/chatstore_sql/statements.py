"""What is said of sessions: of one, of those that have expired, of all."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    Integer,
    bindparam,
    case,
    delete,
    false,
    func,
    insert,
    literal_column,
    null,
    or_,
    select,
    update,
)

from chatstore.policy import MAX_WINDOW_BYTES
from chatstore_sql.columns import SHOWN, SessionRow
from chatstore_sql.message_statements import WEIGHT, joined
from chatstore_sql.schema import leftovers, messages, sessions
from chatstore_sql.sql_text import first, in_places, text_of

_SESSION = sessions.c.session_id == bindparam("session_id")
_LIFE = sessions.c.life == bindparam("life")
LIVE = or_(sessions.c.ttl.is_(None), sessions.c.ttl > bindparam("now"))
_EXPIRED = sessions.c.ttl <= bindparam("now")

SHOWN_COLUMNS = [sessions.c[name] for name in SHOWN]
_ROW = [sessions.c[name] for name in SessionRow._fields]

ALL = 2**62
"""As many messages as there are, and heavier than any."""

_ALL = literal_column(str(ALL), Integer)
_NO_HISTORY = sessions.c.history.is_(None)
_most = func.min(bindparam("last", type_=Integer), func.coalesce(sessions.c.history, _ALL))
_from_seq = sessions.c.next_seq - _most
_light = case(
    (_NO_HISTORY, bindparam("light", type_=Integer)),
    else_=literal_column(str(MAX_WINDOW_BYTES // 4), Integer),
)
_weights = joined(WEIGHT, sessions.c.life, _from_seq)
_record = select(
    *SHOWN_COLUMNS,
    joined(messages.c.body, sessions.c.life, _from_seq),
    case((_light < sessions.c.kept_weight, _weights), else_=null()),
)
"""The columns of a record, its newest messages, and their weights if those that are kept are more
than `light` together: at most `last` messages, and with history no more than a window can have."""

SELECT_SESSION = in_places(select(*_ROW).where(_SESSION), "session_id")
SELECT_RECORD = text_of(_record.where(_SESSION))
SELECT_STATE = text_of(
    select(
        sessions.c.user_id, sessions.c.ttl, sessions.c.version, sessions.c.life, sessions.c.kept
    ).where(_SESSION)
)
"""What decides who may see a session, and what there is to erase; no text of the application's."""

INSERT_SESSION = text_of(insert(sessions).returning(sessions.c.life))


def _update(*names: str) -> str:
    values: Mapping[str, Any] = {name: bindparam(name) for name in names}
    return in_places(update(sessions).where(_LIFE).values(values), *names, "life")


UPDATE_WINDOW = _update(
    *("updated_at", "ttl", "message_count", "version", "next_seq", "kept", "kept_weight")
)
"""What an append or a rewrite changes."""
UPDATE_WINDOW_AND_STATE = _update(
    *("updated_at", "ttl", "message_count", "session_status", "version"),
    *("next_seq", "kept", "kept_weight", "user_preferences", "metadata"),
)
"""What any write may change."""

DELETE_SESSION = text_of(delete(sessions).where(_LIFE))
SELECT_IF_EXPIRED = text_of(select(sessions.c.kept).where(_LIFE, _EXPIRED))
DELETE_NOTHING = text_of(delete(sessions).where(false()))
"""Fails where nothing may be written, and writes nothing."""

SELECT_OWNED = text_of(
    first(
        select(sessions.c.life, sessions.c.kept, sessions.c.ttl).where(
            sessions.c.user_id == bindparam("user_id")
        )
    )
)
SELECT_EXPIRED = text_of(
    first(
        select(sessions.c.session_id, sessions.c.life)
        .where(_EXPIRED, sessions.c.session_id > bindparam("after"))
        .order_by(sessions.c.session_id)
    )
)
SELECT_SCAN = text_of(
    first(
        _record.where(LIVE, sessions.c.session_id > bindparam("after")).order_by(
            sessions.c.session_id
        )
    )
)
"""`after` is the empty text at the start: no id is empty."""
SELECT_ANY = text_of(
    select(sessions.c.kept, messages.c.seq, leftovers.c.due)
    .outerjoin_from(sessions, messages, messages.c.life == sessions.c.life)
    .outerjoin(leftovers, leftovers.c.life == sessions.c.life)
    .limit(literal_column("1", Integer))
    .offset(literal_column("0", Integer))
)
"""Fails if a table or a column is not there."""

INSERT_LEFTOVER = text_of(insert(leftovers))
SELECT_LEFTOVER = text_of(
    first(select(leftovers.c.life).where(leftovers.c.due <= bindparam("now")))
)
SELECT_LEFTOVER_LIFE = text_of(
    select(leftovers.c.life).where(leftovers.c.life == bindparam("life"))
)
UPDATE_LEFTOVER = text_of(
    update(leftovers)
    .where(leftovers.c.life == bindparam("left_life"))
    .values({"due": bindparam("due")})
)
DELETE_LEFTOVER = text_of(delete(leftovers).where(leftovers.c.life == bindparam("life")))

# What SQLite counts an AUTOINCREMENT key by. It has no row before the first session.
BEGIN_LIVES = """INSERT INTO sqlite_sequence (name, seq) SELECT 'chat_sessions', 0
WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'chat_sessions')"""
NEXT_LIFE = "UPDATE sqlite_sequence SET seq = seq + 1 WHERE name = 'chat_sessions' RETURNING seq"
"""The number of a life that is no session's yet."""
