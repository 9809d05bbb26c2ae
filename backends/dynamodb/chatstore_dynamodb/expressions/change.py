"""One conditional UpdateItem under construction, and the clauses that every write has."""

import re
from typing import Any

from chatstore.engine.write import Write
from chatstore_dynamodb.items import MESSAGE_IDS, WINDOW_BYTES
from chatstore_dynamodb.marshalling import AttributeValue, Item

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
}
"""Short, so that a long window's expressions fit; placeholders also, because some of the names
are reserved words."""


LONGEST_EXPRESSION = 4_096
MOST_OPERATORS = 300
"""What DynamoDB takes: bytes in an expression, operators and functions in one."""

_FEWEST_BYTES = 4
"""No operator takes fewer, with what it stands beside."""

_OPERATORS = re.compile(
    r"\b(?:AND|OR|NOT|IN|BETWEEN)\b|<>|<=|>=|[=<>+]|"
    r"\b(?:contains|size|attribute_type|attribute_exists|attribute_not_exists)\("
)


class Change:
    """The clauses of one request, and the names and values that they mention."""

    def __init__(self) -> None:
        self.conditions: list[str] = []
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
        self.conditions.append(condition)

    def require_type(self, attribute: str, kind: str) -> None:
        """The attribute must be there, and of this type: arithmetic on a missing number, or a path
        into a missing map, would be an error rather than a failed condition."""
        self.require(self.has_type(attribute, kind))

    def has_type(self, attribute: str, kind: str) -> str:
        """The condition that an attribute is there, and of this type."""
        return f"attribute_type({self.name(attribute)},{self.value(kind, {'S': kind})})"

    def set(self, path: str, operand: str) -> None:
        """`SET path = operand`."""
        self._sets.append(f"{path}={operand}")

    def add_to(self, attribute: str, label: str, number: int) -> None:
        """`SET attribute = attribute + number`; the attribute must be a number."""
        self.require_type(attribute, "N")
        name = self.name(attribute)
        self.set(name, f"{name}+{self.number(label, number)}")

    def remove(self, path: str) -> None:
        """`REMOVE path`; what is not there is no error."""
        self._removes.append(path)

    def unite(self, attribute: str, operand: str) -> None:
        """`ADD attribute operand`: the union of two sets."""
        self._adds.append(f"{self.name(attribute)} {operand}")

    @property
    def is_within_limits(self) -> bool:
        """Whether DynamoDB takes expressions of this length, and with so many operators."""
        return all(
            len(text) <= LONGEST_EXPRESSION
            and (
                len(text) < MOST_OPERATORS * _FEWEST_BYTES
                or len(_OPERATORS.findall(text)) <= MOST_OPERATORS
            )
            for text in (" AND ".join(self.conditions), self._update_expression())
        )

    def condition(self) -> dict[str, Any]:
        """The parameters of a request that has conditions alone, such as DeleteItem."""
        return {
            "ConditionExpression": " AND ".join(self.conditions),
            "ExpressionAttributeNames": self._names,
            "ExpressionAttributeValues": self._values,
        }

    def update(self) -> dict[str, Any]:
        """The parameters of the UpdateItem."""
        return {**self.condition(), "UpdateExpression": self._update_expression()}

    def _update_expression(self) -> str:
        clauses = (
            ("SET", self._sets),
            ("REMOVE", self._removes),
            ("ADD", self._adds),
        )
        return " ".join(f"{verb} {','.join(parts)}" for verb, parts in clauses if parts)


def visible(write: Write) -> Change:
    """A request that only a live session of the right owner, and of the right version, lets
    through. A ttl that is missing or no number never lapses."""
    change = Change()
    change.require(f"attribute_exists({change.name('sessionId')})")
    change.require(f"NOT {change.name('ttl')}<={change.number('now', write.now.seconds)}")
    if write.user_id is not None:
        change.require(f"{change.name('userId')}={change.value('owner', {'S': write.user_id})}")
    if write.if_version is not None:
        require_version(change, write.if_version)
    return change


def require_version(change: Change, version: int | None) -> None:
    """The item must be of this version. Records that others wrote may have none: that is 0."""
    name = change.name("version")
    if version is None:
        change.require(f"attribute_not_exists({name})")
        return
    equal = f"{name}={change.number('if', version)}"
    change.require(equal if version else f"({equal} OR attribute_not_exists({name}))")


def stamp(change: Change, write: Write) -> None:
    """What every write sets beside the version: the time, and the ttl if the write renews it."""
    change.set(change.name("updatedAt"), change.value("at", {"S": write.now.text}))
    if not write.renews:
        return
    if write.ttl is None:
        change.remove(change.name("ttl"))
    else:
        change.set(change.name("ttl"), change.number("ttl", write.ttl))


def free(now_seconds: int) -> dict[str, Any]:
    """The condition of a PutItem: nothing lies under the id, or something that has expired."""
    change = Change()
    exists = change.name("sessionId")
    expired = f"{change.name('ttl')}<={change.number('now', now_seconds)}"
    change.require(f"(attribute_not_exists({exists}) OR {expired})")
    return change.condition()
