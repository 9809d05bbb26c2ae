"""Sessions in the tables of a database: each call is one transaction."""

from collections.abc import Mapping, Sequence

import sqlalchemy

from chatstore.clock import Moment
from chatstore.engine import (
    Body,
    Engine,
    PageQuery,
    Patch,
    Position,
    Record,
    Stored,
    StoredMessage,
    StoredSession,
    Write,
    each_step,
    is_visible,
    json_text,
    merge_patch,
    new_part,
)
from chatstore.errors import ChatStoreError, SessionNotFoundError
from chatstore.models import JsonObject
from chatstore.policy import RetentionPolicy
from chatstore_sql import rows, statements
from chatstore_sql.errors import translate
from chatstore_sql.sqlite import forks
from chatstore_sql.sqlite.database import Cursor, Database

_CHUNK = 500
"""How many sessions one transaction erases: other writers wait no longer than for that."""


class SQLEngine(Engine):
    """The tables of the database of an engine that `create_sqlite_engine` made. One that is `owned`
    is disposed of at the end."""

    backend = "sqlite"

    def __init__(self, engine: sqlalchemy.Engine, *, owned: bool = False) -> None:
        self.database = Database(engine)
        self._owned = engine if owned else None
        self._weighs = True
        self._light = 0

    @property
    def place(self) -> str:
        return self.database.settings.place

    def open(self, policy: RetentionPolicy) -> None:
        # Where bytes may decide what is kept and shown, the messages' weights are needed too; but
        # not for a record so short that the store sees by its text that all of it is shown.
        self._weighs = not policy.count_decides
        self._light = policy.max_window_bytes // 4
        self.database.open()

    def insert(self, session: StoredSession, now: Moment) -> bool:
        return self.restore(session, overwrite=False, now=now)

    def load(self, session_id: str, *, latest: bool = False) -> Record | None:
        found = self.database.read(
            statements.SELECT_WEIGHED if self._weighs else statements.SELECT_WHOLE,
            {"session_id": session_id, "light": self._light},
            may_take_long=False,
        )
        return rows.record(found[0]) if found else None

    def load_many(self, session_ids: Sequence[str]) -> Mapping[str, Record]:
        found = ((session_id, self.load(session_id)) for session_id in session_ids)
        return {session_id: record for session_id, record in found if record is not None}

    def append(
        self, write: Write, messages: Sequence[StoredMessage], *, with_window: bool
    ) -> Stored:
        if with_window:
            select = statements.SELECT_WINDOW
        else:
            select = statements.SELECT_SIZES if self._weighs else statements.SELECT_IDS
        weights: list[int] | None = None
        texts: list[str] = []
        with self.database.write() as cursor:
            row = _visible_row(cursor, write)
            window = _window(cursor, select, write.session_id)
            added = new_part(
                messages,
                window.message_ids,
                row.message_count,
                lambda place: _body(cursor, write.session_id, window, place),
            )
            if self._weighs:
                weights = [*window.weights(), *(message.weight for message in added)]
            count = kept = len(window.seqs) + len(added)
            if added:
                write.require_version(row.version)
                kept = write.policy.window(count, lambda: weights or ())
                texts = _put(cursor, write.session_id, window, added, kept=kept)
                row = row.written(write, message_count=row.message_count + len(added))
                cursor.execute(statements.UPDATE_STAMP, row.stamp)
        if not with_window:
            return Stored(rows.session_text(row))
        pruned = count - kept
        text = rows.session_text(row, ",".join((*window.bodies[pruned:], *texts)))
        return Stored(text, None if weights is None else weights[pruned:])

    def rewrite(self, write: Write, messages: Sequence[StoredMessage], given: int) -> Body:
        with self.database.write() as cursor:
            row = _visible_row(cursor, write)
            write.require_version(row.version)
            window = _window(cursor, statements.SELECT_SIZES, write.session_id)
            shown = write.policy.window(len(window.seqs), window.weights)
            texts = _put(cursor, write.session_id, window, messages, kept=len(messages))
            row = row.written(write, message_count=row.message_count + given - shown)
            cursor.execute(statements.UPDATE_STAMP, row.stamp)
        return rows.session_text(row, ",".join(texts))

    def update(self, write: Write, patch: Patch) -> Body:
        with self.database.write() as cursor:
            row = _visible_row(cursor, write)
            write.require_version(row.version)
            row = row.written(write)._replace(
                user_preferences=self._merged(row, "user_preferences", patch.user_preferences),
                metadata=self._merged(row, "metadata", patch.metadata),
                session_status=patch.session_status or row.session_status,
            )
            cursor.execute(statements.UPDATE_SESSION, row._asdict())
        return rows.session_text(row)

    def delete(self, write: Write) -> bool:
        key = {"session_id": write.session_id}
        with self.database.write() as cursor:
            for owner, ttl, version in cursor.execute(statements.SELECT_STATE, key).fetchall():
                if is_visible(write.now, write.user_id, owner=owner, ttl=ttl):
                    write.require_version(version)
                    cursor.execute(statements.DELETE_SESSION, key)
                    return True
        return False

    def delete_user(self, user_id: str, now: Moment) -> int:
        live = 0
        chunk = {"user_id": user_id, "limit": _CHUNK}
        while True:
            with each_step(), self.database.write(may_take_long=True) as cursor:
                owned = cursor.execute(statements.SELECT_OWNED, chunk).fetchall()
                cursor.executemany(
                    statements.DELETE_SESSION, [{"session_id": found[0]} for found in owned]
                )
            live += sum(is_visible(now, None, owner=None, ttl=ttl) for _, ttl in owned)
            if len(owned) < _CHUNK:
                return live

    def page(self, query: PageQuery) -> Sequence[tuple[Position, Body]]:
        found = self.database.read(
            statements.select_page(rows.page_shape(query)), rows.page_parameters(query)
        )
        return [(Position(row[2], row[0]), rows.session_text(row)) for row in found]

    def scan(
        self, *, limit: int, after: str | None, now: Moment
    ) -> tuple[Sequence[tuple[str, Record]], str | None]:
        # One more than asked tells whether anything follows. No id is the empty text.
        chunk = {
            "after": after or "",
            "now": now.seconds,
            "limit": limit + 1,
            "light": self._light,
        }
        found = self.database.read(statements.SELECT_SCAN, chunk)
        items = [(row[0], rows.record(row)) for row in found[:limit]]
        return items, items[-1][0] if len(found) > limit else None

    def restore(self, session: StoredSession, *, overwrite: bool, now: Moment) -> bool:
        key = {"session_id": session.session_id}
        self.database.make()
        with self.database.write() as cursor:
            for _, ttl, _ in cursor.execute(statements.SELECT_STATE, key).fetchall():
                if not overwrite and is_visible(now, None, owner=None, ttl=ttl):
                    return False
                cursor.execute(statements.DELETE_SESSION, key)
            cursor.execute(statements.INSERT_SESSION, rows.session_parameters(session))
            messages = session.messages
            _put(cursor, session.session_id, rows.Window(), messages, kept=len(messages))
        return True

    def purge(self, now: Moment) -> int:
        removed = 0
        after = ""
        while True:
            # Looking is a reader's work; only the removal keeps other writers waiting.
            chunk = {"now": now.seconds, "after": after, "limit": _CHUNK}
            with each_step():
                expired = self.database.read(statements.SELECT_EXPIRED, chunk)
            with each_step(), self.database.write(may_take_long=True) as cursor:
                cursor.executemany(
                    statements.DELETE_EXPIRED,
                    [{"session_id": found[0], "now": now.seconds} for found in expired],
                )
                removed += max(cursor.rowcount, 0)
            if len(expired) < _CHUNK:
                return removed
            after = expired[-1][0]

    def ping(self) -> None:
        self.database.ping()

    def close(self) -> None:
        self.database.close()
        if self._owned is not None:
            with forks.no_fork():
                self._owned.dispose()

    def translate_error(self, error: Exception, session_id: str | None) -> ChatStoreError | None:
        return translate(error, self.database.settings, session_id)

    def _merged(self, row: rows.SessionRow, column: str, patch: JsonObject) -> str:
        text: str = getattr(row, column)
        if not patch:
            return text
        stored = rows.read_map(self.backend, row.session_id, column, text)
        return json_text(merge_patch(column, stored, patch))


