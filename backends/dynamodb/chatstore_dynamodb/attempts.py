"""How a write of one session is sent until it is done: first a guess, then what fits the item that
the last try met."""

from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from chatstore.engine.write import Write
from chatstore.errors import BackendThrottledError, SessionNotFoundError
from chatstore.runtime.deadline import DeadlineError
from chatstore_dynamodb.errors import is_too_large
from chatstore_dynamodb.items import StoredItem
from chatstore_dynamodb.marshalling import Item
from chatstore_dynamodb.table import ConditionFailedError, Table, back_off

MOST_ATTEMPTS = 60
"""How often one write is sent, each time for what the last try met. Writers only ever conflict
where windows are full by bytes; then each conflict means that another one's write succeeded."""

Request = Mapping[str, Any]

Plan = Callable[[StoredItem, bool], Request | None]
"""From the live session that a try met, and whether the item was too large for it, to the next
request; None if there is nothing left to write. It checks the version."""


def change_item(
    table: Table, write: Write, guess: Request | None, plan: Plan, *, may_cut: bool = False
) -> Item:
    """The item after the write. Without a `guess` the item is read first. With `may_cut` an item
    that is too large is planned for once more."""
    session_id = write.session_id
    request = guess
    is_full = False
    if request is None:
        stored = visible_item(write, table.stored(session_id))
        request = plan(stored, is_full)
        if request is None:
            return stored.item
    for attempt in range(MOST_ATTEMPTS):
        try:
            return table.update(session_id, request)
        except ConditionFailedError as failure:
            is_full = False
            met = failure.stored
        except ClientError as error:
            if is_full or not (may_cut and is_too_large(error)):
                raise
            is_full = True
            met = table.stored(session_id)
        stored = visible_item(write, met)
        request = plan(stored, is_full)
        if request is None:
            return stored.item
        if attempt:
            wait_for_others(table, session_id, attempt)
    raise contended(table, session_id, MOST_ATTEMPTS)


def visible_item(write: Write, stored: StoredItem | None) -> StoredItem:
    """The item, if it is a live session of the right owner; else `SessionNotFoundError`."""
    if stored is None:
        raise SessionNotFoundError(write.session_id)
    write.require_visible(owner=stored.owner, ttl=stored.ttl)
    return stored


def wait_for_others(table: Table, session_id: str, attempt: int) -> None:
    """Wait before another attempt, unless the call's time would be up then: what it then failed for
    are the other writers."""
    try:
        back_off(attempt)
    except DeadlineError as error:
        raise contended(table, session_id, attempt + 1) from error


def contended(table: Table, session_id: str, tries: int) -> BackendThrottledError:
    """The error of a write that met another writer's change each time."""
    return BackendThrottledError(
        f"{table.place}: {tries} tries to write session {session_id!r} each met another "
        "writer's change; wait a little and send the same call again"
    )
