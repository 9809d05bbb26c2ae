"""What a store is opened with: each argument is checked once, before anything is opened."""

from collections.abc import Coroutine
from inspect import isawaitable, iscoroutinefunction
from os import PathLike, fspath
from typing import Any, cast

from chatstore.clock import Clock, Moment
from chatstore.errors import ConfigurationError
from chatstore.plain import is_kind, kind_of
from chatstore.policy import RetentionPolicy


def require_url(argument: str, url: object) -> str:
    """A URL as plain text. Raises `ConfigurationError` for anything else, and says what to give."""
    if is_kind(url, str):
        return str.__str__(cast("str", url))
    advice = "such as sqlite:///chat.db or memory://"
    if is_kind(url, PathLike):
        path = fspath(cast("PathLike[str]", url))
        advice = f"such as {f'sqlite:///{path}'!r} for that file"
    elif argument == "cache":
        advice = "such as redis://localhost; a cache that you made goes to CachedSessionStore"
    raise ConfigurationError(f"{argument} must be a URL in a str, {advice}, not {kind_of(url)}")


def require_policy(policy: object) -> RetentionPolicy:
    """Return `policy`; raise `ConfigurationError` if it is none."""
    if not isinstance(policy, RetentionPolicy):
        raise ConfigurationError(
            f"policy must be a RetentionPolicy, such as RetentionPolicy(max_messages=20), "
            f"not {kind_of(policy)}"
        )
    return policy


def require_clock(clock: object) -> Clock:
    """Return `clock`, which is read once. Raises `ConfigurationError` for what can't be called or
    has to be awaited, and what `Moment.read` does for one that fails or tells no time."""
    wanted = "clock must be a function that returns a timezone-aware datetime"
    if not callable(clock):
        raise ConfigurationError(f"{wanted}, not {kind_of(clock)}")
    if isinstance(clock, type):
        raise ConfigurationError(f"{wanted}, not the class {clock.__name__}")
    if iscoroutinefunction(clock):
        raise ConfigurationError(f"{wanted}, not one that has to be awaited")
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
