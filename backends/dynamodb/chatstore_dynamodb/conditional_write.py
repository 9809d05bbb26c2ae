"""The one loop by which every write of a session is sent until it is done: a first request, made
for what this process remembers of the window, then what fits the item that the last one met."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from chatstore.engine.write import Write
from chatstore.errors import BackendThrottledError, SessionNotFoundError
from chatstore.runtime.deadline import DeadlineError
from chatstore_dynamodb.attribute_values import Item
from chatstore_dynamodb.errors import is_failed_condition, is_too_large, returned_item
from chatstore_dynamodb.items import HISTORY, STATE_BYTES, WINDOW_BYTES, bounded_maps
from chatstore_dynamodb.stored_item import Seen, StoredItem
from chatstore_dynamodb.table import Table, back_off

_MOST_ATTEMPTS = 60
"""How often one write is sent, each time for what the last try met. Writers only ever conflict
where windows are full by bytes; then each conflict means that another one's write succeeded."""

_BOUNDS = frozenset(STATE_BYTES.values())
_NOTHING: frozenset[str] = frozenset()

Request = Mapping[str, Any]

First = Callable[[Seen | None], Request | None]
"""From what is remembered of the session to the first request; None if the item has to be read
first."""

Next = Callable[[StoredItem, bool], Request | None]
"""From the live session that a try met, and whether the item was too large for it, to the next
request; None if there is nothing left to write. It checks the version, and raises `OutdatedError`
if the session has changed since it was met."""


class OutdatedError(Exception):
    """What is known of a session does not hold: another writer has changed it meanwhile."""


class SeenSessions:
    """What a process remembers of sessions that it saw: a guess that saves a request, never a fact.
    Of the sessions beyond the capacity, the longest unused is forgotten."""

    def __init__(self, capacity: int = 10_000) -> None:
        self._capacity = capacity
        self._seen: OrderedDict[str, Seen] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, session_id: str) -> Seen | None:
        """What was seen last; None if that was too long ago, or never."""
        with self._lock:
            seen = self._seen.get(session_id)
            if seen is not None:
                self._seen.move_to_end(session_id)
            return seen

    def put(self, session_id: str, item: Item) -> None:
        """Remember an item."""
        history, weight = _number(item, HISTORY), _number(item, WINDOW_BYTES)
        size = len(item.get("messages", {}).get("L", ()))
        bounded = _NOTHING if item.keys().isdisjoint(_BOUNDS) else bounded_maps(item)
        seen = Seen(size, history, 0 if history is None else weight or 0, bounded)
        with self._lock:
            self._seen[session_id] = seen
            self._seen.move_to_end(session_id)
            if len(self._seen) > self._capacity:
                self._seen.popitem(last=False)


def _number(item: Item, attribute: str) -> int | None:
    text = item.get(attribute, {}).get("N", "")
    return int(text) if text.isdecimal() else None


