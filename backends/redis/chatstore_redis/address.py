"""What a URL of Redis says: where the server or the cluster is, how to get there, and under which
prefix."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from chatstore.errors import ConfigurationError
from chatstore_redis.tls import require_files
from chatstore_redis.url_options import read_options

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_BAD_ESCAPE = re.compile("%(?![0-9A-Fa-f]{2})")
_HOST_LABEL = re.compile(r"[^\s/?#@:%\\]{1,63}")
_LONGEST_HOST = 253


@dataclass(frozen=True, slots=True)
class Address:
    """A URL, taken apart."""

    options: Mapping[str, Any]
    """What a connection of redis-py takes."""
    max_connections: int | None
    is_tls: bool
    is_cluster: bool
    prefix: str
    deadline: float


def read_url(url: str, defaults: Mapping[str, Any]) -> Address:
    """Take a URL apart; `defaults` are the options that it gets unless it names them.

    `redis://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE][?OPTION=VALUE&…]`; `rediss` speaks TLS, and
    `+cluster` names any one node of a cluster. `chatstore_redis.url_options` lists the options.
    Raises `ConfigurationError` for a URL that can't be read, or names a file that can't.
    """
    parts = _split(url)
    scheme, _, kind = parts.scheme.partition("+")
    is_tls, is_cluster = scheme == "rediss", bool(kind)
    given = read_options(_pairs(parts.query), tls=is_tls, quotes="@" not in parts.query)
    options: dict[str, Any] = {**defaults, **given}
    options |= _server(parts)
    if not is_cluster:
        options["db"] = _database(parts.path)
    elif parts.path not in ("", "/", "/0"):
        raise ConfigurationError("a database in the URL: a cluster has none but 0")
    if is_tls:
        _complete_tls(options)
    return Address(
        max_connections=options.pop("max_connections", None),
        prefix=options.pop("prefix", "chatstore"),
        deadline=options.pop("deadline"),
        options=options,
        is_tls=is_tls,
        is_cluster=is_cluster,
    )


def unreadable() -> ConfigurationError:
    """The error for a URL that can't be read."""
    # The URL may hold a password, and so may an error that quotes it.
    return ConfigurationError(
        "the Redis URL can't be read: it looks like redis://user:password@host:6379/0?prefix=chat, "
        "with special characters of the password percent-encoded"
    )


def _split(url: object) -> SplitResult:
    if type(url) is not str:
        raise ConfigurationError(f"url must be a str, not {type(url).__name__}")
    # Python drops some control characters, and so would read another password.
    if _CONTROL.search(url) or _BAD_ESCAPE.search(url):
        raise unreadable()
    try:
        url.encode()
        parts = urlsplit(url)
    except ValueError:
        raise unreadable() from None
    # A password with one of /, ? and # that is not encoded ends up behind the host.
    misplaced = parts.path + (parts.query if "@" not in parts.netloc else "")
    if parts.fragment or "#" in url or "@" in misplaced:
        raise unreadable()
    if not re.fullmatch(r"rediss?(\+cluster)?", parts.scheme):
        raise unreadable()
    return parts


def _pairs(query: str) -> list[tuple[str, str]]:
    found = [pair.partition("=") for pair in query.split("&") if pair]
    return [(_decoded(name), _decoded(value.replace("+", " "))) for name, _, value in found]


def _server(parts: SplitResult) -> dict[str, Any]:
    try:
        port = parts.port
    except ValueError:
        raise unreadable() from None
    if port == 0:
        raise unreadable()
    options: dict[str, Any] = {"host": _host(parts), "port": 6379 if port is None else port}
    if parts.username:
        options["username"] = _decoded(parts.username)
    if parts.password:
        options["password"] = _decoded(parts.password)
    return options


def _host(parts: SplitResult) -> str:
    _, _, place = parts.netloc.rpartition("@")
    host = _decoded(parts.hostname or "")
    if place.startswith("["):
        if not re.fullmatch(r"\[[^\]]*\](:[0-9]*)?", place):
            raise unreadable()
        try:
            ip_address(host)
        except ValueError:
            raise unreadable() from None
        return host
    if not host:
        return "localhost"
    if len(host) > _LONGEST_HOST or not all(
        _HOST_LABEL.fullmatch(label) for label in host.removesuffix(".").split(".")
    ):
        raise unreadable()
    try:
        host.encode("idna")
    except UnicodeError:
        raise unreadable() from None
    return host


def _database(path: str) -> int:
    if not re.fullmatch("/?|/[0-9]{1,9}", path):
        raise ConfigurationError("the path of the URL must be a database's number, as in /0")
    return int(path[1:] or 0)


def _complete_tls(options: dict[str, Any]) -> None:
    required = options.setdefault("ssl_cert_reqs", "required")
    # Without a certificate to check there is no name in it.
    options["ssl_check_hostname"] = required != "none" and options.get("ssl_check_hostname", True)
    require_files(*(options.get(name) for name in ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")))


def _decoded(text: str) -> str:
    try:
        decoded = unquote(text, errors="strict")
    except UnicodeDecodeError:
        raise unreadable() from None
    if "\0" in decoded:
        raise unreadable()
    return decoded
