"""JSON that every engine can hold: its limits, its numbers' normal form, its size, its text."""

import math
from decimal import Decimal
from typing import Any

from pydantic_core import to_json

from chatstore.errors import InvalidInputError

MAX_DEPTH = 24
_INT_BOUND = 10**38
_LARGEST_FLOAT = 1e125
_SMALLEST_FLOAT = 1e-130
_PLAIN_KINDS: tuple[Any, ...] = (int, float, dict, list)


def normal_number(value: float) -> int | float:
    """The one form of a JSON number, by its shortest decimal text: integral and at most 38 digits
    is that int (7.0 is 7, 1e23 is 10**23, -0.0 is 0), else a float."""
    if isinstance(value, int):
        if -_INT_BOUND < value < _INT_BOUND:
            return value
        try:
            return float(value)
        except OverflowError:
            return value
    if not value.is_integer():
        return value
    whole = int(Decimal(repr(value)))
    return whole if -_INT_BOUND < whole < _INT_BOUND else value


def portable(field: str, value: object) -> tuple[Any, int]:
    """The `normal_form` and the `stored_size` of a caller's value, by one walk over it.

    Raises `InvalidInputError` unless it is JSON that every engine can hold: at most 24 levels deep,
    str keys of at least 1 character, no NaN or infinity, no NUL, ints of at most 38 digits, floats
    within 1e-130 to 1e125.
    """
    return _walk(field, value, 0)


def measured(value: Any) -> tuple[Any, int]:
    """The `normal_form` and the `stored_size` of a value that was stored, whatever it is."""
    return _walk(None, value, 0)


def normal_form(value: Any) -> Any:
    """A copy of a JSON value with every number in its normal form; anything else is untouched."""
    return measured(value)[0]


def stored_size(value: Any) -> int:
    """An upper bound, in bytes, of what DynamoDB counts for a JSON value in its normal form.

    A string is its UTF-8 bytes; a number its text's length + 1; true, false and null 1; a list or
    an object 3, and 1 per entry, and the entries, names included. (AWS, Developer Guide, "DynamoDB
    item sizes and formats".)
    """
    return measured(value)[1]


def utf8_size(text: str) -> int:
    """The length of `text` in UTF-8 bytes."""
    return len(text) if text.isascii() else len(text.encode())


def json_text(value: Any) -> str:
    """The compact JSON text of a value in normal form."""
    return json_bytes(value).decode()


def json_bytes(value: Any) -> bytes:
    """The compact JSON text of a value in normal form, in UTF-8."""
    return to_json(value)


def require_text(field: str, text: object) -> str:
    """Return `text`; raise `InvalidInputError` unless it is a str that UTF-8 can carry, free of
    NUL."""
    if not isinstance(text, str):
        raise InvalidInputError(field, "a str", type(text).__name__)
    if "\0" in text:
        raise InvalidInputError(field, "text without NUL", f"NUL at character {text.index(chr(0))}")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise InvalidInputError(
                field, "text that UTF-8 can carry", f"a lone surrogate at character {error.start}"
            ) from None
    return text


_Place = str | tuple["_Place", str | int]
"""A field, or what lies in a place under a name or an index: text only once an error needs it."""


def _walk(place: _Place | None, value: Any, depth: int) -> tuple[Any, int]:
    """The normal form and the size of a value at a depth; without a place, nothing is refused."""
    kind = type(value)
    if kind is str and value.isascii() and "\0" not in value:
        return value, len(value)
    if kind is dict:
        return _walk_object(place, value, depth + 1)
    if kind is list:
        return _walk_list(place, value, depth + 1)
    if value is None or kind is bool:
        return value, 1
    if place is not None:
        _require_portable(place, value)
    if kind is int or kind is float:
        number = normal_number(value)
        return number, len(repr(number)) + 1
    # Subclasses (enumerations, other libraries' floats) become the plain type that a read gives.
    if isinstance(value, str):
        return str.__str__(value), utf8_size(value)
    for plain in _PLAIN_KINDS:
        if isinstance(value, plain):
            return _walk(place, plain(value), depth)
    return value, len(repr(value)) + 1


def _walk_object(
    place: _Place | None, value: dict[Any, Any], depth: int
) -> tuple[dict[str, Any], int]:
    _require_depth(place, depth)
    normal: dict[str, Any] = {}
    size = 3 + len(value)
    for name, entry in value.items():
        if type(name) is str and name.isascii() and name and "\0" not in name:
            size += len(name)
        else:
            name = _name(place, name)
            size += utf8_size(name)
        normal[name], entry_size = _walk(place and (place, name), entry, depth)
        size += entry_size
    return normal, size


def _walk_list(place: _Place | None, value: list[Any], depth: int) -> tuple[list[Any], int]:
    _require_depth(place, depth)
    normal: list[Any] = []
    size = 3 + len(value)
    for index, entry in enumerate(value):
        form, entry_size = _walk(place and (place, index), entry, depth)
        normal.append(form)
        size += entry_size
    return normal, size


def _name(place: _Place | None, name: Any) -> str:
    if place is not None:
        if name == "":
            raise InvalidInputError(_text(place), "names of at least 1 character", "an empty name")
        require_text(f"a name in {_text(place)}", name)
    return str.__str__(name)


def _require_depth(place: _Place | None, depth: int) -> None:
    if depth > MAX_DEPTH and place is not None:
        raise InvalidInputError(
            _text(place), f"{MAX_DEPTH} levels of lists and objects", "a deeper one"
        )


def _require_portable(place: _Place, value: object) -> None:
    if isinstance(value, str):
        require_text(_text(place), value)
    elif isinstance(value, int):
        if not -_INT_BOUND < value < _INT_BOUND:
            raise InvalidInputError(_text(place), "an int of at most 38 digits", "more digits")
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise InvalidInputError(_text(place), "a finite number", repr(value))
        if value and not _SMALLEST_FLOAT <= abs(value) <= _LARGEST_FLOAT:
            raise InvalidInputError(_text(place), "floats within 1e-130 to 1e125", repr(value))
    elif not isinstance(value, dict | list):
        raise InvalidInputError(
            _text(place), "JSON: str, int, float, bool, None, list or dict", type(value).__name__
        )


def _text(place: _Place) -> str:
    if isinstance(place, str):
        return place
    above, step = place
    return f"{_text(above)}[{step}]" if isinstance(step, int) else f"{_text(above)}.{step}"
