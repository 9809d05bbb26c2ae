"""`update` as one UpdateItem: entries are set and removed one by one, so that updates of different
entries never conflict."""

from typing import Any

from chatstore.engine.write import Patch, Write, merge_patch
from chatstore.models import JsonObject
from chatstore.record.limits import MAX_KEYS
from chatstore_dynamodb.attribute_values import marshal
from chatstore_dynamodb.expressions.change import Change
from chatstore_dynamodb.expressions.clauses import change_request, changed, kind_of, require_version
from chatstore_dynamodb.stored_item import StoredItem


def update(write: Write, patch: Patch, stored: StoredItem | None) -> dict[str, Any]:
    """The request that merges a patch. `stored` is the item that an earlier try met: None, and
    the request is conditioned on what it needs of any record.

    Raises `InvalidInputError` if that item would have more than 32 keys.
    """
    change = changed(kind_of(write))
    one = change.number("one", 1)
    if stored is None or stored.version is not None:
        change.add_to("version", one)
    else:
        require_version(change, None)
        change.set(change.name("version"), one)
    for attribute, field, entries in (
        ("userPreferences", "user_preferences", patch.user_preferences),
        ("metadata", "metadata", patch.metadata),
    ):
        if not entries:
            continue
        if stored is None:
            _merge(change, attribute, entries)
            continue
        present = stored.map_of(attribute)
        merged = merge_patch(field, present or {}, entries)
        if present is None:
            change.require(f"attribute_not_exists({change.name(attribute)})")
            change.set(change.name(attribute), change.value(attribute, marshal(merged)))
        else:
            _merge_into(change, attribute, entries, present)
    if patch.session_status is not None:
        status = change.value("status", {"S": patch.session_status})
        change.set(change.name("sessionStatus"), status)
    return change_request(change, write)


def _merge(change: Change, attribute: str, entries: JsonObject) -> None:
    """Merge into a map of which nothing is known: no key is new, or there is room for all."""
    change.require_type(attribute, "M")
    paths = _set_and_remove(change, attribute, entries)
    there = [f"attribute_exists({paths[name]})" for name in entries if entries[name] is not None]
    if there:
        few = _has_room(change, attribute, MAX_KEYS - len(there))
        change.require(f"({few} OR ({' AND '.join(there)}))")


def _merge_into(change: Change, attribute: str, entries: JsonObject, present: JsonObject) -> None:
    """Merge into a map that had these keys a moment ago: they must still be there, so that the map
    does not grow by more than was foreseen."""
    change.require_type(attribute, "M")
    paths = _set_and_remove(change, attribute, entries)
    kept = [name for name in entries if name in present and entries[name] is not None]
    removed = [name for name in entries if name in present and entries[name] is None]
    new = sum(entries[name] is not None for name in entries if name not in present)
    for name in kept + removed if new else kept:
        change.require(f"attribute_exists({paths[name]})")
    if new:
        change.require(_has_room(change, attribute, MAX_KEYS - new + len(removed)))


def _has_room(change: Change, attribute: str, most: int) -> str:
    name = change.name(attribute)
    return f"size({name})<={change.number(f'room{name[1:]}', most)}"


def _set_and_remove(change: Change, attribute: str, entries: JsonObject) -> dict[str, str]:
    paths: dict[str, str] = {}
    for index, (name, value) in enumerate(entries.items()):
        paths[name] = path = change.entry(attribute, index, name)
        if value is None:
            change.remove(path)
        else:
            label = f"{change.name(attribute)[1:]}{index}"
            change.set(path, change.value(label, marshal(value)))
    return paths
