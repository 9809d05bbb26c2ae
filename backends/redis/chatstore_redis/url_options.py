"""The options of a URL of Redis: for each one how its value is read, and what it must be."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from chatstore.errors import ConfigurationError
from chatstore.runtime.deadline import LONGEST_DEADLINE
from chatstore.values.json_values import utf8_size

_LONGEST_PREFIX = 1_024
_LONGEST_NAME = 256

_NUMBER = re.compile(r"[0-9]{1,9}(\.[0-9]{0,40})?|\.[0-9]{1,40}")
_WORDS = {
    **dict.fromkeys(("true", "yes", "on", "1"), True),
    **dict.fromkeys(("false", "no", "off", "0"), False),
}


@dataclass(frozen=True, slots=True)
class Option:
    """How a value is read: None where it is not what it must be."""

    read: Callable[[str], Any]
    must_be: str
    with_tls: bool = False
    """Whether it says something of TLS, and so nothing to a server without."""


def _seconds(value: str) -> float | None:
    if _NUMBER.fullmatch(value) is None:
        return None
    seconds = float(value)
    return seconds if 0 < seconds <= LONGEST_DEADLINE else None


def _whole(least: int, most: int) -> Callable[[str], int | None]:
    def read(value: str) -> int | None:
        if re.fullmatch("[0-9]{1,9}", value) is None:
            return None
        number = int(value)
        return number if least <= number <= most else None

    return read


def _text(longest: int, pattern: str = "(?s:.+)") -> Callable[[str], str | None]:
    def read(value: str) -> str | None:
        fits = re.fullmatch(pattern, value) is not None and utf8_size(value) <= longest
        return value if fits else None

    return read


def _one_of(*values: str) -> Callable[[str], str | None]:
    return lambda value: value if value in values else None


def _truth(value: str) -> bool | None:
    return _WORDS.get(value.lower())


_SECONDS = Option(_seconds, "a number of seconds, more than 0 and at most 3600")
_TRUTH = "true or false"
_FILE = _text(4_096)

OPTIONS: Mapping[str, Option] = {
    "client_name": Option(
        _text(_LONGEST_NAME, "[!-~]+"), "1 to 256 printable ASCII characters without spaces"
    ),
    "deadline": _SECONDS,
    "health_check_interval": Option(
        _whole(0, 86_400), "a whole number of seconds, at most 86400; 0 is never"
    ),
    "max_connections": Option(_whole(1, 100_000), "a whole number from 1 to 100000"),
    "prefix": Option(_text(_LONGEST_PREFIX), f"1 to {_LONGEST_PREFIX} bytes of UTF-8"),
    "protocol": Option(lambda value: {"2": 2, "3": 3}.get(value), "2 or 3"),
    "socket_connect_timeout": _SECONDS,
    "socket_keepalive": Option(_truth, _TRUTH),
    "socket_timeout": _SECONDS,
    "ssl_ca_certs": Option(_FILE, "the path of a file", with_tls=True),
    "ssl_cert_reqs": Option(
        _one_of("none", "optional", "required"), "none, optional or required", with_tls=True
    ),
    "ssl_certfile": Option(_FILE, "the path of a file", with_tls=True),
    "ssl_check_hostname": Option(_truth, _TRUTH, with_tls=True),
    "ssl_keyfile": Option(_FILE, "the path of a file", with_tls=True),
}


def read_options(pairs: list[tuple[str, str]], *, tls: bool, quotes: bool) -> dict[str, Any]:
    """The options' values, by name; `ConfigurationError` for what is no option or no value of it.

    Without `quotes` no error quotes anything: parts of a password may have come here.
    """
    values: dict[str, Any] = {}
    for name, text in pairs:
        option = OPTIONS.get(name)
        if option is None:
            shown = repr(name[:50]) if quotes else "a name"
            known = ", ".join(sorted(OPTIONS))
            raise ConfigurationError(f"{shown} in the URL is no option; there are: {known}")
        if name in values:
            raise ConfigurationError(f"{name} in the URL must be given once, not twice")
        if option.with_tls and not tls:
            raise ConfigurationError(f"{name} in the URL must be in one of rediss://, with TLS")
        value = option.read(text)
        if value is None:
            shown = repr(text[:50]) if quotes else "what is there"
            raise ConfigurationError(f"{name} in the URL must be {option.must_be}, not {shown}")
        values[name] = value
    return values