class ConditionalWrites:
    """The writes of one table's sessions, under conditions."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self.sessions = SeenSessions()

    def update(self, write: Write, first: First, following: Next, *, may_cut: bool = False) -> Item:
        """The item after the write. With `may_cut` an item that is too large is asked about once
        more. Raises `SessionNotFoundError` for what is no live session of the right owner."""
        session_id = write.session_id
        request = first(self.sessions.get(session_id))
        item = self._send(write, request, following, send=self._change, may_cut=may_cut)
        return self.seen(session_id, item)

    def delete(self, write: Write, condition: Request, following: Next) -> None:
        """Remove the session. Raises `SessionNotFoundError` likewise."""

        def send(session_id: str, request: Request) -> Item:
            return self._remove(session_id, request, by_version=write.if_version)

        self._send(write, condition, following, send=send)

    def seen(self, session_id: str, item: Item) -> Item:
        """The item, which is remembered."""
        self.sessions.put(session_id, item)
        return item

    def _send(
        self,
        write: Write,
        first: Request | None,
        following: Next,
        *,
        send: Callable[[str, Request], Item],
        may_cut: bool = False,
    ) -> Item:
        session_id, table = write.session_id, self._table
        request = first
        is_full = False
        if request is None:
            stored = _visible(write, table.stored(session_id))
            stored, request = self._following(write, stored, following, is_full=is_full)
            if request is None:
                return stored.item
        for attempt in range(_MOST_ATTEMPTS):
            try:
                return send(session_id, request)
            except _ConditionFailedError as failure:
                is_full = False
                met = failure.stored
            except ClientError as error:
                if is_full or not (may_cut and is_too_large(error)):
                    raise
                is_full = True
                met = table.stored(session_id)
            stored = _visible(write, met)
            stored, request = self._following(write, stored, following, is_full=is_full)
            if request is None:
                return stored.item
            if attempt:
                _wait_for_others(table, session_id, attempt)
        raise _contended(table, session_id, _MOST_ATTEMPTS)

    def _following(
        self, write: Write, stored: StoredItem, following: Next, *, is_full: bool
    ) -> tuple[StoredItem, Request | None]:
        """The next request, and the session that it was made for."""
        for attempt in range(_MOST_ATTEMPTS):
            try:
                return stored, following(stored, is_full)
            except OutdatedError:
                _wait_for_others(self._table, write.session_id, attempt)
                stored = _visible(write, self._table.stored(write.session_id))
        raise _contended(self._table, write.session_id, _MOST_ATTEMPTS)

    def _change(self, session_id: str, request: Request) -> Item:
        """One UpdateItem, and the item as it is then."""
        key = {"sessionId": {"S": session_id}}
        try:
            answer = self._table.client.update_item(
                TableName=self._table.name,
                Key=key,
                ReturnValues="ALL_NEW",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
                **request,
            )
        except ClientError as error:
            if is_failed_condition(error):
                raise _ConditionFailedError(self._met(session_id, error)) from error
            raise
        item: Item = answer.get("Attributes", {})
        if item.get("sessionId") != key["sessionId"]:
            raise self._table.foreign_answer()
        return item

    def _remove(self, session_id: str, request: Request, *, by_version: int | None) -> Item:
        """One DeleteItem. What it met is only read, where the engine does not return it, if the
        condition is one `by_version`."""
        try:
            self._table.client.delete_item(
                TableName=self._table.name,
                Key={"sessionId": {"S": session_id}},
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
                **request,
            )
        except ClientError as error:
            if not is_failed_condition(error):
                raise
            if by_version is None and returned_item(error) is None:
                raise _ConditionFailedError(None) from error
            raise _ConditionFailedError(self._met(session_id, error)) from error
        return {}

    def _met(self, session_id: str, error: ClientError) -> StoredItem | None:
        item = returned_item(error)
        # Without one there was none, or the engine is one that does not return it.
        if item is None:
            return self._table.stored(session_id)
        return StoredItem(session_id, self._table.its_own(session_id, item))


class _ConditionFailedError(Exception):
    """A write's condition did not hold, and nothing was written. `stored` is the item that it
    met; None: there was none."""

    def __init__(self, stored: StoredItem | None) -> None:
        self.stored = stored
        super().__init__("the condition did not hold")


def _visible(write: Write, stored: StoredItem | None) -> StoredItem:
    if stored is None:
        raise SessionNotFoundError(write.session_id)
    write.require_visible(owner=stored.owner, ttl=stored.ttl)
    return stored


def _wait_for_others(table: Table, session_id: str, attempt: int) -> None:
    """Wait before another attempt, unless the call's time would be up then: what it then failed for
    are the other writers."""
    try:
        back_off(attempt)
    except DeadlineError as error:
        raise _contended(table, session_id, attempt + 1) from error


def _contended(table: Table, session_id: str, tries: int) -> BackendThrottledError:
    return BackendThrottledError(
        f"{table.place}: {tries} tries to write session {session_id!r} each met another "
        "writer's change; wait a little and send the same call again"
    )
