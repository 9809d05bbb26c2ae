"""moto's answers, without a search that takes half of its time.

moto answers with objects of its own, and looks for each member of a structure under several names.
An attribute value is a dictionary from its one type to what it holds, and there are ten types: here
the type that is there is taken, and the nine others are not looked for.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from moto.core.serialize import BaseJSONSerializer

_METHOD = "_serialize_type_structure"
_usual = getattr(BaseJSONSerializer, _METHOD)


def _structure(self: Any, serialized: Any, value: Any, shape: Any, key: str) -> None:
    if shape.name != "AttributeValue" or type(value) is not dict:
        _usual(self, serialized, value, shape, key)
        return
    typed: dict[str, Any] = {}
    for name, content in value.items():
        self._serialize(typed, content, shape.members[name], name)
    serialized[key] = typed


@contextmanager
def quick_answers() -> Iterator[None]:
    """Let moto write the same answers in half the time."""
    with patch.object(BaseJSONSerializer, _METHOD, _structure):
        yield
