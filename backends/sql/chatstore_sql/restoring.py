"""A session is written as it is, with all that is kept of it.

What comes before its window may be much, and its source slow: it may be another store, or this
one. So it is written in chunks, under a life that is no session's yet. What makes it one is written
last.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import chain
from typing import NamedTuple

from chatstore.engine import Moment, StoredMessage, StoredSession, each_step, is_visible
from chatstore_sql import erasing, statements
from chatstore_sql.appending import put
from chatstore_sql.chunks import RESERVED_SECONDS, chunks, purged_meanwhile
from chatstore_sql.rows import new_row
from chatstore_sql.sqlite.database import Cursor, Database


class _Written(NamedTuple):
    """Messages that are stored already under the life of a session that is to be."""

    number: int = 0
    weight: int = 0

    def and_also(self, messages: Sequence[StoredMessage]) -> "_Written":
        """The same with more messages."""
        weight = sum(message.weight for message in messages)
        return _Written(self.number + len(messages), self.weight + weight)


def restore(
    database: Database,
    session: StoredSession,
    history: Iterator[StoredMessage],
    *,
    overwrite: bool,
    now: Moment,
) -> bool:
    """Write a session. False, and nothing to be seen, if a live one has its id and is not to be
    replaced."""
    place = Place(database, session, overwrite=overwrite, now=now)
    parts = chunks(history)
    first, second = next(parts), next(parts, None)
    if second is None:
        return place.write_at_once(first)
    if place.is_taken():
        return False
    life = place.reserve_life()
    try:
        written = _Written()
        for chunk in chain((first, second), parts):
            place.write_chunk(life, written.number, chunk)
            written = written.and_also(chunk)
        is_written = place.write_last(life, written)
    except BaseException:
        # What is in the way of that does not hide the cause; a purge does it a day later.
        with suppress(Exception):
            place.abandon(life)
        raise
    if not is_written:
        place.abandon(life)
    return is_written


class Place:
    """Where a session is to be written."""

    def __init__(
        self, database: Database, session: StoredSession, *, overwrite: bool, now: Moment
    ) -> None:
        self._database = database
        self._session = session
        self._overwrite = overwrite
        self._now = now

    def write_at_once(self, history: Sequence[StoredMessage]) -> bool:
        """Write all in one transaction."""
        self._database.make()
        with self._database.write() as cursor:
            replaced = self._replaced(cursor)
            if replaced is None:
                return False
            self._insert(cursor, None, [*history, *self._session.messages], _Written())
        self._sweep(replaced)
        return True

    def is_taken(self) -> bool:
        """Whether a live session is there that is not to be replaced."""
        found = self._database.read(statements.SELECT_STATE, self._key, may_take_long=False)
        return any(self._stays(ttl) for _, ttl, *_ in found)

    def reserve_life(self) -> int:
        """A life for what is written in chunks."""
        self._database.make()
        with self._database.write() as cursor:
            cursor.execute(statements.BEGIN_LIVES)
            ((life,),) = cursor.execute(statements.NEXT_LIFE).fetchall()
            erasing.leave_over(cursor, life, due=self._now.seconds + RESERVED_SECONDS)
        return int(life)

    def write_chunk(self, life: int, first: int, messages: Sequence[StoredMessage]) -> None:
        """Write some of the history, from the number `first` on."""
        with each_step(), self._database.write() as cursor:
            self._require_reserved(cursor, life)
            put(cursor, life, first, messages)

    def write_last(self, life: int, written: _Written) -> bool:
        """Make a session of the life under which its history was written."""
        with each_step(), self._database.write() as cursor:
            self._require_reserved(cursor, life)
            replaced = self._replaced(cursor)
            if replaced is None:
                return False
            cursor.execute(statements.DELETE_LEFTOVER, {"life": life})
            self._insert(cursor, life, self._session.messages, written)
        self._sweep(replaced)
        return True

    def abandon(self, life: int) -> None:
        """Erase what was written of a life that does not become a session."""
        with each_step(), self._database.write() as cursor:
            cursor.execute(statements.UPDATE_LEFTOVER, {"left_life": life, "due": 0})
        erasing.sweep_in_time(self._database, life)

    @property
    def _key(self) -> dict[str, str]:
        return {"session_id": self._session.session_id}

    def _stays(self, ttl: int | None) -> bool:
        return not self._overwrite and is_visible(self._now, None, owner=None, ttl=ttl)

    def _replaced(self, cursor: Cursor) -> list[tuple[int, int]] | None:
        """Erase the session that has the id: its life, if there was one, and how many messages it
        kept. None if it stays."""
        found = cursor.execute(statements.SELECT_STATE, self._key).fetchall()
        for _, ttl, _, life, kept in found:
            if self._stays(ttl):
                return None
            erasing.erase(cursor, life, kept)
        return [(life, kept) for *_, life, kept in found]

    def _insert(
        self,
        cursor: Cursor,
        life: int | None,
        messages: Sequence[StoredMessage],
        written: _Written,
    ) -> None:
        """Write the session's row, under a life that has been reserved or a new one, and its last
        messages."""
        all_of_it = written.and_also(messages)
        row = new_row(self._session, all_of_it.number, all_of_it.weight)
        given = row._asdict() | {"life": life}
        ((own_life,),) = cursor.execute(statements.INSERT_SESSION, given).fetchall()
        put(cursor, own_life, row.next_seq - len(messages), messages)

    def _sweep(self, replaced: Sequence[tuple[int, int]]) -> None:
        for life, kept in replaced:
            erasing.sweep_in_time(self._database, life, kept)

    def _require_reserved(self, cursor: Cursor, life: int) -> None:
        key = {"life": life}
        if not cursor.execute(statements.SELECT_LEFTOVER_LIFE, key).fetchall():
            raise purged_meanwhile(self._database.settings.place)
