"""What is said to list a user's sessions."""

from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Select, bindparam, select, tuple_

from chatstore.engine.query import PageQuery
from chatstore_sql.schema import sessions
from chatstore_sql.sql_text import first, text_of
from chatstore_sql.statements import LIVE, SHOWN_COLUMNS


class PageShape(NamedTuple):
    """What a page's statement depends on: its direction and which conditions it has."""

    newest_first: bool
    after: bool
    created_from: bool
    created_before: bool
    session_status: bool


@cache  # 32 shapes
def select_page(shape: PageShape) -> str:
    """The text of a page's statement."""
    return text_of(page_select(shape))


def page_select(shape: PageShape) -> Select[Any]:
    """The statement of a page, which walks the index `chat_sessions_by_user`."""
    created, session_id = sessions.c.created_at, sessions.c.session_id
    statement = select(*SHOWN_COLUMNS).where(sessions.c.user_id == bindparam("user_id"), LIVE)
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
    return first(statement.order_by(*order))


def page_shape(query: PageQuery) -> PageShape:
    """Which statement a listing needs."""
    return PageShape(
        newest_first=query.newest_first,
        after=query.after is not None,
        created_from=query.created_from is not None,
        created_before=query.created_before is not None,
        session_status=query.session_status is not None,
    )


def page_parameters(query: PageQuery) -> Mapping[str, str | int | None]:
    """The parameters of every page's statement; one that a statement lacks is not looked at."""
    return {
        "user_id": query.user_id,
        "now": query.now.seconds,
        "limit": query.limit,
        "after_created_at": query.after and query.after.created_at,
        "after_session_id": query.after and query.after.session_id,
        "created_from": query.created_from,
        "created_before": query.created_before,
        "session_status": query.session_status,
    }
