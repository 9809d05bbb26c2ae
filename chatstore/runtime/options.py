"""What a store is opened with: each argument is checked once, before anything is opened."""

from collections.abc import Coroutine, Iterable
from inspect import isawaitable, iscoroutinefunction
from os import PathLike, fspath
from typing import Any, cast

from chatstore.clock import Clock, Moment
from chatstore.errors import ConfigurationError, InvalidInputError
from chatstore.policy import RetentionPolicy
from chatstore.values.plain import (
    attribute_of,
    class_name,
    is_kind,
    kind_of,
    number,
    plain_text,
    shown,
    whole,
)


def require_url(argument: str, url: object) -> str:
    """A URL as plain text. Raises `ConfigurationError` for anything else, and says what to give."""
    text = plain_text(url)
    if text is not None:
        return text
    advice = "such as sqlite:///chat.db or memory://"
    path = _path_text(url)
    if path is not None:
        advice = f"such as {f'sqlite:///{path}'!r} for that file"
    elif argument == "cache":
        advice = "such as redis://localhost; a cache that you made goes to CachedSessionStore"
    raise ConfigurationError(f"{argument} must be a URL in a str, {advice}, not {kind_of(url)}")


def _path_text(path: object) -> str | None:
    try:
        return plain_text(fspath(cast("PathLike[str]", path))) if is_kind(path, PathLike) else None
    except Exception:  # noqa: BLE001 - __fspath__ may be the caller's own code
        return None


def require_policy(policy: object, argument: str = "policy") -> RetentionPolicy:
    """Return `policy`; raise `ConfigurationError` if it is none."""
    if not is_kind(policy, RetentionPolicy):
        raise ConfigurationError(
            f"{argument} must be a RetentionPolicy, such as RetentionPolicy(max_messages=20), "
            f"not {kind_of(policy)}"
        )
    return cast("RetentionPolicy", policy)


def require_function(argument: str, given: object) -> None:
    """Raise `ConfigurationError` for what can't be called, is a class, or has to be awaited."""
    if is_kind(given, type):
        what = f"the class {class_name(cast('type', given))}"
    elif not callable(given):
        what = kind_of(given)
    elif _is_awaited(given):
        what = "one that has to be awaited"
    else:
        return
    raise ConfigurationError(f"{argument} must be a function, not {what}")


def require_clock(clock: object) -> Clock:
    """Return `clock`, which is read once. Raises `ConfigurationError` for what can't be called or
    has to be awaited, and what `Moment.read` does for one that fails or tells no time."""
    require_function("clock", clock)
    known = cast("Clock", clock)
    Moment.read(lambda: _told(known()))
    return known


def _told(time: Any) -> Any:
    if isawaitable(time):
        if isinstance(time, Coroutine):
            # Nobody else will, and Python would complain.
            time.close()
        raise TypeError("it has to be awaited")
    return time


def require_seconds(
    argument: str, given: object, *, most: float, may_be_zero: bool = False
) -> float:
    """Return `given` as a float; raise `InvalidInputError` unless it is a number more than 0, or 0
    where that may be, and at most `most`."""
    seconds = number(given)
    if seconds is None or not 0 <= seconds <= most or (seconds == 0 and not may_be_zero):
        least = "0 or more" if may_be_zero else "more than 0"
        limit = f"a number of seconds, {least} and at most {most:.0f}"
        raise InvalidInputError(argument, limit, shown(given))
    return float(seconds)


def require_count(argument: str, given: object) -> int:
    """Return `given` as an int; raise `InvalidInputError` unless it is a whole number from 1 up."""
    count = whole(given)
    if count is None or count < 1:
        raise InvalidInputError(argument, "a whole number, 1 or more", shown(given))
    return count


def require_methods(argument: str, given: object, names: Iterable[str], what: str) -> None:
    """Raise `ConfigurationError` unless `given` is an object, and no class, that has these methods,
    none of which is to be awaited. `what` says what it must be."""
    for name in names:
        method = None if is_kind(given, type) else attribute_of(given, name)
        if not callable(method) or _is_awaited(method):
            kind = cast("type", given) if is_kind(given, type) else type(given)
            raise ConfigurationError(
                f"{argument} must be {what}, not {class_name(kind)}: its method {name} is missing, "
                "or is to be awaited"
            )


def _is_awaited(function: object) -> bool:
    try:
        return iscoroutinefunction(function)
    except Exception:  # noqa: BLE001 - what inspect asks for may be the caller's own code
        return False
