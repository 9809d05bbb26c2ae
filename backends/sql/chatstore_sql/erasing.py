"""Erasing in chunks: no other writer waits for longer than one takes.

A session is gone with its row. Messages that are too many to go with it are left over, under a life
that is no session's any more, and go chunk by chunk. Whoever is killed meanwhile leaves the life in
`chat_leftovers`, for `purge_expired` and `delete_user`.
"""

import time
from collections.abc import Sequence

from chatstore.engine import Moment, each_step
from chatstore.errors import BackendUnavailableError
from chatstore.runtime import deadline
from chatstore_sql import message_statements, statements
from chatstore_sql.errors import is_busy
from chatstore_sql.sqlite.database import Cursor, Database
from chatstore_sql.statements import ALL

SESSIONS = 500
"""How many sessions are looked for at a time."""
MESSAGES = 1_000
"""How many messages one transaction erases: some milliseconds."""

_PAUSE = 0.002
"""Seconds between two chunks: who waits would come too late otherwise, time and again."""


def erase(cursor: Cursor, life: int, kept: int) -> None:
    """Erase a session, and its messages unless they are more than a chunk: then the table's trigger
    notes that they are left over."""
    if kept <= MESSAGES:
        cursor.execute(message_statements.DELETE_MESSAGES, {"life": life})
    cursor.execute(statements.DELETE_SESSION, {"life": life})


class _Chunk:
    """What one transaction erases."""

    def __init__(self) -> None:
        self._room = MESSAGES

    def takes(self, kept: int) -> bool:
        """Whether a session that keeps so many messages is erased in it too."""
        # What is left over takes no room.
        self._room -= kept if kept <= MESSAGES else 0
        return self._room >= 0


def erase_user_chunk(cursor: Cursor, user_id: str) -> tuple[Sequence[int | None], bool]:
    """Erase some of a user's sessions: their ttls, and whether they were the last."""
    wanted = {"user_id": user_id, "limit": SESSIONS}
    owned = cursor.execute(statements.SELECT_OWNED, wanted).fetchall()
    chunk = _Chunk()
    ttls: list[int | None] = []
    for life, kept, ttl in owned:
        if not chunk.takes(kept):
            break
        erase(cursor, life, kept)
        ttls.append(ttl)
    return ttls, len(ttls) == len(owned) < SESSIONS


def erase_expired(database: Database, lives: Sequence[int], now: Moment) -> int:
    """Erase those sessions that are still expired; how many that were."""
    removed = done = 0
    while done < len(lives):
        with each_step(), database.write(may_take_long=True) as cursor:
            chunk = _Chunk()
            for life in lives[done:]:
                expired = {"life": life, "now": now.seconds}
                found = cursor.execute(statements.SELECT_IF_EXPIRED, expired).fetchall()
                if found and not chunk.takes(found[0][0]):
                    break
                for (kept,) in found:
                    erase(cursor, life, kept)
                removed += len(found)
                done += 1
        time.sleep(_PAUSE)
    return removed


def leave_over(cursor: Cursor, life: int, *, due: int) -> None:
    """Note that what is written under a life, which is no session's yet, is erased from `due`
    on."""
    cursor.execute(statements.INSERT_LEFTOVER, {"life": life, "due": due})


def sweep(database: Database, now: Moment) -> None:
    """Erase what is left over and due. It takes as long as there is data."""
    while found := database.read(statements.SELECT_LEFTOVER, {"now": now.seconds, "limit": 1}):
        with each_step():
            _sweep_chunk(database, found[0][0])
        time.sleep(_PAUSE)


def sweep_in_time(database: Database, life: int, kept: int = ALL) -> None:
    """Erase what is left over of a life that kept so many messages, or as much of it as the call
    has time for, and others let it: the session is gone, and the rest is for whoever purges."""
    if kept <= MESSAGES:
        return
    try:
        while not deadline.is_over() and not _sweep_chunk(database, life):
            time.sleep(_PAUSE)
    except (deadline.DeadlineError, BackendUnavailableError):
        pass
    except Exception as error:
        if not (deadline.is_over() or is_busy(error)):
            raise


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
