"""One conditional request under construction, and its text when it is done.

Values that a caller wrote may stand beside the text: so one that is needed again and again can be
kept, and given other values each time.
"""

from collections.abc import Mapping
from typing import NamedTuple

from chatstore_dynamodb.attribute_values import AttributeValue, Item
from chatstore_dynamodb.expressions.limits import require_fits
from chatstore_dynamodb.items import (
    ARCHIVED,
    EDITS,
    HISTORY,
    HISTORY_ID,
    MESSAGE_IDS,
    STATE_BYTES,
    WINDOW_BYTES,
)

_PLACEHOLDERS = {
    "sessionId": "#k",
    "userId": "#o",
    "ttl": "#t",
    "version": "#v",
    "updatedAt": "#u",
    "messages": "#m",
    "messageId": "#i",
    "messageCount": "#c",
    "userPreferences": "#p",
    "metadata": "#d",
    "sessionStatus": "#a",
    WINDOW_BYTES: "#w",
    MESSAGE_IDS: "#s",
    "creationId": "#n",
    HISTORY: "#h",
    HISTORY_ID: "#j",
    ARCHIVED: "#r",
    EDITS: "#e",
    STATE_BYTES["userPreferences"]: "#pb",
    STATE_BYTES["metadata"]: "#db",
}
"""Short, so that a long window's expressions fit; placeholders also, because some of the names
are reserved words."""


class Text(NamedTuple):
    """The expressions of a request, within DynamoDB's limits, and what never changes in them."""

    condition: str
    update: str
    """Empty for a request that has conditions alone, such as DeleteItem."""
    names: Mapping[str, str]
    values: Item


class Change:
    """The clauses of one request, and the names and values that they mention."""

    def __init__(self) -> None:
        self._conditions: list[str] = []
        self._sets: list[str] = []
        self._removes: list[str] = []
        self._adds: list[str] = []
        self._names: dict[str, str] = {}
        self._values: Item = {}

    def name(self, attribute: str) -> str:
        """The placeholder of one of the record's attributes."""
        placeholder = _PLACEHOLDERS[attribute]
        self._names[placeholder] = attribute
        return placeholder

    def entry(self, attribute: str, index: int, entry: str) -> str:
        """The path of an entry of one of the record's maps; the index tells entries apart."""
        parent = self.name(attribute)
        placeholder = f"{parent}{index}"
        self._names[placeholder] = entry
        return f"{parent}.{placeholder}"

    def value(self, label: str, value: AttributeValue) -> str:
        """The placeholder of a value."""
        placeholder = f":{label}"
        self._values[placeholder] = value
        return placeholder

    def number(self, label: str, number: int) -> str:
        """The placeholder of a number."""
        return self.value(label, {"N": str(number)})

    def require(self, condition: str) -> None:
        """One more condition, that must hold beside the others."""
        self._conditions.append(condition)

    def require_type(self, attribute: str, kind: str) -> None:
        """The attribute must be there, and of this type: arithmetic on a missing number, or a path
        into a missing map, would be an error rather than a failed condition."""
        self.require(self.has_type(attribute, kind))

    def has_type(self, attribute: str, kind: str) -> str:
        """The condition that an attribute is there, and of this type."""
        return f"attribute_type({self.name(attribute)},{self.value(kind, {'S': kind})})"

    def require_absent(self, attribute: str) -> None:
        """The attribute must not be there."""
        self.require(f"attribute_not_exists({self.name(attribute)})")

    def set(self, path: str, operand: str) -> None:
        """`SET path = operand`."""
        self._sets.append(f"{path}={operand}")

    def add_to(self, attribute: str, operand: str) -> None:
        """`SET attribute = attribute + operand`; the attribute must be a number."""
        self.require_type(attribute, "N")
        name = self.name(attribute)
        self.set(name, f"{name}+{operand}")

    def remove(self, path: str) -> None:
        """`REMOVE path`; what is not there is no error."""
        self._removes.append(path)

    def unite(self, attribute: str, operand: str) -> None:
        """`ADD attribute operand`: the union of two sets."""
        self._adds.append(f"{self.name(attribute)} {operand}")

    def text(self) -> Text:
        """The expressions. Raises `ExpressionLimitError` for what DynamoDB does not take."""
        clauses = (("SET", self._sets), ("REMOVE", self._removes), ("ADD", self._adds))
        condition = " AND ".join(self._conditions)
        update = " ".join(f"{verb} {','.join(parts)}" for verb, parts in clauses if parts)
        require_fits(condition)
        require_fits(update)
        return Text(condition, update, self._names, self._values)
