"""What is said to the database: statements of SQLAlchemy Core, compiled once to text.

Core's `execute` would wrap and convert at every call; the text runs on the driver's own cursor.
Parameters are named, and given as dicts.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import (
    ColumnElement,
    GenerativeSelect,
    Integer,
    LargeBinary,
    bindparam,
    case,
    cast,
    delete,
    false,
    func,
    insert,
    literal_column,
    null,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.sql.elements import CompilerElement

from chatstore_sql.schema import messages, sessions

Limited = TypeVar("Limited", bound=GenerativeSelect)

Parameters = Mapping[str, object]
NO_PARAMETERS: Parameters = {}

_DIALECT = SQLiteDialect_pysqlite(paramstyle="named")


def _text(statement: CompilerElement) -> str:
    return str(statement.compile(dialect=_DIALECT))


_SESSION = sessions.c.session_id == bindparam("session_id")
_LIVE = or_(sessions.c.ttl.is_(None), sessions.c.ttl > bindparam("now"))
_EXPIRED = sessions.c.ttl <= bindparam("now")
_FROM_START = literal_column("0", Integer)
_TWO = literal_column("2", Integer)


def _first(statement: Limited) -> Limited:
    # Without an offset of its own, SQLAlchemy adds a parameter that nobody gives.
    return statement.limit(bindparam("limit")).offset(_FROM_START)


def _joined(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """One column of a session's messages as one text, with commas; NULL if there are none.

    SQLite keeps the order of a subquery that it aggregates into text.
    """
    window = (
        select(column.label("each"))
        .where(messages.c.session_id == sessions.c.session_id)
        .order_by(messages.c.seq)
        .correlate(sessions)
        .subquery("window")
    )
    # A plain "," would become a parameter, filled in at each execution by SQLAlchemy alone.
    comma: Any = literal_column("','")
    return select(func.aggregate_strings(window.c.each, comma)).scalar_subquery()


_SIZES = (
    select(func.sum(messages.c.size))
    .where(messages.c.session_id == sessions.c.session_id)
    .correlate(sessions)
    .scalar_subquery()
)
# As `message_weight` has it.
_WEIGHT = messages.c.size + func.length(cast(messages.c.message_id, LargeBinary)) + _TWO
_whole = select(*sessions.c, _joined(messages.c.body))
_weighed = _whole.add_columns(case((bindparam("light") < _SIZES, _joined(_WEIGHT)), else_=null()))


def _window(*columns: ColumnElement[Any]) -> str:
    return _text(
        select(*columns)
        .where(messages.c.session_id == bindparam("session_id"))
        .order_by(messages.c.seq)
    )


SELECT_IDS = _window(messages.c.seq, messages.c.message_id)
SELECT_SIZES = _window(messages.c.seq, messages.c.message_id, messages.c.size)
SELECT_WINDOW = _window(messages.c.seq, messages.c.message_id, messages.c.size, messages.c.body)

SELECT_SESSION = _text(select(*sessions.c).where(_SESSION))
SELECT_WHOLE = _text(_whole.where(_SESSION))
SELECT_WEIGHED = _text(_weighed.where(_SESSION))
"""The same with the messages' weights, if their sizes are more than `light` together."""
SELECT_STATE = _text(select(sessions.c.user_id, sessions.c.ttl, sessions.c.version).where(_SESSION))
"""What decides who may see a session; no text of the application's."""
SELECT_MESSAGE = _text(
    select(messages.c.body).where(
        messages.c.session_id == bindparam("session_id"), messages.c.seq == bindparam("seq")
    )
)

INSERT_SESSION = _text(insert(sessions))
INSERT_MESSAGE = _text(insert(messages))


def _update(*names: str) -> str:
    return _text(update(sessions).where(_SESSION).values({name: bindparam(name) for name in names}))


_STAMPED = ("updated_at", "ttl", "message_count", "version")
UPDATE_STAMP = _update(*_STAMPED)
"""What an append or a rewrite changes."""
UPDATE_SESSION = _update(*_STAMPED, "session_status", "user_preferences", "metadata")
"""What an update may change."""

DELETE_SESSION = _text(delete(sessions).where(_SESSION))
"""The session and, by the foreign key, its messages."""
DELETE_EXPIRED = _text(delete(sessions).where(_SESSION, _EXPIRED))
DELETE_MESSAGES_BEFORE = _text(
    delete(messages).where(
        messages.c.session_id == bindparam("session_id"), messages.c.seq < bindparam("seq")
    )
)

DELETE_NOTHING = _text(delete(sessions).where(false()))
"""Fails where nothing may be written, and writes nothing."""

SELECT_OWNED = _text(
    _first(
        select(sessions.c.session_id, sessions.c.ttl).where(
            sessions.c.user_id == bindparam("user_id")
        )
    )
)
SELECT_EXPIRED = _text(
    _first(
        select(sessions.c.session_id)
        .where(_EXPIRED, sessions.c.session_id > bindparam("after"))
        .order_by(sessions.c.session_id)
    )
)
SELECT_ANY = _text(
    select(sessions.c.version, messages.c.seq)
    .outerjoin_from(sessions, messages)
    .limit(literal_column("1", Integer))
    .offset(_FROM_START)
)
"""Fails if a table or a column is not there."""

SELECT_SCAN = _text(
    _first(
        _weighed.where(_LIVE, sessions.c.session_id > bindparam("after")).order_by(
            sessions.c.session_id
        )
    )
)
"""`after` is the empty text at the start: no id is empty."""


class PageShape(NamedTuple):
    """What a page's statement depends on: its direction and which conditions it has."""

    newest_first: bool
    after: bool
    created_from: bool
    created_before: bool
    session_status: bool


@cache  # 32 shapes
def select_page(shape: PageShape) -> str:
    """The statement of a page, which walks the index `chat_sessions_by_user`."""
    created, session_id = sessions.c.created_at, sessions.c.session_id
    statement = select(*sessions.c).where(sessions.c.user_id == bindparam("user_id"), _LIVE)
    if shape.after:
        place = tuple_(created, session_id)
        after = tuple_(bindparam("after_created_at"), bindparam("after_session_id"))
        statement = statement.where(place < after if shape.newest_first else place > after)
    if shape.created_from:
        statement = statement.where(created >= bindparam("created_from"))
    if shape.created_before:
        statement = statement.where(created < bindparam("created_before"))
    if shape.session_status:
        statement = statement.where(sessions.c.session_status == bindparam("session_status"))
    if shape.newest_first:
        order = (created.desc(), session_id.desc())
    else:
        order = (created.asc(), session_id.asc())
    return _text(_first(statement.order_by(*order)))
