"""Sessions in the tables of a database: each call is one transaction, but for erasing."""

from collections.abc import Iterator, Mapping, Sequence

import sqlalchemy

from chatstore.clock import Moment
from chatstore.engine import (
    Body,
    Engine,
    MessageQuery,
    MessagesFound,
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
)
from chatstore.errors import ChatStoreError
from chatstore.policy import RetentionPolicy
from chatstore_sql import (
    appending,
    erasing,
    page_statements,
    restoring,
    rewriting,
    rows,
    statements,
    windows,
)
from chatstore_sql.columns import SessionRow
from chatstore_sql.errors import translate
from chatstore_sql.message_pages import read_messages
from chatstore_sql.sqlite import forks
from chatstore_sql.sqlite.database import Cursor, Database
from chatstore_sql.state import patched
from chatstore_sql.statements import ALL


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
        self._light = policy.max_window_bytes // 4 if self._weighs else ALL
        self.database.open()

    def insert(self, session: StoredSession, now: Moment) -> bool:
        return self.restore(session, history=iter(()), overwrite=False, now=now)

    def load(
        self, session_id: str, *, latest: bool = False, last: int | None = None
    ) -> Record | None:
        most = ALL if last is None else last
        found = self.database.read(
            statements.SELECT_RECORD,
            {"session_id": session_id, "light": self._light, "last": most},
            may_take_long=False,
        )
        return rows.record(found[0]) if found else None

    def load_many(self, session_ids: Sequence[str]) -> Mapping[str, Record]:
        found = ((session_id, self.load(session_id)) for session_id in session_ids)
        return {session_id: record for session_id, record in found if record is not None}

    def append(
        self,
        write: Write,
        messages: Sequence[StoredMessage],
        *,
        patch: Patch,
        with_window: bool,
    ) -> Stored:
        with self.database.write() as cursor:
            row = appending.append(self.backend, cursor, write, messages, patch)
            if with_window:
                return self._whole(cursor, row)
        return Stored(rows.session_text(row))

    def rewrite(self, write: Write, messages: Sequence[StoredMessage], *, whole: bool) -> Body:
        with self.database.write() as cursor:
            before, row = rewriting.rewrite(cursor, write, messages, whole=whole)
            body = self._whole(cursor, row).body
        if row.life != before.life:
            erasing.sweep_in_time(self.database, before.life, before.kept)
        return body

    def amend(self, write: Write, message: StoredMessage) -> Body:
        with self.database.write() as cursor:
            return self._whole(cursor, rewriting.amend(cursor, write, message)).body

    def messages(self, query: MessageQuery) -> MessagesFound | None:
        return self.database.read_together(lambda connection: read_messages(connection, query))

    def update(self, write: Write, patch: Patch) -> Body:
        with self.database.write() as cursor:
            row = appending.visible_row(cursor, write)
            write.require_version(row.version)
            row = patched(self.backend, row.written(write), patch)
            cursor.execute(statements.UPDATE_WINDOW_AND_STATE, row.window_and_state_stamp)
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
        live, is_done = 0, False
        while not is_done:
            with each_step(), self.database.write(may_take_long=True) as cursor:
                ttls, is_done = erasing.erase_user_chunk(cursor, user_id)
            live += sum(is_visible(now, None, owner=None, ttl=ttl) for ttl in ttls)
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
            "last": ALL,
        }
        found = self.database.read(statements.SELECT_SCAN, chunk)
        items = [(row[0], rows.record(row)) for row in found[:limit]]
        return items, items[-1][0] if len(found) > limit else None

    def restore(
        self,
        session: StoredSession,
        *,
        history: Iterator[StoredMessage],
        overwrite: bool,
        now: Moment,
    ) -> bool:
        return restoring.restore(self.database, session, history, overwrite=overwrite, now=now)

    def purge(self, now: Moment) -> int:
        removed = 0
        after = ""
        while True:
            # Looking is a reader's work; only the removal keeps other writers waiting.
            chunk = {"now": now.seconds, "after": after, "limit": erasing.SESSIONS}
            with each_step():
                expired = self.database.read(statements.SELECT_EXPIRED, chunk)
            removed += erasing.erase_expired(self.database, [row[1] for row in expired], now)
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

    def _whole(self, cursor: Cursor, row: SessionRow) -> Stored:
        """A session with its window."""
        weighs = self._weighs or row.history is not None
        window, weights = windows.window_text(cursor, row, weighs=weighs)
        return Stored(rows.session_text(row, window), weights)
