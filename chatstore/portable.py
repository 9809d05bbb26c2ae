"""JSON that every engine can hold: its numbers' normal form, its size and its limits."""

import json
import math
from decimal import Decimal
from typing import Any

from chatstore.errors import InvalidInputError

MAX_DEPTH = 24
_INT_BOUND = 10**38
_LARGEST_FLOAT = 1e125
_SMALLEST_FLOAT = 1e-130


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


def normal_form(value: Any) -> Any:
    """A copy of a JSON value with every number in its normal form; anything else is untouched."""
    # Subclasses (enumerations, other libraries' floats) become the plain type that a read gives.
    if isinstance(value, str):
        return str.__str__(value)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return normal_number(int(value))
    if isinstance(value, float):
        return normal_number(float(value))
    if isinstance(value, dict):
        return {normal_form(name): normal_form(entry) for name, entry in value.items()}
    if isinstance(value, list):
        return [normal_form(entry) for entry in value]
    return value


def stored_size(value: Any) -> int:
    """An upper bound, in bytes, of what DynamoDB counts for a JSON value in normal form.

    A string is its UTF-8 bytes; a number its text's length + 1; true, false and null 1; a list or
    an object 3, and 1 per entry, and the entries, names included. (AWS, Developer Guide, "DynamoDB
    item sizes and formats".)
    """
    if isinstance(value, str):
        return utf8_size(value)
    if value is None or isinstance(value, bool):
        return 1
    if isinstance(value, dict):
        return 3 + sum(1 + utf8_size(name) + stored_size(entry) for name, entry in value.items())
    if isinstance(value, list):
        return 3 + sum(1 + stored_size(entry) for entry in value)
    return len(repr(value)) + 1


def utf8_size(text: str) -> int:
    """The length of `text` in UTF-8 bytes."""
    return len(text) if text.isascii() else len(text.encode())


def json_text(value: Any) -> str:
    """The compact JSON text of a value in normal form."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


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


def require_portable(field: str, value: object, depth: int = 1) -> None:
    """Raise `InvalidInputError` unless `value` is JSON that every engine can hold: at most 24
    levels deep, str keys of at least 1 character, no NaN or infinity, no NUL, ints of at most 38
    digits, floats within 1e-130 to 1e125."""
    if isinstance(value, str):
        require_text(field, value)
    elif value is None or isinstance(value, bool):
        pass
    elif isinstance(value, int):
        if not -_INT_BOUND < value < _INT_BOUND:
            raise InvalidInputError(field, "an int of at most 38 digits", "more digits")
    elif isinstance(value, float):
        _require_float(field, value)
    elif isinstance(value, dict | list):
        if depth > MAX_DEPTH:
            raise InvalidInputError(
                field, f"{MAX_DEPTH} levels of lists and objects", "a deeper one"
            )
        _require_entries(field, value, depth + 1)
    else:
        raise InvalidInputError(
            field, "JSON: str, int, float, bool, None, list or dict", type(value).__name__
        )


def _require_entries(field: str, value: dict[Any, Any] | list[Any], depth: int) -> None:
    if isinstance(value, list):
        for index, entry in enumerate(value):
            require_portable(f"{field}[{index}]", entry, depth)
        return
    for name, entry in value.items():
        if name == "":
            raise InvalidInputError(field, "names of at least 1 character", "an empty name")
        require_text(f"a name in {field}", name)
        require_portable(f"{field}.{name}", entry, depth)


def _require_float(field: str, value: float) -> None:
    if not math.isfinite(value):
        raise InvalidInputError(field, "a finite number", repr(value))
    if value and not _SMALLEST_FLOAT <= abs(value) <= _LARGEST_FLOAT:
        raise InvalidInputError(field, "floats within 1e-130 to 1e125", repr(value))
