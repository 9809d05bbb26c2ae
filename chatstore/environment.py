"""Settings from the environment, for what the caller of `open_store` does not give."""

import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from chatstore.cache.protocol import require_max_staleness
from chatstore.errors import ConfigurationError, InvalidInputError
from chatstore.policy import RetentionPolicy
from chatstore.values.plain import shown

URL_VARIABLE = "CHATSTORE_URL"
CACHE_URL_VARIABLE = "CHATSTORE_CACHE_URL"
MAX_STALENESS_VARIABLE = "CHATSTORE_MAX_STALENESS_SECONDS"


def url_from(environment: Mapping[str, str]) -> str | None:
    """`CHATSTORE_URL`, or None if it is unset or empty."""
    return environment.get(URL_VARIABLE) or None


def cache_url_from(environment: Mapping[str, str]) -> str | None:
    """`CHATSTORE_CACHE_URL`, or None if it is unset or empty."""
    return environment.get(CACHE_URL_VARIABLE) or None


def max_staleness_from(environment: Mapping[str, str]) -> float | None:
    """`CHATSTORE_MAX_STALENESS_SECONDS`, or None if it is unset or empty. Raises
    `ConfigurationError`, which names the variable."""
    text = environment.get(MAX_STALENESS_VARIABLE)
    if not text:
        return None
    try:
        return require_max_staleness(_number(text.strip()))
    except (ValueError, InvalidInputError) as error:
        raise _refused(MAX_STALENESS_VARIABLE, text, error) from error


def policy_from(environment: Mapping[str, str]) -> RetentionPolicy:
    """The policy that these variables give; unset or empty ones leave the default.

    `CHATSTORE_MAX_MESSAGES` (a number, or `none` for no limit), `CHATSTORE_TTL_SECONDS` (a number,
    or `none` for no expiry), `CHATSTORE_RENEW_ON_WRITE` (`true` or `false`),
    `CHATSTORE_MAX_MESSAGE_BYTES`, `CHATSTORE_MAX_WINDOW_BYTES` and `CHATSTORE_KEEP_HISTORY` (`true`
    or `false`). Raises `ConfigurationError`, which names the variable.
    """
    given: dict[str, Any] = {}
    for field, (variable, read) in POLICY_VARIABLES.items():
        if text := environment.get(variable):
            try:
                given[field] = read(text.strip().lower())
            except ValueError as error:
                raise _refused(variable, text, error) from error
    try:
        return RetentionPolicy(**given)
    except InvalidInputError as error:
        # The bound on one message is refused where it does not fit the window's, which may be the
        # one that was given.
        at_fault = error.field if error.field in given else "max_window_bytes"
        variable, _ = POLICY_VARIABLES[at_fault]
        raise _refused(variable, environment[variable], error) from error


def _refused(variable: str, text: str, error: ValueError) -> ConfigurationError:
    return ConfigurationError(f"{variable}={shown(text)}: {error}")


def _whole(text: str) -> int:
    if not re.fullmatch("-?[0-9]{1,18}", text):
        raise ValueError("must be a whole number, in digits from 0 to 9")
    return int(text)


def _number(text: str) -> float:
    if not re.fullmatch(r"-?[0-9]{1,18}(\.[0-9]{1,18})?", text):
        raise ValueError("must be a number of seconds, such as 60 or 2.5")
    return float(text)


def _whole_or_none(text: str) -> int | None:
    return None if text == "none" else _whole(text)


def _ttl(text: str) -> timedelta | None:
    seconds = _whole_or_none(text)
    try:
        return None if seconds is None else timedelta(seconds=seconds)
    except OverflowError:
        raise ValueError("must be at most 36,525 days") from None


def _flag(text: str) -> bool:
    if text not in _FLAGS:
        raise ValueError("must be true or false")
    return _FLAGS[text]


_FLAGS: Mapping[str, bool] = {"true": True, "1": True, "false": False, "0": False}

POLICY_VARIABLES: Mapping[str, tuple[str, Callable[[str], object]]] = {
    "max_messages": ("CHATSTORE_MAX_MESSAGES", _whole_or_none),
    "ttl": ("CHATSTORE_TTL_SECONDS", _ttl),
    "renew_on_write": ("CHATSTORE_RENEW_ON_WRITE", _flag),
    "max_message_bytes": ("CHATSTORE_MAX_MESSAGE_BYTES", _whole),
    "max_window_bytes": ("CHATSTORE_MAX_WINDOW_BYTES", _whole),
    "keep_history": ("CHATSTORE_KEEP_HISTORY", _flag),
}
"""For each field of the policy its variable, and how that is read; `ValueError` for what can't
be."""
