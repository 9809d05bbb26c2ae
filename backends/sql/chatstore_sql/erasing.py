"""Erasing in chunks: no other writer waits for longer than one takes.

A session is gone with its row. Messages that are too many to go with it are left over, under a life
that is no session's any more, and go chunk by chunk. Whoever is killed meanwhile leaves the life in
`chat_leftovers`, for `purge_expired` and `delete_user`.
"""

from collections.abc import Sequence

from chatstore.engine import Moment, each_step
from chatstore.runtime import deadline
from chatstore_sql import message_statements, statements
from chatstore_sql.sqlite.database import Cursor, Database
from chatstore_sql.statements import ALL

SESSIONS = 500
"""How many sessions one transaction erases."""
MESSAGES = 5_000
"""How many messages one transaction erases."""

_AT_ONCE = 0
"""When leftovers are due that nobody uses any more."""


def erase(cursor: Cursor, life: int, kept: int, *, room: int | None = None) -> int:
    """Erase a session, and its messages if there is `room` for so many in this transaction; else
    they are left over. Returns the room that is left."""
    room = MESSAGES if room is None else room
    cursor.execute(statements.DELETE_SESSION, {"life": life})
    if kept > room:
        leave_over(cursor, life)
        return room
    cursor.execute(message_statements.DELETE_MESSAGES, {"life": life})
    return room - kept


def erase_expired(cursor: Cursor, lives: Sequence[int], now: Moment) -> int:
    """Erase those sessions that are still expired; how many that were."""
    removed, room = 0, MESSAGES
    for life in lives:
        expired = {"life": life, "now": now.seconds}
        for (kept,) in cursor.execute(statements.SELECT_IF_EXPIRED, expired).fetchall():
            room = erase(cursor, life, kept, room=room)
            removed += 1
    return removed


def leave_over(cursor: Cursor, life: int, *, due: int = _AT_ONCE) -> None:
    """Note that a life is no session's."""
    cursor.execute(statements.INSERT_LEFTOVER, {"life": life, "due": due})


def sweep(database: Database, now: Moment) -> None:
    """Erase what is left over and due. It takes as long as there is data."""
    while found := database.read(statements.SELECT_LEFTOVER, {"now": now.seconds, "limit": 1}):
        with each_step():
            _sweep_chunk(database, found[0][0])


def sweep_in_time(database: Database, life: int, kept: int = ALL) -> None:
    """Erase what is left over of a life that kept so many messages, or as much of it as the call
    has time for: the rest is for whoever purges."""
    if kept > MESSAGES:
        while not deadline.is_over() and not _sweep_chunk(database, life):
            pass


def _sweep_chunk(database: Database, life: int) -> bool:
    """Erase a chunk of a leftover life; whether it was the last."""
    key = {"life": life}
    with database.write(may_take_long=True) as cursor:
        # Who noted the life may have made it a session's by now.
        if not cursor.execute(statements.SELECT_LEFTOVER_LIFE, key).fetchall():
            return True
        chunk = {"life": life, "limit": MESSAGES}
        cursor.execute(message_statements.DELETE_CHUNK, chunk)
        if cursor.rowcount >= MESSAGES:
            return False
        cursor.execute(message_statements.DELETE_MESSAGES, key)
        cursor.execute(statements.DELETE_LEFTOVER, key)
    return True
