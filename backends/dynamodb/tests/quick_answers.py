"""moto's answers, without what takes most of its time.

An attribute value is a dictionary from its one type to what it holds, and there are ten types. moto
looks for each of them under several names when it writes an answer, and botocore looks for each
when it reads one: here the one that is there is taken. And moto copies a value once for each level
of it, with all that is needed for values that hold themselves: none does.
"""

import base64
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import lru_cache
from typing import Any
from unittest.mock import patch

from botocore.parsers import BaseJSONParser
from moto.core import responses
from moto.core.serialize import BaseJSONSerializer
from moto.core.utils import method_names_from_class
from moto.dynamodb import responses as dynamodb_responses
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.models.utilities import dynamo_to_dict

from .quick_expressions import QUICK_EXPRESSIONS, Shortcut

_PLAIN = frozenset(["S", "N", "BOOL", "NULL", "SS", "NS"])

_usual_structure = getattr(BaseJSONSerializer, "_serialize_type_structure")  # noqa: B009
_usual_size = DynamoType.size
_usual_parsing = getattr(BaseJSONParser, "_handle_structure")  # noqa: B009


def _write_structure(self: Any, serialized: Any, value: Any, shape: Any, key: str) -> None:
    if shape.name == "AttributeValue" and type(value) is dict:
        serialized[key] = _written(value)
    else:
        _usual_structure(self, serialized, value, shape, key)


def _written(value: dict[str, Any]) -> dict[str, Any]:
    ((name, content),) = value.items()
    if name in _PLAIN:
        return value
    if name == "M":
        return {"M": {key: _written(inner) for key, inner in content.items()}}
    if name == "L":
        return {"L": [_written(inner) for inner in content]}
    if name == "B":
        return {"B": base64.b64encode(content).decode()}
    return {name: [base64.b64encode(each).decode() for each in content]}


def _read_structure(self: Any, shape: Any, value: Any) -> Any:
    if shape.name == "AttributeValue" and type(value) is dict and len(value) == 1:
        ((name, content),) = value.items()
        if content is not None:
            if name in _PLAIN:
                return value
            if name == "M":
                return {"M": {key: _read_structure(self, shape, content[key]) for key in content}}
            if name == "L":
                return {"L": [_read_structure(self, shape, inner) for inner in content]}
    return _usual_parsing(self, shape, value)


def _copied(self: DynamoType, _memo: object = None) -> DynamoType:
    made = DynamoType.__new__(DynamoType)
    made.type = self.type
    value = self.value
    if made.type == "M":
        made.value = {key: _copied(inner) for key, inner in value.items()}
    elif made.type == "L":
        made.value = [_copied(inner) for inner in value]
    else:
        made.value = list(value) if type(value) is list else value
    return made


def _regular(self: DynamoType) -> dict[str, Any]:
    value = self.value
    if self.type == "M":
        value = {key: _regular(inner) for key, inner in value.items()}
    elif self.type == "L":
        value = [_regular(inner) for inner in value]
    elif type(value) is list:
        value = list(value)
    elif self.type == "B" and isinstance(value, str):
        value = base64.b64decode(value)
    return {self.type: value}


def _size(self: DynamoType) -> int:
    kind, value = self.type, self.value
    if kind == "M":
        return sum(len(key.encode()) + _size(inner) for key, inner in value.items())
    if kind == "L":
        return sum(map(_size, value))
    return len(value.encode()) if type(value) is str else _usual_size(self)


def _plain(thing: Any) -> Any:
    if type(thing) is str:
        return thing
    if type(thing) is dict:
        return {key: _plain(value) for key, value in thing.items()}
    if type(thing) is list:
        return [_plain(value) for value in thing]
    if type(thing) is DynamoType and thing.type not in ("B", "BS"):
        return {thing.type: _plain(thing.value)}
    return dynamo_to_dict(thing)


_QUICK_VALUES: tuple[Shortcut, ...] = (
    (BaseJSONSerializer, "_serialize_type_structure", _write_structure),
    (BaseJSONParser, "_handle_structure", _read_structure),
    (DynamoType, "__deepcopy__", _copied),
    (DynamoType, "to_regular_json", _regular),
    (DynamoType, "size", _size),
    (dynamodb_responses, "dynamo_to_dict", _plain),
    (responses, "method_names_from_class", lru_cache(method_names_from_class)),
)


@contextmanager
def quick_answers() -> Iterator[None]:
    """Let moto give the same answers in less than half of the time."""
    with ExitStack() as stack:
        for target, name, shortcut in (*_QUICK_VALUES, *QUICK_EXPRESSIONS):
            stack.enter_context(patch.object(target, name, shortcut))
        yield
