"""The clauses that every write has: which session it is for, and what it sets beside its own."""

from collections.abc import Callable
from typing import Any, NamedTuple

from chatstore.engine.write import Write
from chatstore_dynamodb.attribute_values import Item
from chatstore_dynamodb.expressions.change import Change, Text
from chatstore_dynamodb.items import GONE, HISTORY, HISTORY_ID


class Kind(NamedTuple):
    """What of a write decides the text of its request."""

    has_owner: bool
    has_version: bool
    takes_no_version: bool
    """A record that others wrote may have no version: that is 0."""
    renews: bool
    has_ttl: bool


def kind_of(write: Write) -> Kind:
    """The kind of a write."""
    return Kind(
        write.user_id is not None,
        write.if_version is not None,
        write.if_version == 0,
        write.renews,
        write.policy.ttl is not None,
    )


def visible(kind: Kind) -> Change:
    """A request that only a live session of the right owner, and of the right version, lets
    through. A ttl that is missing or no number never lapses. Its values are `visible_values`."""
    change = Change()
    change.require(f"attribute_exists({change.name('sessionId')})")
    change.require(f"NOT {change.name('ttl')}<=:now")
    if kind.has_owner:
        change.require(f"{change.name('userId')}=:owner")
    if kind.has_version:
        _require_version(change, may_be_missing=kind.takes_no_version)
    return change


def visible_values(write: Write) -> Item:
    """The values of what a write requires of the session."""
    values = {":now": {"N": str(write.now.seconds)}}
    if write.user_id is not None:
        values[":owner"] = {"S": write.user_id}
    if write.if_version is not None:
        values[":if"] = {"N": str(write.if_version)}
    return values


def require_version(change: Change, version: int | None) -> None:
    """The item must be of the version that it had when it came back; None: it had none."""
    if version is None:
        change.require(f"attribute_not_exists({change.name('version')})")
    else:
        change.number("if", version)
        _require_version(change, may_be_missing=not version)


def _require_version(change: Change, *, may_be_missing: bool) -> None:
    name = change.name("version")
    equal = f"{name}=:if"
    change.require(f"({equal} OR attribute_not_exists({name}))" if may_be_missing else equal)


def changed(kind: Kind) -> Change:
    """The same, setting what every write sets beside the version: the time, and the ttl if the
    write renews it. Its values are `changed_values`."""
    change = visible(kind)
    change.set(change.name("updatedAt"), ":at")
    if kind.renews and kind.has_ttl:
        change.set(change.name("ttl"), ":ttl")
    elif kind.renews:
        change.remove(change.name("ttl"))
    return change


def changed_values(write: Write) -> Item:
    """The values of what a write requires and of what every write sets."""
    values = visible_values(write)
    values[":at"] = {"S": write.now.text}
    if write.renews and (ttl := write.ttl) is not None:
        values[":ttl"] = {"N": str(ttl)}
    return values


def without_history(change: Change) -> Change:
    """The same, for a session without history: whoever shortens a list must know of none."""
    change.require_absent(HISTORY)
    return change


def request(text: Text, values: Item) -> dict[str, Any]:
    """The parameters of a request, with the values that its text leaves open."""
    parameters = {
        "ConditionExpression": text.condition,
        "ExpressionAttributeNames": dict(text.names),
        "ExpressionAttributeValues": {**text.values, **values},
    }
    if text.update:
        parameters["UpdateExpression"] = text.update
    return parameters


def change_request(change: Change, write: Write) -> dict[str, Any]:
    """The request of a write whose change has all its values but those that every write has."""
    return request(change.text(), changed_values(write))


def kept_request(
    write: Write, text_of: Callable[[Kind], Text | None], values: Item
) -> dict[str, Any] | None:
    """The request of a write by a text that is kept for its kind, with the values that are the
    write's own; None if there is no such text."""
    text = text_of(kind_of(write))
    return None if text is None else request(text, {**changed_values(write), **values})


def visible_condition(write: Write) -> dict[str, Any]:
    """The condition of a DeleteItem: the session is visible to the write, and has no history."""
    return request(without_history(visible(kind_of(write))).text(), visible_values(write))


def mark_gone(write: Write) -> dict[str, Any]:
    """The UpdateItem by which a session with history is gone at once."""
    change = visible(kind_of(write))
    change.require(f"attribute_exists({change.name(HISTORY_ID)})")
    change.set(change.name("ttl"), change.number("gone", GONE))
    return request(change.text(), visible_values(write))


def free(now_seconds: int) -> dict[str, Any]:
    """The condition of a PutItem: nothing lies under the id, or something that has expired."""
    change = Change()
    exists = change.name("sessionId")
    expired = f"{change.name('ttl')}<={change.number('now', now_seconds)}"
    change.require(f"(attribute_not_exists({exists}) OR {expired})")
    return request(change.text(), {})
