"""The store: each hook is one request in the usual case."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Self

from botocore.exceptions import ClientError

from chatstore.clock import Clock, Moment, utc_now
from chatstore.cursor import Position
from chatstore.errors import BackendThrottledError, ChatStoreError, SessionNotFoundError
from chatstore.hooks import PageQuery
from chatstore.policy import RetentionPolicy
from chatstore.records import Body, Record, StoredMessage, StoredSession
from chatstore.writes import Patch, Write, is_visible, new_part
from chatstore_dynamodb import expressions
from chatstore_dynamodb.client import Client, new_client
from chatstore_dynamodb.errors import is_too_large, translate
from chatstore_dynamodb.items import BACKEND, StoredItem, info_body, other_attributes, record
from chatstore_dynamodb.marshalling import Item
from chatstore_dynamodb.schema.advice import table_url
from chatstore_dynamodb.sizes import WindowSizes
from chatstore_dynamodb.table import ConditionFailedError, Table, back_off
from chatstore_dynamodb.upkeep import Upkeep

_ATTEMPTS = 60
"""How often one write is sent, each time for what the last try met. Writers only ever conflict
where windows are full by bytes; then each conflict means that another one's write succeeded."""


class DynamoDBSessionStore(Upkeep):
    """Sessions in a DynamoDB table, through boto3's low-level client.

    The caller owns `client`, which is not closed with the store. The table, its user index
    `index_name` and its time to live are made by `chatstore schema apply`, never by the store.
    With `consistent_reads` (the default) `get`, `get_many` and `scan` see every write that was
    acknowledged before; without, they cost half as much and may lag. `list_sessions` reads an
    index, which always lags a little.
    """

    backend = BACKEND

    def __init__(
        self,
        client: Client,
        table_name: str,
        *,
        index_name: str = "userId-index",
        consistent_reads: bool = True,
        policy: RetentionPolicy | None = None,
        clock: Clock = utc_now,
    ) -> None:
        super().__init__(policy=policy, clock=clock)
        self._table = Table(
            client, table_name, index_name=index_name, consistent_reads=consistent_reads
        )
        self._sizes = WindowSizes()
        self._owns_client = False

    @classmethod
    def connect(
        cls,
        table_name: str,
        *,
        region: str | None = None,
        endpoint_url: str | None = None,
        retry_mode: str = "standard",
        index_name: str = "userId-index",
        consistent_reads: bool = True,
        policy: RetentionPolicy | None = None,
        clock: Clock = utc_now,
    ) -> Self:
        """A store with a client of its own, which it closes with itself."""
        store = cls(
            new_client(region=region, endpoint_url=endpoint_url, retry_mode=retry_mode),
            table_name,
            index_name=index_name,
            consistent_reads=consistent_reads,
            policy=policy,
            clock=clock,
        )
        store._owns_client = True
        return store

    def _insert(self, session: StoredSession, now: Moment) -> bool:
        inserted = self._restore(session, overwrite=False, now=now)
        if inserted:
            self._sizes.put(session.session_id, len(session.messages))
        return inserted

    def _load(self, session_id: str) -> Record | None:
        item = self._table.get(session_id)
        return None if item is None else record(self._seen(session_id, item))

    def _load_many(self, session_ids: Sequence[str]) -> Mapping[str, Record]:
        items = self._table.get_many(session_ids)
        return {
            session_id: record(self._seen(session_id, item))
            for item in items
            for session_id in (item["sessionId"]["S"],)
        }

    def _append(
        self, write: Write, messages: Sequence[StoredMessage], *, with_window: bool
    ) -> Body:
        session_id = write.session_id
        request = expressions.append(write, messages, self._sizes.get(session_id))
        compares = False
        for attempt in range(_ATTEMPTS):
            full = False
            try:
                return self._shown_item(
                    session_id, self._table.update(session_id, request), with_window=with_window
                )
            except ConditionFailedError as failure:
                stored = failure.stored
            except ClientError as error:
                if compares or not is_too_large(error):
                    raise
                full = True
                stored = self._table.stored(session_id)
            stored = self._visible_item(write, stored)
            # Never the whole batch again: what stood before a message that was met has been met.
            messages = new_part(messages, set(stored.message_ids))
            if not messages:
                return self._shown_item(session_id, stored.item, with_window=with_window)
            write.require_version(stored.version or 0)
            if attempt:
                back_off(attempt)
            compares = full or not expressions.fits(write, messages, stored)
            if compares:
                request = expressions.compare_and_set(write, messages, stored)
            else:
                request = expressions.append(write, messages, len(stored.messages))
        raise self._contended(session_id)

    def _rewrite(self, write: Write, messages: Sequence[StoredMessage], given: int) -> Body:
        session_id = write.session_id
        size = self._sizes.get(session_id)
        stored = None if size is not None else self._table.stored(session_id)
        for _ in range(_ATTEMPTS):
            if size is not None:
                request = expressions.rewrite(write, messages, given, size)
                size = None
            else:
                stored = self._visible_item(write, stored)
                write.require_version(stored.version or 0)
                request = expressions.rewrite_stored(write, messages, given, stored)
            try:
                item = self._table.update(session_id, request)
            except ConditionFailedError as failure:
                stored = failure.stored
            else:
                return self._shown_item(session_id, item, with_window=True)
        raise self._contended(session_id)

    def _update(self, write: Write, patch: Patch) -> Body:
        session_id = write.session_id
        stored: StoredItem | None = None
        for attempt in range(_ATTEMPTS):
            request = expressions.update(write, patch, stored)
            try:
                item = self._table.update(session_id, request)
            except ConditionFailedError as failure:
                stored = self._visible_item(write, failure.stored)
                write.require_version(stored.version or 0)
            else:
                return self._shown_item(session_id, item, with_window=False)
            if attempt:
                back_off(attempt)
        raise self._contended(session_id)

    def _delete(self, write: Write) -> bool:
        if self._table.delete(write.session_id, expressions.visible(write).condition()):
            return True
        if write.if_version is not None:
            stored = self._table.stored(write.session_id)
            if stored is not None and is_visible(
                write.now, write.user_id, owner=stored.owner, ttl=stored.ttl
            ):
                write.require_version(stored.version or 0)
        return False

    def _page(self, query: PageQuery) -> Sequence[tuple[Position, Body]]:
        request = expressions.page_request(query)
        if request is None:
            return []
        listing = expressions.Listing(query)
        for round_ in itertools.count():
            answer = self._table.query({**request, "Limit": expressions.evaluated(query, round_)})
            listing.take(answer.get("Items", []))
            if listing.is_full:
                break
            if not (last := answer.get("LastEvaluatedKey")):
                listing.finish()
                break
            request["ExclusiveStartKey"] = last
        incomplete = listing.incomplete
        for item in self._table.get_many(list(incomplete)):
            body = incomplete[item["sessionId"]["S"]]
            body |= other_attributes(item, body)
        return listing.page

    def _ping(self) -> None:
        # One read of the user index fails if the table or the index is missing, or may not be read.
        self._table.query(
            {
                "KeyConditionExpression": "userId=:nobody",
                "ExpressionAttributeValues": {":nobody": {"S": "chatstore ping"}},
                "ProjectionExpression": "sessionId",
                "Limit": 1,
            }
        )

    def _close(self) -> None:
        if self._owns_client:
            self._table.client.close()

    def _translate(self, error: Exception, session_id: str | None) -> ChatStoreError | None:
        table = self._table
        url = table_url(table.client, table.name, table.index_name)
        return translate(error, table.name, url)

    def _visible_item(self, write: Write, stored: StoredItem | None) -> StoredItem:
        if stored is None:
            raise SessionNotFoundError(write.session_id)
        write.require_visible(owner=stored.owner, ttl=stored.ttl)
        return stored

    def _seen(self, session_id: str, item: Item) -> Item:
        self._sizes.put(session_id, len(item.get("messages", {}).get("L", ())))
        return item

    def _shown_item(self, session_id: str, item: Item, *, with_window: bool) -> Body:
        seen = self._seen(session_id, item)
        return record(seen).body if with_window else info_body(seen)

    def _contended(self, session_id: str) -> BackendThrottledError:
        return BackendThrottledError(
            f"dynamodb: {_ATTEMPTS} tries to write session {session_id!r} each met another "
            "writer's change; wait a little and send the same call again"
        )
