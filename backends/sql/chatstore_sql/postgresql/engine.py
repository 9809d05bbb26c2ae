"""Sessions in PostgreSQL: each call is one statement, and so one round trip."""

from collections.abc import Iterator, Mapping, Sequence

import sqlalchemy

from chatstore.clock import Moment
from chatstore.engine import (
    PAGE_BYTES,
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
)
from chatstore.errors import ChatStoreError
from chatstore.policy import RetentionPolicy
from chatstore_sql.page_statements import page_parameters, page_shape
from chatstore_sql.postgresql import erasing, restoring, schema, writing
from chatstore_sql.postgresql.address import DEFAULT_SCHEMA, require_schema_name
from chatstore_sql.postgresql.answers import Answer
from chatstore_sql.postgresql.database import Database
from chatstore_sql.postgresql.errors import translate
from chatstore_sql.postgresql.lending import Connections
from chatstore_sql.postgresql.sqlalchemy_engine import place_of, require_engine
from chatstore_sql.postgresql.statements import Statements, text_array
from chatstore_sql.rows import session_text
from chatstore_sql.statements import ALL


class PostgreSQLEngine(Engine):
    """The tables of one schema of the database of an SQLAlchemy engine. One that is `owned` is
    disposed of at the end; it lends the store `connections` at most."""

    backend = "postgresql"

    def __init__(
        self,
        engine: sqlalchemy.Engine,
        *,
        schema_name: str = DEFAULT_SCHEMA,
        owned: bool = False,
        connections: int | None = None,
    ) -> None:
        chosen = require_engine(engine)
        self._place = place_of(chosen)
        self._owned = chosen if owned else None
        self.schema_name = require_schema_name(schema_name)
        self.database = Database(
            Connections(chosen, most=connections if owned else None),
            Statements(self.schema_name),
            self._place,
        )
        self._light = ALL

    @property
    def place(self) -> str:
        return self._place

    def open(self, policy: RetentionPolicy) -> None:
        # Where bytes may decide what is kept and shown, the messages' weights are needed too; but
        # not for a record so short that the store sees by its text that all of it is shown.
        self._light = ALL if policy.count_decides else policy.max_window_bytes // 4

    def insert(self, session: StoredSession, now: Moment) -> bool:
        return restoring.write_at_once(self.database, session, (), overwrite=False, now=now)

    def load(
        self, session_id: str, *, latest: bool = False, last: int | None = None
    ) -> Record | None:
        database = self.database
        found = database.run(database.say.load, (session_id, last, self._light))
        return Answer(found[0]).record if found and found[0][0] == "done" else None

    def load_many(self, session_ids: Sequence[str]) -> Mapping[str, Record]:
        database = self.database
        found = map(
            Answer, database.run(database.say.load_many, (text_array(session_ids), self._light))
        )
        return {answer.session_id: answer.record for answer in found}

    def append(
        self,
        write: Write,
        messages: Sequence[StoredMessage],
        *,
        patch: Patch,
        with_window: bool,
    ) -> Stored:
        answer = writing.append(
            self.database, write, messages, patch, light=self._light, with_window=with_window
        )
        return answer.stored if with_window else Stored(answer.info)

    def rewrite(self, write: Write, messages: Sequence[StoredMessage], *, whole: bool) -> Body:
        answer = writing.rewrite(self.database, write, messages, light=self._light, whole=whole)
        if answer.number("life") != (before := int(answer.detail)):
            erasing.sweep_in_time(self.database, before)
        return answer.stored.body

    def amend(self, write: Write, message: StoredMessage) -> Body:
        return writing.amend(self.database, write, message, light=self._light).stored.body

    def messages(self, query: MessageQuery) -> MessagesFound | None:
        database = self.database
        (row,) = database.run(
            database.say.messages,
            (query.session_id, query.newest_first, query.limit, query.after, PAGE_BYTES),
        )
        answer = Answer(row)
        if answer.outcome != "done":
            return None
        first = int(answer.detail or 0)
        step = -1 if query.newest_first else 1
        found = [(first + step * index, body) for index, body in enumerate(answer.bodies)]
        return MessagesFound(answer.record_of_info, found)

    def update(self, write: Write, patch: Patch) -> Body:
        answer = writing.append(
            self.database, write, (), patch, light=self._light, with_window=False
        )
        return answer.info

    def delete(self, write: Write) -> bool:
        return erasing.delete(self.database, write)

    def delete_user(self, user_id: str, now: Moment) -> int:
        return erasing.delete_user(self.database, user_id, now)

    def page(self, query: PageQuery) -> Sequence[tuple[Position, Body]]:
        database = self.database
        statement, names = database.say.page(page_shape(query))
        given = page_parameters(query)
        found = database.run(statement, [given[name] for name in names])
        return [(Position(row[2] or "", row[0] or ""), session_text(row)) for row in found]

    def scan(
        self, *, limit: int, after: str | None, now: Moment
    ) -> tuple[Sequence[tuple[str, Record]], str | None]:
        # One more than asked tells whether anything follows. No id is the empty text.
        database = self.database
        chunk = (after or "", self._light, now.seconds, limit + 1)
        found = [Answer(row) for row in database.run(database.say.scan, chunk)]
        items = [(answer.session_id, answer.record) for answer in found[:limit]]
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
        return erasing.purge(self.database, now)

    def ping(self) -> None:
        schema.require_ours(self.database, self.schema_name)

    def close(self) -> None:
        self.database.connections.close()
        if self._owned is not None:
            self._owned.dispose()

    def translate_error(self, error: Exception, session_id: str | None) -> ChatStoreError | None:
        return translate(error, self._place, session_id)
