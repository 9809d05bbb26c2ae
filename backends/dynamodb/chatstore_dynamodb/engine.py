"""The engine: what chatstore asks of DynamoDB, each call one request in the usual case."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from chatstore.engine import (
    Body,
    Engine,
    MessageQuery,
    MessagesFound,
    Moment,
    PageQuery,
    Patch,
    Position,
    Record,
    Stored,
    StoredMessage,
    StoredSession,
    Write,
    is_same,
    new_part,
    newest,
    place_to_amend,
    require_amended_fit,
)
from chatstore.errors import ChatStoreError, SessionNotFoundError
from chatstore.policy import RetentionPolicy
from chatstore_dynamodb import expressions, maintenance
from chatstore_dynamodb.arguments import require_flag, require_name
from chatstore_dynamodb.client import Client, private_client
from chatstore_dynamodb.conditional_write import ConditionalWrites, Request
from chatstore_dynamodb.errors import translate
from chatstore_dynamodb.history.sessions import Histories, HistoryMetError
from chatstore_dynamodb.items import (
    BACKEND,
    DEFAULT_INDEX,
    HISTORY_ID,
    info_body,
    new_item,
    record,
)
from chatstore_dynamodb.listing import page
from chatstore_dynamodb.naming import history_table_of
from chatstore_dynamodb.ping import ping
from chatstore_dynamodb.stored_item import StoredItem
from chatstore_dynamodb.table import Table


class DynamoDBEngine(Engine):
    """A table with its user index, through a private copy of a client."""

    backend = BACKEND

    def __init__(
        self,
        client: Client,
        table_name: str,
        *,
        index_name: str = DEFAULT_INDEX,
        history_table: str | None = None,
        consistent_reads: bool = True,
    ) -> None:
        name = require_name("table_name", table_name)
        is_named = history_table is not None
        chosen = history_table_of(name) if history_table is None else history_table
        history = require_name("history_table", chosen)
        self.table = Table(
            private_client(client),
            name,
            index_name=require_name("index_name", index_name),
            history_table=history if is_named else None,
            consistent_reads=require_flag("consistent_reads", consistent_reads),
        )
        self.writes = ConditionalWrites(self.table)
        self.histories = Histories(self.table, self.writes, history, is_named=is_named)
        self.needs_time_to_live = True
        """Whether `ping` wants the table to remove what has expired."""
        self._policy = RetentionPolicy()
        self._owned: list[Client] = [self.table.client]

    def own(self, client: Client) -> None:
        """Close this client with the engine, which it was made for."""
        self._owned.append(client)

    def open(self, policy: RetentionPolicy) -> None:
        # A new session has beside it what this policy's appends will look for.
        self._policy = policy

    @property
    def place(self) -> str:
        return str(self.table.place)

    def insert(self, session: StoredSession, now: Moment) -> bool:
        return self.restore(session, history=iter(()), overwrite=False, now=now)

    def load(
        self, session_id: str, *, latest: bool = False, last: int | None = None
    ) -> Record | None:
        item = self.table.get(session_id, latest=latest)
        return None if item is None else record(self.writes.seen(session_id, item))

    def load_many(self, session_ids: Sequence[str]) -> Mapping[str, Record]:
        items = {item["sessionId"]["S"]: item for item in self.table.get_many(session_ids)}
        return {
            session_id: record(self.writes.seen(session_id, item))
            for session_id, item in items.items()
        }

    def append(
        self,
        write: Write,
        messages: Sequence[StoredMessage],
        *,
        patch: Patch,
        with_window: bool,
    ) -> Stored:
        new = messages

        def following(stored: StoredItem, is_full: bool) -> Request | None:
            nonlocal new
            start = stored.window_start
            # Never the whole batch again: what stood before a message that was met has been met.
            new = new_part(
                new,
                stored.message_ids[start:],
                stored.message_count,
                lambda place: stored.message(start + place),
            )
            if not new:
                return None
            write.require_version(stored.version or 0)
            if stored.history is not None:
                return self.histories.writes.append(write, new, patch, stored, is_full=is_full)
            return expressions.next_append(write, new, patch, stored, is_full=is_full)

        first = partial(expressions.first_append, write, messages, patch)
        item = self.writes.update(write, first, following, may_cut=True)
        if HISTORY_ID in item and new:
            self.histories.archive.after_append(write.session_id, item, len(new))
        return Stored(record(item).body if with_window else info_body(item))

    def rewrite(self, write: Write, messages: Sequence[StoredMessage], *, whole: bool) -> Body:
        chosen = newest(messages, write.policy)

        def following(stored: StoredItem, _: bool) -> Request:
            write.require_version(stored.version or 0)
            if stored.history is not None:
                if whole:
                    raise HistoryMetError
                return self.histories.writes.rewrite(write, messages, stored)
            shown = write.policy.window(len(stored.messages), lambda: stored.weights)
            replaced = len(stored.messages) if whole else shown
            return expressions.rewrite_stored(write, chosen, replaced, len(messages), stored)

        first = partial(expressions.first_rewrite, write, messages, whole=whole)
        try:
            return record(self.writes.update(write, first, following)).body
        except HistoryMetError:
            return record(self.histories.rewrite_whole(write, messages)).body

    def amend(self, write: Write, message: StoredMessage) -> Body:
        def following(stored: StoredItem, _: bool) -> Request | None:
            start = stored.window_start
            ids = stored.message_ids[start:]
            place = start + place_to_amend(write.session_id, message.message_id, ids)
            if is_same(message, stored.message(place)):
                return None
            write.require_version(stored.version or 0)
            weights = stored.weights
            require_amended_fit(
                write.policy,
                stored.history,
                total=sum(weights[start:]),
                old=weights[place],
                new=message.weight,
            )
            if stored.history is not None:
                return self.histories.writes.amend(write, message, place, stored)
            return expressions.amend(write, message, place, stored)

        return record(self.writes.update(write, lambda _: None, following)).body

    def messages(self, query: MessageQuery) -> MessagesFound | None:
        item = self.table.get(query.session_id, latest=True)
        if item is None:
            return None
        self.writes.seen(query.session_id, item)
        stored, found = self.histories.reader.page(query, StoredItem(query.session_id, item))
        user_id, ttl, *_ = record(stored.item)
        return MessagesFound(Record(user_id, ttl, info_body(stored.item)), found)

    def update(self, write: Write, patch: Patch) -> Body:
        def following(stored: StoredItem, _: bool) -> Request:
            write.require_version(stored.version or 0)
            return expressions.update_stored(write, patch, stored)

        first = partial(expressions.first_update, write, patch)
        return info_body(self.writes.update(write, first, following))

    def delete(self, write: Write) -> bool:
        condition = expressions.visible_condition(write)

        def following(stored: StoredItem, _: bool) -> Request:
            # If it is of that version, another writer has changed that since it was met.
            write.require_version(stored.version or 0)
            if stored.history is not None:
                raise HistoryMetError
            return condition

        try:
            self.writes.delete(write, condition, following)
        except HistoryMetError:
            return self.histories.delete(write)
        except SessionNotFoundError:
            return False
        return True

    def delete_user(self, user_id: str, now: Moment) -> int:
        return maintenance.delete_user(self.table, self.histories.eraser, user_id, now)

    def page(self, query: PageQuery) -> Sequence[tuple[Position, Body]]:
        return page(self.table, query)

    def scan(
        self, *, limit: int, after: str | None, now: Moment
    ) -> tuple[Sequence[tuple[str, Record]], str | None]:
        items, token = maintenance.scan(self.table, limit=limit, after=after, now=now)
        return [(item["sessionId"]["S"], record(item)) for item in items], token

    def restore(
        self,
        session: StoredSession,
        *,
        history: Iterator[StoredMessage],
        overwrite: bool,
        now: Moment,
    ) -> bool:
        condition = {} if overwrite else expressions.free(now.seconds)
        if session.history is not None:
            item = self.histories.put(session, history, condition, now)
        else:
            item = new_item(session, self._policy)
            is_written, replaced = self.table.put(item, condition)
            if not is_written:
                return False
            self.histories.forget_life_in(replaced)
        if item is not None:
            self.writes.seen(session.session_id, item)
        return item is not None

    def purge(self, now: Moment) -> int:
        count = maintenance.purge(self.table, self.histories.eraser, now)
        self.histories.purge_orphans(now)
        return count

    def ping(self) -> None:
        are_kept = self.histories.are_kept(self._policy)
        ping(
            self.table,
            needs_time_to_live=self.needs_time_to_live,
            histories=self.histories.chunks if are_kept else None,
        )

    def close(self) -> None:
        for client in self._owned:
            client.close()

    def translate_error(self, error: Exception, session_id: str | None) -> ChatStoreError | None:
        return translate(error, self.table.place)
