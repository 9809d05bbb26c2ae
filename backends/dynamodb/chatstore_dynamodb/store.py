"""The store: each hook is one request in the usual case."""

import itertools
import re
from collections.abc import Mapping, Sequence
from typing import ClassVar, Self, cast

from chatstore.clock import Clock, Moment, utc_now
from chatstore.engine.cursor import Position
from chatstore.engine.query import PageQuery
from chatstore.engine.retry import new_part
from chatstore.engine.write import Patch, Write, is_visible
from chatstore.errors import ChatStoreError, ConfigurationError
from chatstore.policy import RetentionPolicy
from chatstore.record.stored import Body, Record, Stored, StoredMessage, StoredSession
from chatstore.runtime.deadline import DEFAULT_DEADLINE, require_deadline, within
from chatstore.runtime.options import require_function, require_policy
from chatstore.store.base import BaseSessionStore
from chatstore.values.plain import passes_for, plain_text
from chatstore_dynamodb import expressions
from chatstore_dynamodb.api import Client
from chatstore_dynamodb.attempts import (
    MOST_ATTEMPTS,
    Request,
    change_item,
    contended,
    wait_for_others,
)
from chatstore_dynamodb.client import new_client
from chatstore_dynamodb.errors import translate
from chatstore_dynamodb.failures import shown
from chatstore_dynamodb.items import (
    BACKEND,
    DEFAULT_INDEX,
    StoredItem,
    info_body,
    other_attributes,
    record,
)
from chatstore_dynamodb.marshalling import Item
from chatstore_dynamodb.own_client import own_client
from chatstore_dynamodb.pinging import ping
from chatstore_dynamodb.sizes import WindowSizes
from chatstore_dynamodb.table import ConditionFailedError, Table
from chatstore_dynamodb.upkeep import Upkeep

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,255}|arn:[\x21-\x7e]{1,1020}")


class DynamoDBSessionStore(BaseSessionStore):
    """Sessions in a DynamoDB table, through boto3's low-level client.

    The caller owns `client`, which stays as it is and is not closed with the store: the store has
    a copy, with sockets of its own. The table, its user index `index_name` and its time to live are
    made by `chatstore schema apply`, never by the store. With `consistent_reads` (the default)
    `get`, `get_many` and `scan` see every write that was acknowledged before; without, they cost
    half as much and may lag. `list_sessions` reads an index, which always lags a little. A call
    ends within `deadline` seconds. Raises `ConfigurationError` for what is no such client, or no
    name that a table or an index can have.
    """

    engine: "DynamoDBEngine"  # pyright: ignore[reportIncompatibleVariableOverride]  it is set once

    def __init__(
        self,
        client: "Client | DynamoDBEngine",
        table_name: str,
        *,
        index_name: str = DEFAULT_INDEX,
        consistent_reads: bool = True,
        policy: RetentionPolicy | None = None,
        clock: Clock = utc_now,
        deadline: float = DEFAULT_DEADLINE,
    ) -> None:
        engine = (
            client
            if passes_for(client, DynamoDBEngine)
            else DynamoDBEngine(
                cast("Client", client),
                table_name,
                index_name=index_name,
                consistent_reads=consistent_reads,
            )
        )
        super().__init__(engine, policy=policy, clock=clock, deadline=deadline)

    @classmethod
    def connect(
        cls,
        table_name: str,
        *,
        region: str | None = None,
        endpoint_url: str | None = None,
        retry_mode: str = "standard",
        index_name: str = DEFAULT_INDEX,
        consistent_reads: bool = True,
        policy: RetentionPolicy | None = None,
        clock: Clock = utc_now,
        deadline: float = DEFAULT_DEADLINE,
    ) -> Self:
        """A store with a client of its own, which it closes with itself. What `new_client` raises
        for its arguments, this does; it ends within `deadline`, or 10 seconds if that is more."""
        # To make a client takes a tenth of a second: what is wrong elsewhere is told before.
        _require_name("table_name", table_name)
        _require_name("index_name", index_name)
        _require_flag(consistent_reads)
        if policy is not None:
            require_policy(policy)
        require_function("clock", clock)
        # To make a client takes a while by itself, however short calls are to be.
        with within(max(require_deadline(deadline), DEFAULT_DEADLINE)):
            client = new_client(region=region, endpoint_url=endpoint_url, retry_mode=retry_mode)
        try:
            engine = DynamoDBEngine(
                client,
                table_name,
                index_name=index_name,
                consistent_reads=consistent_reads,
                owned=True,
            )
        except BaseException:
            client.close()
            raise
        return cls(engine, table_name, policy=policy, clock=clock, deadline=deadline)


