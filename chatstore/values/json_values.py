"""JSON that every engine can hold: its limits, its numbers' normal form, its size, its text."""

import math
from decimal import Decimal
from typing import Any

from pydantic_core import to_json

from chatstore.errors import InvalidInputError
from chatstore.values.plain import kind_of, plain_json

MAX_DEPTH = 24
_INT_BOUND = 10**38
_LARGEST_FLOAT = 1e125
_SMALLEST_FLOAT = 1e-130
_STEPS_SHOWN = 6


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
    try:
        return _walk(field, value, 0)
    except RuntimeError as error:
        # "dictionary changed size during iteration"
        raise InvalidInputError(
            field, "left alone while it is stored", "changed by another thread meanwhile"
        ) from error


def measured(value: Any) -> tuple[Any, int]:
    """The `normal_form` and the `stored_size` of a value that was stored, whatever it is."""
    return _walk(None, value, 0)


def normal_form(value: Any) -> Any:
    """A copy of a JSON value with every number in its normal form; anything else is untouched."""
    return measured(value)[0]


def is_normal(value: Any) -> bool:
    """Whether the `normal_form` of what was decoded from JSON text is the value itself; False where
    that would take longer to tell."""
    kind: type = type(value)
    if kind is dict or kind is list:
        for entry in value.values() if kind is dict else value:
            if type(entry) is not str and not is_normal(entry):
                return False
        return True
    if type(value) is int:
        return -_INT_BOUND < value < _INT_BOUND
    return kind is str or kind is bool or value is None


def stored_size(value: Any) -> int:
    """An upper bound, in bytes, of what DynamoDB counts for a JSON value in its normal form.

    A string is its UTF-8 bytes; a number its text's length + 1; true, false and null 1; a list or
    an object 3, and 1 per entry, and the entries, names included. (AWS, Developer Guide, "DynamoDB
    item sizes and formats".)
    """
    return measured(value)[1]


def utf8_size(text: str) -> int:
    """The length of `text` in UTF-8 bytes."""
    # What another service stored may hold what UTF-8 does not.
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def json_text(value: Any) -> str:
    """The compact JSON text of a value in normal form."""
    return json_bytes(value).decode()


def json_bytes(value: Any) -> bytes:
    """The compact JSON text of a value in normal form, in UTF-8."""
    return to_json(value)


def require_text(field: str, text: object) -> str:
    """`text` as a plain str; `InvalidInputError` unless it is one that UTF-8 can carry, free of
    NUL."""
    plain = text if type(text) is str else plain_json(text)
    if type(plain) is not str:
        raise InvalidInputError(field, "a str", kind_of(text))
    if "\0" in plain:
        place = plain.index("\0")
        raise InvalidInputError(field, "text without NUL", f"text with NUL at character {place}")
    if not plain.isascii() and (surrogate := _lone_surrogate(plain)) is not None:
        raise InvalidInputError(
            field,
            "text that UTF-8 can carry",
            f"text with a lone surrogate at character {surrogate}",
        )
    return plain


def _lone_surrogate(text: str) -> int | None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        # The error knows the text, which may be private: it goes no further.
        return error.start
    return None


Place = str | tuple["Place", str | int]
"""A field, or what lies in a place under a name or an index: text only once an error needs it."""


def _walk(place: Place | None, value: Any, depth: int) -> tuple[Any, int]:
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
    if kind is str:
        return value if place is None else require_text(place_text(place), value), utf8_size(value)
    if kind is int and -_INT_BOUND < value < _INT_BOUND:
        return value, len(repr(value)) + 1
    if kind is int or kind is float:
        if place is not None:
            _require_number(place, value)
        number = normal_number(value)
        return number, _number_size(number)
    # Subclasses (enumerations, other libraries' floats) become the plain type that a read gives.
    plain = plain_json(value)
    if plain is not value:
        return _walk(place, plain, depth)
    if place is not None:
        raise InvalidInputError(
            place_text(place), "JSON (str, int, float, bool, None, list or dict)", kind_of(value)
        )
    return value, len(repr(value)) + 1


def _walk_object(
    place: Place | None, value: dict[Any, Any], depth: int
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
        if type(entry) is str and entry.isascii() and "\0" not in entry:
            # What most entries are is not worth a call.
            normal[name] = entry
            size += len(entry)
        else:
            normal[name], entry_size = _walk(place and (place, name), entry, depth)
            size += entry_size
    if len(normal) != len(value) and place is not None:
        # Names of a type of their own may differ there, and be the same text.
        raise InvalidInputError(
            place_text(place), "a dict that has each name once", "one name twice"
        )
    return normal, size


def _walk_list(place: Place | None, value: list[Any], depth: int) -> tuple[list[Any], int]:
    _require_depth(place, depth)
    normal: list[Any] = []
    size = 3 + len(value)
    for index, entry in enumerate(value):
        if type(entry) is str and entry.isascii() and "\0" not in entry:
            normal.append(entry)
            size += len(entry)
        else:
            form, entry_size = _walk(place and (place, index), entry, depth)
            normal.append(form)
            size += entry_size
    return normal, size


def _name(place: Place | None, name: Any) -> str:
    if place is not None:
        name = require_text(f"a name in {place_text(place)}", name)
        if not name:
            raise InvalidInputError(
                f"a name in {place_text(place)}", "at least 1 character long", "empty"
            )
    return str.__str__(name)


def _number_size(number: float) -> int:
    try:
        return len(repr(number)) + 1
    except ValueError:
        # Python writes no int of thousands of digits; another service may have stored one.
        return int(number).bit_length() // 3 + 3


def _require_depth(place: Place | None, depth: int) -> None:
    if depth > MAX_DEPTH and place is not None:
        raise InvalidInputError(
            place_text(place), f"at most {MAX_DEPTH} levels of lists and dicts deep", "deeper"
        )


def _require_number(place: Place, value: float) -> None:
    if type(value) is int:
        if not -_INT_BOUND < value < _INT_BOUND:
            raise InvalidInputError(
                place_text(place), "an int of at most 38 digits", "a longer one"
            )
    elif not math.isfinite(value):
        raise InvalidInputError(place_text(place), "a finite number", repr(value))
    elif value and not _SMALLEST_FLOAT <= abs(value) <= _LARGEST_FLOAT:
        raise InvalidInputError(
            place_text(place),
            "a float within 1e-130 to 1e125",
            "a larger one" if abs(value) > 1 else "a smaller one",
        )


def place_text(place: Place) -> str:
    """A place for people: so few steps and characters that an error stays readable."""
    if isinstance(place, str):
        return place
    steps: list[str] = []
    while not isinstance(place, str):
        place, step = place
        steps.append(f"[{step}]" if isinstance(step, int) else f".{_step(step)}")
    if len(steps) > _STEPS_SHOWN:
        steps[_STEPS_SHOWN // 2 : -_STEPS_SHOWN // 2] = ["…"]
    return place + "".join(reversed(steps))


def _step(name: str) -> str:
    text = name if name.isprintable() else repr(name)
    return text if len(text) <= 40 else f"{text[:39]}…"
