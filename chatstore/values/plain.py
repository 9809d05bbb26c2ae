"""Plain values: a caller may give a subclass of str, int, dict or list, and what goes on is that
type itself. What can't become plain is told to the caller, by its kind and never by its contents.

Only the built-in types' own methods are called here: a subclass may have changed its.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import timedelta
from itertools import islice
from typing import Any, TypeGuard, TypeVar, cast

from chatstore.errors import InvalidInputError

_MOST_SHOWN = 40

Kind = TypeVar("Kind")

# A class's own: a metaclass may have changed what its attributes say.
_name = type.__dict__["__name__"].__get__
_qualified_name = type.__dict__["__qualname__"].__get__
_module = type.__dict__["__module__"].__get__


def is_kind(value: object, *kinds: type) -> bool:
    """Whether the value is of one of these types, whatever it says of its own class."""
    try:
        return issubclass(type(value), kinds)
    except Exception:  # noqa: BLE001 - an abstract kind asks the class, whose metaclass may fail
        return False


def passes_for(value: object, kind: type[Kind]) -> TypeGuard[Kind]:
    """Whether the value is of this type, or says so, as a proxy does."""
    try:
        return isinstance(value, kind)
    except Exception:  # noqa: BLE001 - __class__ may be the caller's own code
        return False


def attribute_of(value: object, name: str) -> Any:
    """An attribute of a caller's value; None if it has none, or fails when it is asked."""
    try:
        return getattr(value, name, None)
    except Exception:  # noqa: BLE001 - an attribute may be the caller's own code
        return None


def class_name(kind: type) -> str:
    """The name that a class was made with."""
    return cast("str", _name(kind))


def class_path(kind: type) -> str:
    """The module of a class, and its name in there; of a built-in one the name alone."""
    module = cast("str", _module(kind))
    return _qualified_name(kind) if module == "builtins" else f"{module}.{_qualified_name(kind)}"


def kind_of(value: object) -> str:
    """What a value is, for errors: "a list", "an int"."""
    if value is None:
        return "None"
    name = class_name(type(value))
    if name == "bytes":
        return name
    return f"{'an' if name[:1] in 'aeioAEIO' else 'a'} {name}"


def shown(value: object) -> str:
    """A wrong value, for errors: simple ones themselves, cut short; of others, what they are.

    For ids, limits and the like. What may be private, a message's content or a value of the
    metadata, is told by `kind_of` alone.
    """
    kind = type(value)
    if value is None or kind is bool or kind is float:
        return repr(value)
    if is_kind(value, str):
        text = repr(plain_text(value))
    elif kind is int:
        number = cast("int", value)
        text = repr(number) if number.bit_length() < 1_000 else "an int of many digits"
    elif kind is timedelta:
        text = str(value)
    else:
        return kind_of(value)
    return text if len(text) <= _MOST_SHOWN else f"{text[: _MOST_SHOWN - 1]}…"


def plain_text(value: object) -> str | None:
    """The str that a caller's value is; None if it is none."""
    return str.__str__(cast("str", value)) if is_kind(value, str) else None


def masked(text: object) -> str:
    """A text without the credentials that somebody may have put into a URL in it."""
    return re.sub(r"(?s)//.*@", "//***@", str(text))


def plain_json(value: object) -> Any:
    """The value as the JSON type that its own derives from; itself if it derives from none."""
    if is_kind(value, str):
        return plain_text(value)
    if is_kind(value, int):
        return int.__int__(cast("int", value))
    if is_kind(value, float):
        return float.__float__(cast("float", value))
    if is_kind(value, dict):
        return dict(dict.items(cast("dict[Any, Any]", value)))
    if is_kind(value, list):
        return list(list.__iter__(cast("list[Any]", value)))
    return value


def whole(value: object) -> int | None:
    """The int that a caller's value is; None if it is none, or True or False."""
    if type(value) is int:
        return value
    if is_kind(value, int) and type(value) is not bool:
        return int.__int__(cast("int", value))
    return None


def number(value: object) -> float | None:
    """The number that a caller's value is; None if it is none, or True or False."""
    if is_kind(value, float):
        return float.__float__(cast("float", value))
    return whole(value)


def plain_span(value: object) -> timedelta | None:
    """The timedelta that a caller's value is; None if it is none."""
    if not is_kind(value, timedelta):
        return None
    return timedelta.__add__(timedelta(0), cast("timedelta", value))


def require_flag(field: str, value: object) -> bool:
    """Return `value`; raise `InvalidInputError` unless it is True or False."""
    if type(value) is not bool:
        raise InvalidInputError(field, "True or False", shown(value))
    return value


def require_listed(field: str, values: object, what: str, *, most: int | None = None) -> list[Any]:
    """What an iterable gives, at most `most` and one more. Raises `InvalidInputError` for what is
    no iterable of `what`, and for one that fails: it is the caller's own code."""
    if type(values) is list or type(values) is tuple:
        return list(values if most is None else values[: most + 1])
    # Each of these can be walked over, and gives what nobody meant.
    if is_kind(values, str, bytes, bytearray, memoryview, Mapping):
        raise InvalidInputError(field, f"a list of {what}", kind_of(values))
    try:
        iterator = iter(cast("Iterable[Any]", values))
    except Exception:  # noqa: BLE001 - __iter__ is the caller's own code
        raise InvalidInputError(field, f"a list of {what}", kind_of(values)) from None
    try:
        return list(islice(iterator, None if most is None else most + 1))
    except Exception as error:
        raise InvalidInputError(
            field,
            f"a list of {what}",
            f"{kind_of(values)} that fails with {class_name(type(error))} when it is walked over",
        ) from error


def require_mapping(field: str, entries: object, *, most: int) -> dict[Any, Any]:
    """What a mapping holds, at most `most` entries and one more. Raises `InvalidInputError` for
    what is no mapping, and for one that fails: it is the caller's own code."""
    if is_kind(entries, dict):
        return dict(dict.items(cast("dict[Any, Any]", entries)))
    if not is_kind(entries, Mapping):
        raise InvalidInputError(field, "a dict with str keys", kind_of(entries))
    given = cast("Mapping[Any, Any]", entries)
    try:
        return {name: given[name] for name in islice(iter(given), most + 1)}
    except Exception as error:
        raise InvalidInputError(
            field,
            "a dict with str keys",
            f"{kind_of(entries)} that fails with {class_name(type(error))} when it is read",
        ) from error
