"""Merging a patch into the state: entries are set and removed one by one, so that changes of
different entries never conflict, as long as the map stays within its limits whatever is in it.

Beside a map may stand an upper bound of its bytes. Where there is none, in a session that chatstore
made, no entry is larger than `SMALL_ENTRY`, and the number of entries bounds the bytes.
"""

from collections.abc import Set
from dataclasses import dataclass

from chatstore.engine.write import Patch, merge_patch
from chatstore.models import JsonObject
from chatstore.record.state import MAX_KEYS, MAX_STATE_BYTES, entry_size, state_size
from chatstore_dynamodb.attribute_values import marshal
from chatstore_dynamodb.expressions.change import Change
from chatstore_dynamodb.expressions.limits import ExpressionLimitError
from chatstore_dynamodb.items import SMALL_ENTRY, STATE_BYTES, needs_bound
from chatstore_dynamodb.stored_item import StoredItem

_MOST_ENTRIES = 64


def merge(change: Change, patch: Patch, bounded: Set[str]) -> None:
    """Merge into a session of which is only believed which maps, by name, have a bound of their
    bytes: the request is conditioned on that, and on there being room in any case. Raises
    `ExpressionLimitError` for a patch of so many entries that whole maps are better written."""
    if len(patch.user_preferences) + len(patch.metadata) > _MOST_ENTRIES:
        raise ExpressionLimitError
    for name, _, entries in _changed_maps(patch):
        _merge(change, name, _Entries.of(entries), entries, has_bound=name in bounded)
    _set_status(change, patch)


def has_room(patch: Patch, stored: StoredItem) -> bool:
    """Whether `merge` can merge into the session that came back. Raises `InvalidInputError` if
    what comes of it is too much."""
    return all(
        _has_room(name, field, entries, stored) for name, field, entries in _changed_maps(patch)
    )


def replace_maps(change: Change, patch: Patch, stored: StoredItem) -> None:
    """Put whole new maps in the place of those that came back, and a bound where one is needed;
    the request must be conditioned on the version. Raises `InvalidInputError` likewise."""
    for name, field, entries in _changed_maps(patch):
        present = stored.map_of(name)
        if present is None:
            change.require_absent(name)
        else:
            # Others may change a map, and leave the version as it is.
            size = change.number(f"were{change.name(name)[1:]}", len(present))
            change.require(f"size({change.name(name)})={size}")
        merged = merge_patch(field, present or {}, entries)
        change.set(change.name(name), change.value(name, marshal(merged)))
        bound = change.name(STATE_BYTES[name])
        if needs_bound(merged) or not _is_ours(stored):
            change.set(bound, change.number(bound[1:], state_size(merged)))
        else:
            change.remove(bound)
    _set_status(change, patch)


@dataclass(frozen=True, slots=True)
class _Entries:
    """What of a patch decides whether there is room for it."""

    names: list[str]
    """Of the entries that are set."""
    size: int
    are_small: bool

    @classmethod
    def of(cls, entries: JsonObject) -> "_Entries":
        sizes = {
            name: entry_size(name, value) for name, value in entries.items() if value is not None
        }
        are_small = all(size <= SMALL_ENTRY for size in sizes.values())
        return cls(list(sizes), sum(sizes.values()), are_small)

    @property
    def most_before(self) -> int:
        """How many small entries there may be before, so that the bytes can't be too many."""
        return (MAX_STATE_BYTES - self.size) // SMALL_ENTRY


def _changed_maps(patch: Patch) -> list[tuple[str, str, JsonObject]]:
    maps = (
        ("userPreferences", "user_preferences", patch.user_preferences),
        ("metadata", "metadata", patch.metadata),
    )
    return [each for each in maps if each[2]]


def _is_ours(stored: StoredItem) -> bool:
    return "creationId" in stored.item


def _has_room(name: str, field: str, entries: JsonObject, stored: StoredItem) -> bool:
    present = stored.map_of(name)
    # It is refused here, if it is.
    merge_patch(field, present or {}, entries)
    if present is None:
        return False
    new = _Entries.of(entries)
    if not new.names:
        return True
    bound = stored.state_bytes(name)
    if bound is None:
        return _is_ours(stored) and new.are_small and len(present) <= new.most_before
    few = len(present) <= MAX_KEYS - len(new.names)
    return bound + new.size <= MAX_STATE_BYTES and (few or present.keys() >= set(new.names))


def _merge(
    change: Change, name: str, new: _Entries, entries: JsonObject, *, has_bound: bool
) -> None:
    change.require_type(name, "M")
    paths = _set_and_remove(change, name, entries)
    if not new.names:
        return
    map_, bound = change.name(name), STATE_BYTES[name]
    size = f"size({map_})<="
    if not has_bound and new.are_small:
        change.require_absent(bound)
        change.require(f"attribute_exists({change.name('creationId')})")
        change.require(f"{size}{change.number(f'few{map_[1:]}', new.most_before)}")
        return
    change.add_to(bound, change.number(f"more{map_[1:]}", new.size))
    room = change.number(f"room{map_[1:]}", MAX_STATE_BYTES - new.size)
    change.require(f"{change.name(bound)}<={room}")
    few = f"{size}{change.number(f'few{map_[1:]}', MAX_KEYS - len(new.names))}"
    there = " AND ".join(f"attribute_exists({paths[each]})" for each in new.names)
    change.require(f"({few} OR ({there}))")


def _set_and_remove(change: Change, name: str, entries: JsonObject) -> dict[str, str]:
    paths: dict[str, str] = {}
    for index, (entry, value) in enumerate(entries.items()):
        paths[entry] = path = change.entry(name, index, entry)
        if value is None:
            change.remove(path)
        else:
            change.set(path, change.value(f"{change.name(name)[1:]}{index}", marshal(value)))
    return paths


def _set_status(change: Change, patch: Patch) -> None:
    if patch.session_status is not None:
        status = change.value("status", {"S": patch.session_status})
        change.set(change.name("sessionStatus"), status)
