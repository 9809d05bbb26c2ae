"""Sessions in the tables of a database: each call is one transaction, but for erasing."""

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
)
from chatstore.errors import ChatStoreError
from chatstore.models import JsonObject
from chatstore.policy import RetentionPolicy
from chatstore_sql import (
    appending,
    erasing,
    message_statements,
    page_statements,
    rows,
    statements,
    windows,
)
from chatstore_sql.columns import SessionRow
from chatstore_sql.errors import translate
from chatstore_sql.sqlite import forks
from chatstore_sql.sqlite.database import Database


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
        with self.database.write() as cursor:
            row = appending.append(cursor, write, messages)
            if with_window:
                window, weights = windows.window_text(cursor, row, weighs=self._weighs)
                return Stored(rows.session_text(row, window), weights)
        return Stored(rows.session_text(row))

    def rewrite(self, write: Write, messages: Sequence[StoredMessage], given: int) -> Body:
        with self.database.write() as cursor:
            row = appending.visible_row(cursor, write)
            write.require_version(row.version)
            more = given - windows.shown_count(cursor, row, write.policy)
            weight = sum(message.weight for message in messages)
            row = row.written(write, more=more, kept=len(messages), kept_weight=weight)
            cursor.execute(message_statements.DELETE_MESSAGES, {"life": row.life})
            cursor.execute(statements.UPDATE_WINDOW, row.window_stamp)
            appending.put(cursor, row, messages)
            window, _ = windows.window_text(cursor, row, weighs=False)
        return rows.session_text(row, window)

    def update(self, write: Write, patch: Patch) -> Body:
        with self.database.write() as cursor:
            row = appending.visible_row(cursor, write)
            write.require_version(row.version)
            row = row.written(write)._replace(
                user_preferences=self._merged(row, "user_preferences", patch.user_preferences),
                metadata=self._merged(row, "metadata", patch.metadata),
                session_status=patch.session_status or row.session_status,
            )
            cursor.execute(statements.UPDATE_SESSION, row.session_stamp)
        return rows.session_text(row)

    def delete(self, write: Write) -> bool:
        key = {"session_id": write.session_id}
        with self.database.write() as cursor:
            found = cursor.execute(statements.SELECT_STATE, key).fetchall()
            if not found:
                return False
            ((owner, ttl, version, life, kept),) = found
            if not is_visible(write.now, write.user_id, owner=owner, ttl=ttl):
                return False
            write.require_version(version)
            erasing.erase(cursor, life, kept)
        erasing.sweep_in_time(self.database, life, kept)
        return True

    def delete_user(self, user_id: str, now: Moment) -> int:
        live = 0
        chunk = {"user_id": user_id, "limit": erasing.SESSIONS}
        while True:
            with each_step(), self.database.write(may_take_long=True) as cursor:
                owned = cursor.execute(statements.SELECT_OWNED, chunk).fetchall()
                room = erasing.MESSAGES
                for life, kept, _ in owned:
                    room = erasing.erase(cursor, life, kept, room=room)
            live += sum(is_visible(now, None, owner=None, ttl=ttl) for _, _, ttl in owned)
            if len(owned) < erasing.SESSIONS:
                break
        erasing.sweep(self.database, now)
        return live

    def page(self, query: PageQuery) -> Sequence[tuple[Position, Body]]:
        found = self.database.read(
            page_statements.select_page(page_statements.page_shape(query)),
            page_statements.page_parameters(query),
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
            found = cursor.execute(statements.SELECT_STATE, key).fetchall()
            for _, ttl, _, life, kept in found:
                if not overwrite and is_visible(now, None, owner=None, ttl=ttl):
                    return False
                erasing.erase(cursor, life, kept)
            row = rows.new_row(session)
            ((new_life,),) = cursor.execute(statements.INSERT_SESSION, row._asdict()).fetchall()
            appending.put(cursor, row._replace(life=new_life), session.messages)
        for _, _, _, life, kept in found:
            erasing.sweep_in_time(self.database, life, kept)
        return True

    def purge(self, now: Moment) -> int:
        removed = 0
        after = ""
        while True:
            # Looking is a reader's work; only the removal keeps other writers waiting.
            chunk = {"now": now.seconds, "after": after, "limit": erasing.SESSIONS}
            with each_step():
                expired = self.database.read(statements.SELECT_EXPIRED, chunk)
            with each_step(), self.database.write(may_take_long=True) as cursor:
                removed += erasing.erase_expired(cursor, [row[1] for row in expired], now)
            if len(expired) < erasing.SESSIONS:
                break
            after = expired[-1][0]
        erasing.sweep(self.database, now)
        return removed

    def ping(self) -> None:
        self.database.ping()

    def close(self) -> None:
        self.database.close()
        if self._owned is not None:
            with forks.no_fork():
                self._owned.dispose()

    def translate_error(self, error: Exception, session_id: str | None) -> ChatStoreError | None:
        return translate(error, self.database.settings, session_id)

    def _merged(self, row: SessionRow, column: str, patch: JsonObject) -> str:
        text: str = getattr(row, column)
        if not patch:
            return text
        stored = rows.read_map(self.backend, row.session_id, column, text)
        return json_text(merge_patch(column, stored, patch))
