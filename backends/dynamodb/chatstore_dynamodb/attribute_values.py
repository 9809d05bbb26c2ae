"""Between JSON values and DynamoDB's typed attribute values. Pure, and free of `Decimal`s: numbers
travel as their shortest decimal text and come back as int or float."""

import base64
from decimal import Decimal
from typing import Any

from chatstore.models import JsonObject
from chatstore.values.json_values import normal_number

AttributeValue = dict[str, Any]
"""One value as the low-level API has it: `{"S": "text"}`, `{"N": "7"}`, `{"M": {…}}`."""

Item = dict[str, AttributeValue]
"""A whole item: attribute values by attribute name."""

_SHORT = 38
"""Fewer digits than this are an int in every form."""

_LONGEST_INT = 40
"""More digits than an int may have; beyond, a number is a float whatever its notation."""


def marshal(value: Any) -> AttributeValue:
    """The attribute value of a JSON value in normal form."""
    if isinstance(value, str):
        return {"S": value}
    if value is None:
        return {"NULL": True}
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, dict):
        return {"M": marshal_map(value)}
    if isinstance(value, list):
        return {"L": [marshal(entry) for entry in value]}
    return {"N": repr(value)}


def marshal_map(document: JsonObject) -> Item:
    """The attribute values of an object's entries."""
    return {name: marshal(value) for name, value in document.items()}


def unmarshal(value: AttributeValue) -> Any:
    """The JSON value of an attribute value.

    What only other services write has the nearest JSON form: a set is a sorted list, binary is
    base64 text.
    """
    [(kind, content)] = value.items()
    # The kinds that messages are made of come first: this is most of what reading costs here.
    if kind == "S":
        return content
    if kind == "M":
        return unmarshal_map(content)
    if kind == "L":
        return [unmarshal(entry) for entry in content]
    if kind == "N":
        return _number(content)
    return _rarer(kind, content)


def _rarer(kind: str, content: Any) -> Any:
    match kind:
        case "BOOL":
            return content
        case "NULL":
            return None
        case "SS":
            return sorted(content)
        case "NS":
            return sorted(map(_number, content))
        case "B":
            return _text(content)
        case _:
            return sorted(map(_text, content))


def unmarshal_map(item: Item) -> JsonObject:
    """The JSON object whose entries have these attribute values."""
    return {name: value["S"] if "S" in value else unmarshal(value) for name, value in item.items()}


def unmarshal_without(item: Item, names: frozenset[str]) -> JsonObject:
    """The same, without the entries of these names."""
    return {name: unmarshal(value) for name, value in item.items() if name not in names}


def _number(text: str) -> int | float:
    if len(text) < _SHORT and text.isdecimal():
        return int(text)
    number = float(text)
    if not number.is_integer():
        return number
    # An integral number may come back in another notation: 1.23E+37 is an int that a float of the
    # same text would round.
    exact = Decimal(text)
    if exact.adjusted() < _LONGEST_INT and exact == exact.to_integral_value():
        return normal_number(int(exact))
    return normal_number(number)


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()
