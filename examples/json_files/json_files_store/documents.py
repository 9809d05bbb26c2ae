"""What a document says: its messages, its window, and what a patch makes of it."""

from chatstore import JsonObject
from chatstore.engine import (
    Patch,
    Record,
    document_weights,
    history_of,
    merge_patch,
    window_policy,
    without_messages,
)


def record(stored: JsonObject, last: int | None = None) -> Record:
    """What a load hands over: the document with its window, or the `last` messages of it."""
    return Record(stored.get("userId"), stored.get("ttl"), shown(stored, last))


def shown(stored: JsonObject, last: int | None = None) -> JsonObject:
    """The document with its window, or the `last` messages of it."""
    seen = window(stored)
    first = 0 if last is None else max(len(seen) - last, 0)
    return {**without_messages(stored), "messages": seen[first:]}


def window(stored: JsonObject) -> list[JsonObject]:
    """The messages that a session shows: all that it has, and of one with history the newest."""
    kept: list[JsonObject] = stored.get("messages", [])
    if (history := history_of(stored)) is None:
        return kept
    newest = kept[-history:]
    number = window_policy(history).window(len(newest), lambda: document_weights(newest))
    return newest[len(newest) - number :]


def merge(stored: JsonObject, patch: Patch) -> None:
    """Change the document by a patch."""
    for field, name, entries in (
        ("user_preferences", "userPreferences", patch.user_preferences),
        ("metadata", "metadata", patch.metadata),
    ):
        stored[name] = merge_patch(field, stored[name], entries)
    if patch.session_status is not None:
        stored["sessionStatus"] = patch.session_status


def completed(stored: JsonObject) -> JsonObject:
    """The document with what another service left out."""
    messages = stored.setdefault("messages", [])
    defaults = {"messageCount": len(messages), "version": 0}
    return {"userPreferences": {}, "metadata": {}, **defaults, **stored}
