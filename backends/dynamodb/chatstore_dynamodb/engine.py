"""The engine: what chatstore asks of DynamoDB, each call one request in the usual case."""

import itertools
from collections.abc import Mapping, Sequence
from functools import partial

from chatstore.engine import (
    Body,
    Engine,
    Moment,
    PageQuery,
    Patch,
    Position,
    Record,
    Stored,
    StoredMessage,
    StoredSession,
    Write,
    new_part,
)
from chatstore.errors import ChatStoreError, SessionNotFoundError
from chatstore.policy import RetentionPolicy
from chatstore_dynamodb import expressions, maintenance
from chatstore_dynamodb.arguments import require_flag, require_name
from chatstore_dynamodb.client import Client, private_client
from chatstore_dynamodb.conditional_write import ConditionalWrites, Request
from chatstore_dynamodb.errors import translate
from chatstore_dynamodb.items import (
    BACKEND,
    DEFAULT_INDEX,
    info_body,
    new_item,
    other_attributes,
    record,
)
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
        consistent_reads: bool = True,
    ) -> None:
        self.table = Table(
            private_client(client),
            require_name("table_name", table_name),
            index_name=require_name("index_name", index_name),
            consistent_reads=require_flag("consistent_reads", consistent_reads),
        )
        self.writes = ConditionalWrites(self.table)
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
        inserted = self.restore(session, overwrite=False, now=now)
        if inserted:
            self.writes.window_sizes.put(session.session_id, len(session.messages))
        return inserted

    def load(self, session_id: str, *, latest: bool = False) -> Record | None:
        item = self.table.get(session_id, latest=latest)
        return None if item is None else record(self.writes.seen(session_id, item))

    def load_many(self, session_ids: Sequence[str]) -> Mapping[str, Record]:
        items = {item["sessionId"]["S"]: item for item in self.table.get_many(session_ids)}
        return {
            session_id: record(self.writes.seen(session_id, item))
            for session_id, item in items.items()
        }

    def append(
        self, write: Write, messages: Sequence[StoredMessage], *, with_window: bool
    ) -> Stored:
        new = messages

        def following(stored: StoredItem, is_full: bool) -> Request | None:
            nonlocal new
            # Never the whole batch again: what stood before a message that was met has been met.
            new = new_part(new, stored.message_ids, stored.message_count, stored.message)
            if not new:
                return None
            write.require_version(stored.version or 0)
            return expressions.next_append(write, new, stored, is_full=is_full)

        first = partial(expressions.first_append, write, messages)
        item = self.writes.update(write, first, following, may_cut=True)
        return Stored(record(item).body if with_window else info_body(item))

    def rewrite(self, write: Write, messages: Sequence[StoredMessage], given: int) -> Body:
        def following(stored: StoredItem, _: bool) -> Request:
            write.require_version(stored.version or 0)
            return expressions.rewrite_stored(write, messages, given, stored)

        first = partial(expressions.rewrite, write, messages, given)
        return record(self.writes.update(write, first, following)).body

    def update(self, write: Write, patch: Patch) -> Body:
        def following(stored: StoredItem, _: bool) -> Request:
            write.require_version(stored.version or 0)
            return expressions.update(write, patch, stored)

        first = expressions.update(write, patch, None)
        return info_body(self.writes.update(write, lambda _: first, following))

    def delete(self, write: Write) -> bool:
        condition = expressions.visible_condition(write)

        def following(stored: StoredItem, _: bool) -> Request:
            # If it is of that version, another writer has changed that since it was met.
            write.require_version(stored.version or 0)
            return condition

        try:
            self.writes.delete(write, condition, following)
        except SessionNotFoundError:
            return False
        return True

    def delete_user(self, user_id: str, now: Moment) -> int:
        return maintenance.delete_user(self.table, user_id, now)

    def page(self, query: PageQuery) -> Sequence[tuple[Position, Body]]:
        request = expressions.page_request(query)
        if request is None:
            return []
        listing = expressions.Listing(query)
        for round_ in itertools.count():
            answer = self.table.query({**request, "Limit": expressions.evaluated(query, round_)})
            self.table.require_owner(query.user_id, answer)
            listing.take(answer.get("Items", []))
            if listing.is_full:
                break
            if not (last := answer.get("LastEvaluatedKey")):
                listing.finish()
                break
            request["ExclusiveStartKey"] = last
        incomplete = listing.incomplete
        for item in self.table.get_many(list(incomplete)):
            body = incomplete[item["sessionId"]["S"]]
            body |= other_attributes(item, body)
        return listing.page

    def scan(
        self, *, limit: int, after: str | None, now: Moment
    ) -> tuple[Sequence[tuple[str, Record]], str | None]:
        items, token = maintenance.scan(self.table, limit=limit, after=after, now=now)
        return [(item["sessionId"]["S"], record(item)) for item in items], token

    def restore(self, session: StoredSession, *, overwrite: bool, now: Moment) -> bool:
        condition = {} if overwrite else expressions.free(now.seconds)
        return self.table.put(new_item(session, self._policy), condition)

    def purge(self, now: Moment) -> int:
        return maintenance.purge(self.table, now)

    def ping(self) -> None:
        ping(self.table, needs_time_to_live=self.needs_time_to_live)

    def close(self) -> None:
        for client in self._owned:
            client.close()

    def translate_error(self, error: Exception, session_id: str | None) -> ChatStoreError | None:
        return translate(error, self.table.place)
