"""`update` as one UpdateItem."""

from collections.abc import Set
from typing import Any

from chatstore.engine.write import Patch, Write
from chatstore_dynamodb.expressions.clauses import (
    change_request,
    changed,
    kind_of,
    require_version,
)
from chatstore_dynamodb.expressions.limits import ExpressionLimitError
from chatstore_dynamodb.expressions.state import has_room, merge, replace_maps
from chatstore_dynamodb.stored_item import StoredItem


def update(write: Write, patch: Patch, bounded: Set[str]) -> dict[str, Any] | None:
    """The request that merges a patch into any record, of which is believed which maps have a bound
    of their bytes. None if it would pass the limits of an expression."""
    change = changed(kind_of(write))
    change.add_to("version", change.number("one", 1))
    try:
        merge(change, patch, bounded)
        return change_request(change, write)
    except ExpressionLimitError:
        return None


def update_stored(write: Write, patch: Patch, stored: StoredItem) -> dict[str, Any]:
    """The request that merges a patch into the record that an earlier try met.

    Raises `InvalidInputError` if it would have more than 256 keys, or 32 KiB, in one of its maps.
    """
    if stored.version is not None and has_room(patch, stored):
        request = update(write, patch, stored.bounded)
        if request is not None:
            return request
    change = changed(kind_of(write))
    if write.if_version is None or stored.version is None:
        require_version(change, stored.version)
    number = change.number("version", (stored.version or 0) + 1)
    change.set(change.name("version"), number)
    replace_maps(change, patch, stored)
    return change_request(change, write)
