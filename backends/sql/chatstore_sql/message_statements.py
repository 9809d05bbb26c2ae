"""What is said of messages: of one life's, by their numbers and by their ids."""

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    LargeBinary,
    ScalarSelect,
    bindparam,
    cast,
    delete,
    func,
    insert,
    literal_column,
    select,
)

from chatstore_sql.schema import messages, sessions
from chatstore_sql.sql_text import in_places, text_of

_TWO = literal_column("2", Integer)
_LIFE = messages.c.life == bindparam("life")

# As `message_weight` has it.
WEIGHT = messages.c.size + func.length(cast(messages.c.message_id, LargeBinary)) + _TWO


def joined(
    column: ColumnElement[Any], life: ColumnElement[Any], from_seq: ColumnElement[Any]
) -> ScalarSelect[Any]:
    """One column of a life's messages, from a number on, as one text with commas; NULL if there are
    none.

    SQLite keeps the order of a subquery that it aggregates into text.
    """
    each = (
        select(column.label("each"))
        .where(messages.c.life == life, messages.c.seq >= from_seq)
        .order_by(messages.c.seq)
        .correlate(sessions)
        .subquery("each_message")
    )
    # A plain "," would become a parameter, filled in at each execution by SQLAlchemy alone.
    comma: Any = literal_column("','")
    return select(func.aggregate_strings(each.c.each, comma)).scalar_subquery()


_life, _from_seq = bindparam("life", type_=Integer), bindparam("from_seq", type_=Integer)
_bodies = joined(messages.c.body, _life, _from_seq)
_weights_beside = joined(WEIGHT, _life, _from_seq)
SELECT_BODIES = text_of(select(_bodies))
"""The bodies of a life's messages from a number on, as one text."""
SELECT_BODIES_AND_WEIGHTS = text_of(select(_bodies, _weights_beside))
"""The same, and their weights."""
_at = messages.c.seq == bindparam("seq")
SELECT_BODY = text_of(select(messages.c.body).where(_LIFE, _at))
SELECT_BODY_AND_SIZE = text_of(select(messages.c.body, messages.c.size).where(_LIFE, _at))
SELECT_ID = text_of(select(messages.c.message_id).where(_LIFE, _at))
SELECT_MET = in_places(
    select(messages.c.seq)
    .where(
        _LIFE,
        messages.c.message_id == bindparam("message_id"),
        messages.c.seq >= bindparam("from_seq"),
    )
    .order_by(messages.c.seq),
    *("life", "message_id", "from_seq"),
)
"""Where messages with an id stand, from a number on."""

_weights = select(WEIGHT).where(_LIFE, messages.c.seq >= bindparam("from_seq"))
SELECT_OLDEST_WEIGHTS = in_places(_weights.order_by(messages.c.seq), "life", "from_seq")
SELECT_NEWEST_WEIGHTS = in_places(_weights.order_by(messages.c.seq.desc()), "life", "from_seq")

_page = select(messages.c.seq, messages.c.size, messages.c.body).where(
    _LIFE, messages.c.seq >= bindparam("lowest"), messages.c.seq <= bindparam("highest")
)
_PLACES = ("life", "lowest", "highest")
SELECT_PAGE = in_places(_page.order_by(messages.c.seq), *_PLACES)
SELECT_PAGE_NEWEST_FIRST = in_places(_page.order_by(messages.c.seq.desc()), *_PLACES)

_COLUMNS = ("life", "seq", "message_id", "size", "body")
INSERT_MESSAGE = in_places(insert(messages), *_COLUMNS)
REPLACE_MESSAGE = in_places(insert(messages).prefix_with("OR REPLACE"), *_COLUMNS)
DELETE_BEFORE = in_places(
    delete(messages).where(_LIFE, messages.c.seq < bindparam("seq")), "life", "seq"
)
DELETE_FROM = in_places(
    delete(messages).where(_LIFE, messages.c.seq >= bindparam("seq")), "life", "seq"
)
DELETE_MESSAGES = text_of(delete(messages).where(_LIFE))

_oldest = select(func.min(messages.c.seq)).where(_LIFE).scalar_subquery()
DELETE_CHUNK = text_of(
    delete(messages).where(_LIFE, messages.c.seq < _oldest + bindparam("limit", type_=Integer))
)
"""So many of a life's oldest messages."""
