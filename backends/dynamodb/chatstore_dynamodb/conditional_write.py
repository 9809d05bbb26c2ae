"""The one loop by which every write of a session is sent until it is done: a first request, then
what fits the item that the last one met."""

from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from chatstore.engine.write import Write
from chatstore.errors import BackendThrottledError, SessionNotFoundError
from chatstore.runtime.deadline import DeadlineError
from chatstore_dynamodb.attribute_values import Item
from chatstore_dynamodb.errors import is_too_large
from chatstore_dynamodb.stored_item import StoredItem
from chatstore_dynamodb.table import ConditionFailedError, Table, back_off

_MOST_ATTEMPTS = 60
"""How often one write is sent, each time for what the last try met. Writers only ever conflict
where windows are full by bytes; then each conflict means that another one's write succeeded."""

Request = Mapping[str, Any]

Next = Callable[[StoredItem, bool], Request | None]
"""From the live session that a try met, and whether the item was too large for it, to the next
request; None if there is nothing left to write. It checks the version."""


def write_item(
    table: Table,
    write: Write,
    first: Request | None,
    following: Next,
    *,
    send: Callable[[str, Request], Item] | None = None,
    may_cut: bool = False,
) -> Item:
    """The item after the write. Without a `first` request the item is read first. With `may_cut` an
    item that is too large is asked about once more. Raises `SessionNotFoundError` for what is no
    live session of the right owner."""
    session_id = write.session_id
    send = send or table.update
    request = first
    is_full = False
    if request is None:
        stored = _visible(write, table.stored(session_id))
        request = following(stored, is_full)
        if request is None:
            return stored.item
    for attempt in range(_MOST_ATTEMPTS):
        try:
            return send(session_id, request)
        except ConditionFailedError as failure:
            is_full = False
            met = failure.stored
        except ClientError as error:
            if is_full or not (may_cut and is_too_large(error)):
                raise
            is_full = True
            met = table.stored(session_id)
        stored = _visible(write, met)
        request = following(stored, is_full)
        if request is None:
            return stored.item
        if attempt:
            _wait_for_others(table, session_id, attempt)
    raise _contended(table, session_id, _MOST_ATTEMPTS)


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