class DynamoDBEngine(Upkeep):
    """A table and its index. A client that is `owned` is closed at the end."""

    backend = BACKEND
    needs_time_to_live: ClassVar[bool] = True
    """Whether `ping` wants the table to remove what has expired."""

    def __init__(
        self,
        client: Client,
        table_name: str,
        *,
        index_name: str = DEFAULT_INDEX,
        consistent_reads: bool = True,
        owned: bool = False,
    ) -> None:
        self.table = Table(
            own_client(client),
            _require_name("table_name", table_name),
            index_name=_require_name("index_name", index_name),
            consistent_reads=_require_flag(consistent_reads),
        )
        self.sizes = WindowSizes()
        self._given_client = client if owned else None

    def insert(self, session: StoredSession, now: Moment) -> bool:
        inserted = self.restore(session, overwrite=False, now=now)
        if inserted:
            self.sizes.put(session.session_id, len(session.messages))
        return inserted

    def load(self, session_id: str, *, latest: bool = False) -> Record | None:
        item = self.table.get(session_id, latest=latest)
        return None if item is None else record(self._seen(session_id, item))

    def load_many(self, session_ids: Sequence[str]) -> Mapping[str, Record]:
        items = self.table.get_many(session_ids)
        return {
            session_id: record(self._seen(session_id, item))
            for item in items
            for session_id in (item["sessionId"]["S"],)
        }

    def append(
        self, write: Write, messages: Sequence[StoredMessage], *, with_window: bool
    ) -> Stored:
        session_id = write.session_id
        new = messages

        def plan(stored: StoredItem, is_full: bool) -> Request | None:
            nonlocal new
            # Never the whole batch again: what stood before a message that was met has been met.
            new = new_part(new, stored.message_ids, stored.message_count, stored.message)
            if not new:
                return None
            write.require_version(stored.version or 0)
            request = None
            if not is_full and expressions.fits(write, new, stored):
                request = expressions.append(write, new, len(stored.messages))
            return request or expressions.compare_and_set(write, new, stored)

        guess = expressions.append(write, messages, self.sizes.get(session_id))
        # A window that is too long to be said so is asked about as one that nobody has seen.
        guess = guess or expressions.append(write, messages, None)
        item = change_item(self.table, write, guess, plan, may_cut=True)
        return Stored(self._shown_item(session_id, item, with_window=with_window))

    def rewrite(self, write: Write, messages: Sequence[StoredMessage], given: int) -> Body:
        def plan(stored: StoredItem, _: bool) -> Request:
            write.require_version(stored.version or 0)
            return expressions.rewrite_stored(write, messages, given, stored)

        size = self.sizes.get(write.session_id)
        guess = None if size is None else expressions.rewrite(write, messages, given, size)
        item = change_item(self.table, write, guess, plan)
        return self._shown_item(write.session_id, item, with_window=True)

    def update(self, write: Write, patch: Patch) -> Body:
        def plan(stored: StoredItem, _: bool) -> Request:
            write.require_version(stored.version or 0)
            return expressions.update(write, patch, stored)

        item = change_item(self.table, write, expressions.update(write, patch, None), plan)
        return self._shown_item(write.session_id, item, with_window=False)

    def delete(self, write: Write) -> bool:
        condition = expressions.visible(write).condition()
        for attempt in range(MOST_ATTEMPTS):
            try:
                self.table.delete(write.session_id, condition, by_version=write.if_version)
            except ConditionFailedError as failure:
                stored = failure.stored
            else:
                return True
            if stored is None or not is_visible(
                write.now, write.user_id, owner=stored.owner, ttl=stored.ttl
            ):
                return False
            write.require_version(stored.version or 0)
            # It was of another version when it was met, and another writer has changed that.
            wait_for_others(self.table, write.session_id, attempt)
        raise contended(self.table, write.session_id, MOST_ATTEMPTS)

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

    def ping(self) -> None:
        ping(self.table, needs_time_to_live=self.needs_time_to_live)

    def close(self) -> None:
        self.table.client.close()
        if self._given_client is not None:
            self._given_client.close()

    def translate_error(self, error: Exception, session_id: str | None) -> ChatStoreError | None:
        return translate(error, self.table.place)

    @property
    def place(self) -> str:
        return str(self.table.place)

    def _seen(self, session_id: str, item: Item) -> Item:
        self.sizes.put(session_id, len(item.get("messages", {}).get("L", ())))
        return item

    def _shown_item(self, session_id: str, item: Item, *, with_window: bool) -> Body:
        seen = self._seen(session_id, item)
        return record(seen).body if with_window else info_body(seen)


def _require_name(field: str, name: object) -> str:
    text = plain_text(name)
    if text is None or not _NAME.fullmatch(text):
        raise ConfigurationError(
            f"dynamodb: {field} must be 3 to 255 letters, digits, _, - and ., not {shown(name)}"
        )
    return text


def _require_flag(consistent_reads: object) -> bool:
    if type(consistent_reads) is not bool:
        raise ConfigurationError(
            f"dynamodb: consistent_reads must be True or False, not {shown(consistent_reads)}"
        )
    return consistent_reads
