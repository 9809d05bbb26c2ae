"""Sessions in an SQLite database: each call is one transaction."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import sqlalchemy

from chatstore.clock import Clock, Moment, utc_now
from chatstore.engine.cursor import Position
from chatstore.engine.engine import Engine
from chatstore.engine.query import PageQuery
from chatstore.engine.retry import new_part
from chatstore.engine.write import Patch, Write, is_visible, merge_patch
from chatstore.errors import ChatStoreError, SessionNotFoundError
from chatstore.models import JsonObject
from chatstore.policy import RetentionPolicy
from chatstore.record.stored import Body, Record, Stored, StoredMessage, StoredSession
from chatstore.runtime.deadline import DEFAULT_DEADLINE, each_step
from chatstore.store.base import BaseSessionStore
from chatstore.values.json_values import json_text
from chatstore.values.plain import passes_for
from chatstore_sql import forking, rows, statements
from chatstore_sql.database import Cursor, Database
from chatstore_sql.errors import chatstore_error

_CHUNK = 500
"""How many sessions one transaction erases: other writers wait no longer than for that."""


class SQLSessionStore(BaseSessionStore):
    """Sessions in the SQLite database of an engine that `create_sqlite_engine` made.

    The first session that is stored makes the file; until then the store is an empty one. An empty
    file gets its tables at once; a database that is not chatstore's, or is newer, raises
    `SchemaError`. The engine stays its maker's, and is not disposed of at `close`; a `SQLEngine`
    around it is the store's. Any number of
    threads may share a store, and any number of processes a file; a forked child opens a store of
    its own. `deadline`: how many seconds a call may take in all.
    """

    engine: "SQLEngine"  # pyright: ignore[reportIncompatibleVariableOverride]  it is set once

    def __init__(
        self,
        engine: "sqlalchemy.Engine | SQLEngine",
        *,
        policy: RetentionPolicy | None = None,
        clock: Clock = utc_now,
        deadline: float = DEFAULT_DEADLINE,
    ) -> None:
        own = engine if passes_for(engine, SQLEngine) else SQLEngine(cast("Any", engine))
        super().__init__(own, policy=policy, clock=clock, deadline=deadline)


class SQLEngine(Engine):
    """The tables of one database. A SQLAlchemy engine that is `owned` is disposed of at the end."""

    backend = "sqlite"

    def __init__(self, engine: sqlalchemy.Engine, *, owned: bool = False) -> None:
        self.database = Database(engine)
        self._owned = engine if owned else None

    def open(self, policy: RetentionPolicy) -> None:
        self.database.open()

    def insert(self, session: StoredSession, now: Moment) -> bool:
        return self.restore(session, overwrite=False, now=now)

    def load(self, session_id: str, *, latest: bool = False) -> Record | None:
        found = self.database.fetch_one(statements.SELECT_WHOLE, {"session_id": session_id})
        return rows.record(found[0]) if found else None

    def load_many(self, session_ids: Sequence[str]) -> Mapping[str, Record]:
        found = ((session_id, self.load(session_id)) for session_id in session_ids)
        return {session_id: record for session_id, record in found if record is not None}

    def append(
        self, write: Write, messages: Sequence[StoredMessage], *, with_window: bool
    ) -> Stored:
        select = statements.SELECT_WINDOW if with_window else statements.SELECT_HEADS
        with self.database.writing() as cursor:
            row = _visible_row(cursor, write)
            window = _window(cursor, select, write.session_id)
            added = new_part(
                messages,
                [stored.message_id for stored in window],
                row.message_count,
                lambda place: _body(cursor, write.session_id, window[place]),
            )
            if added:
                write.require_version(row.version)
                following = _following(window)
                window += rows.message_rows(added, first_seq=following)
                window = window[
                    len(window) - write.policy.window(len(window), lambda: rows.weights(window)) :
                ]
                _put_window(cursor, write.session_id, window, following=following)
                row = row.written(write, message_count=row.message_count + len(added))
                cursor.execute(statements.UPDATE_SESSION, row._asdict())
        return Stored(rows.session_text(row, rows.window_text(window) if with_window else None))

    def rewrite(self, write: Write, messages: Sequence[StoredMessage], given: int) -> Body:
        with self.database.writing() as cursor:
            row = _visible_row(cursor, write)
            write.require_version(row.version)
            stored = _window(cursor, statements.SELECT_HEADS, write.session_id)
            shown = write.policy.window(len(stored), lambda: rows.weights(stored))
            following = _following(stored)
            window = rows.message_rows(messages, first_seq=following)
            _put_window(cursor, write.session_id, window, following=following)
            row = row.written(write, message_count=row.message_count + given - shown)
            cursor.execute(statements.UPDATE_SESSION, row._asdict())
        return rows.session_text(row, rows.window_text(window))

    def update(self, write: Write, patch: Patch) -> Body:
        with self.database.writing() as cursor:
            row = _visible_row(cursor, write)
            write.require_version(row.version)
            row = row.written(write)._replace(
                user_preferences=self._merged(row, "user_preferences", patch.user_preferences),
                metadata=self._merged(row, "metadata", patch.metadata),
                session_status=patch.session_status or row.session_status,
            )
            cursor.execute(statements.UPDATE_SESSION, row._asdict())
        return rows.session_text(row)

    def _merged(self, row: rows.SessionRow, column: str, patch: JsonObject) -> str:
        text: str = getattr(row, column)
        if not patch:
            return text
        stored = rows.read_map(self.backend, row.session_id, column, text)
        return json_text(merge_patch(column, stored, patch))

    def delete(self, write: Write) -> bool:
        key = {"session_id": write.session_id}
        with self.database.writing() as cursor:
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
            with each_step(), self.database.writing() as cursor:
                owned = cursor.execute(statements.SELECT_OWNED, chunk).fetchall()
                cursor.executemany(
                    statements.DELETE_SESSION, [{"session_id": found[0]} for found in owned]
                )
            live += sum(is_visible(now, None, owner=None, ttl=ttl) for _, ttl in owned)
            if len(owned) < _CHUNK:
                return live

    def page(self, query: PageQuery) -> Sequence[tuple[Position, Body]]:
        found = self.database.fetch(
            statements.select_page(rows.page_shape(query)), rows.page_parameters(query)
        )
        return [(Position(row[2], row[0]), rows.session_text(row)) for row in found]

    def scan(
        self, *, limit: int, after: str | None, now: Moment
    ) -> tuple[Sequence[tuple[str, Record]], str | None]:
        # One more than asked tells whether anything follows. No id is the empty text.
        chunk = {"after": after or "", "now": now.seconds, "limit": limit + 1}
        found = self.database.fetch(statements.SELECT_SCAN, chunk)
        items = [(row[0], rows.record(row)) for row in found[:limit]]
        return items, items[-1][0] if len(found) > limit else None

    def restore(self, session: StoredSession, *, overwrite: bool, now: Moment) -> bool:
        key = {"session_id": session.session_id}
        self.database.make()
        with self.database.writing() as cursor:
            for _, ttl, _ in cursor.execute(statements.SELECT_STATE, key).fetchall():
                if not overwrite and is_visible(now, None, owner=None, ttl=ttl):
                    return False
                cursor.execute(statements.DELETE_SESSION, key)
            cursor.execute(statements.INSERT_SESSION, rows.session_parameters(session))
            window = rows.message_rows(session.messages, first_seq=1)
            _put_window(cursor, session.session_id, window, following=1)
        return True

    def purge(self, now: Moment) -> int:
        removed = 0
        after = ""
        while True:
            # Looking is a reader's work; only the removal keeps other writers waiting.
            chunk = {"now": now.seconds, "after": after, "limit": _CHUNK}
            with each_step():
                expired = self.database.fetch(statements.SELECT_EXPIRED, chunk)
            with each_step(), self.database.writing() as cursor:
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

    @property
    def place(self) -> str:
        return self.database.settings.place

    def close(self) -> None:
        self.database.close()
        if self._owned is not None:
            with forking.no_fork():
                self._owned.dispose()

    def translate_error(self, error: Exception, session_id: str | None) -> ChatStoreError | None:
        return chatstore_error(error, self.database.settings, session_id)


def _visible_row(cursor: Cursor, write: Write) -> rows.SessionRow:
    key = {"session_id": write.session_id}
    found = cursor.execute(statements.SELECT_SESSION, key).fetchall()
    if not found:
        raise SessionNotFoundError(write.session_id)
    row = rows.SessionRow._make(found[0])
    write.require_visible(owner=row.user_id, ttl=row.ttl)
    return row


def _window(cursor: Cursor, select: str, session_id: str) -> list[rows.MessageRow]:
    found = cursor.execute(select, {"session_id": session_id}).fetchall()
    return [rows.MessageRow._make(row) for row in found]


def _body(cursor: Cursor, session_id: str, message: rows.MessageRow) -> str:
    """The text of a stored message, of which perhaps only the head was read."""
    if message.body is not None:
        return message.body
    key = {"session_id": session_id, "seq": message.seq}
    return str(cursor.execute(statements.SELECT_MESSAGE, key).fetchall()[0][0])


def _following(window: Sequence[rows.MessageRow]) -> int:
    return window[-1].seq + 1 if window else 1


def _put_window(
    cursor: Cursor, session_id: str, window: Sequence[rows.MessageRow], *, following: int
) -> None:
    """Insert what of `window` has a seq from `following` on, and remove what is older than all
    of it."""
    oldest = window[0].seq if window else following
    new = [message for message in window if message.seq >= following]
    cursor.execute(statements.DELETE_MESSAGES_BEFORE, {"session_id": session_id, "seq": oldest})
    cursor.executemany(
        statements.INSERT_MESSAGE,
        [{"session_id": session_id, **message._asdict()} for message in new],
    )
