"""Settings from the environment, for what the caller of `open_store` does not give."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from chatstore.caching import require_max_staleness
from chatstore.errors import ConfigurationError, InvalidInputError
from chatstore.policy import RetentionPolicy

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
        return require_max_staleness(float(text))
    except (ValueError, InvalidInputError) as error:
        raise ConfigurationError(f"{MAX_STALENESS_VARIABLE}={text}: {error}") from error


def policy_from(environment: Mapping[str, str]) -> RetentionPolicy:
    """The policy that these variables give; unset or empty ones leave the default.

    `CHATSTORE_MAX_MESSAGES` (a number, or `none` for no limit), `CHATSTORE_TTL_SECONDS` (a number,
    or `none` for no expiry), `CHATSTORE_RENEW_ON_WRITE` (`true` or `false`),
    `CHATSTORE_MAX_MESSAGE_BYTES` and `CHATSTORE_MAX_WINDOW_BYTES`. Raises `ConfigurationError`,
    which names the variable.
    """
    given: dict[str, Any] = {}
    for field, (variable, read) in _VARIABLES.items():
        if text := environment.get(variable):
            try:
                given[field] = read(text.strip().lower())
                # On its own, so that the error names the variable at fault.
                RetentionPolicy(**{field: given[field]})
            except InvalidInputError as error:
                raise ConfigurationError(f"{variable}={text}: {error}") from error
            except (KeyError, ValueError, OverflowError) as error:
                raise ConfigurationError(f"{variable}={text}: can't be read") from error
    try:
        return RetentionPolicy(**given)
    except InvalidInputError as error:
        raise ConfigurationError(f"the policy in the environment: {error}") from error


def _whole_or_none(text: str) -> int | None:
    return None if text == "none" else int(text)


def _ttl(text: str) -> timedelta | None:
    seconds = _whole_or_none(text)
    return None if seconds is None else timedelta(seconds=seconds)


def _flag(text: str) -> bool:
    return {"true": True, "1": True, "false": False, "0": False}[text]


_VARIABLES: Mapping[str, tuple[str, Callable[[str], object]]] = {
    "max_messages": ("CHATSTORE_MAX_MESSAGES", _whole_or_none),
    "ttl": ("CHATSTORE_TTL_SECONDS", _ttl),
    "renew_on_write": ("CHATSTORE_RENEW_ON_WRITE", _flag),
    "max_message_bytes": ("CHATSTORE_MAX_MESSAGE_BYTES", int),
    "max_window_bytes": ("CHATSTORE_MAX_WINDOW_BYTES", int),
}
