"""Between JSON values and DynamoDB's typed attribute values. Pure, and free of `Decimal`s: numbers
travel as their shortest decimal text and come back as int or float."""

import base64
from decimal import Decimal
from typing import Any

from chatstore.models import JsonObject
from chatstore.portable import normal_number

AttributeValue = dict[str, Any]
"""One value as the low-level API has it: `{"S": "text"}`, `{"N": "7"}`, `{"M": {…}}`."""

Item = dict[str, AttributeValue]
"""A whole item: attribute values by attribute name."""

_LONGEST_INT = 40
"""Digits, sign and point of a number that is surely read exactly by `int`."""


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
    match kind:
        case "S" | "BOOL":
            return content
        case "N":
            return _number(content)
        case "M":
            return unmarshal_map(content)
        case "L":
            return [unmarshal(entry) for entry in content]
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
    return {name: unmarshal(value) for name, value in item.items()}


def _number(text: str) -> int | float:
    try:
        return normal_number(int(text))
    except ValueError:
        pass
    # An integral number may come back in another notation: 1.23E+37 is an int that a float of the
    # same text would round.
    exact = Decimal(text)
    if exact.adjusted() < _LONGEST_INT and exact == exact.to_integral_value():
        return normal_number(int(exact))
    return normal_number(float(text))


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()