def _visible_row(cursor: Cursor, write: Write) -> rows.SessionRow:
    key = {"session_id": write.session_id}
    found = cursor.execute(statements.SELECT_SESSION, key).fetchall()
    if not found:
        raise SessionNotFoundError(write.session_id)
    row = rows.SessionRow._make(found[0])
    write.require_visible(owner=row.user_id, ttl=row.ttl)
    return row


def _window(cursor: Cursor, select: str, session_id: str) -> rows.Window:
    found = cursor.execute(select, {"session_id": session_id}).fetchall()
    # From rows to columns.
    return rows.Window(*zip(*found, strict=True))


def _body(cursor: Cursor, session_id: str, window: rows.Window, place: int) -> str:
    """The text of a stored message, of which perhaps only the id was read."""
    if window.bodies:
        return window.bodies[place]
    key = {"session_id": session_id, "seq": window.seqs[place]}
    return str(cursor.execute(statements.SELECT_MESSAGE, key).fetchall()[0][0])


def _put(
    cursor: Cursor,
    session_id: str,
    window: rows.Window,
    messages: Sequence[StoredMessage],
    *,
    kept: int,
) -> list[str]:
    """Store the messages behind those of the window, of which so many are `kept` in all: the newest
    ones. Returns the texts of those that are new."""
    deletion, new = window.followed_by(session_id, messages, kept=kept)
    if deletion is not None:
        cursor.execute(statements.DELETE_MESSAGES_BEFORE, deletion)
    cursor.executemany(statements.INSERT_MESSAGE, new)
    return [message["body"] for message in new]
