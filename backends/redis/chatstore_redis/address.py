"""What a URL of Redis says: where the server or the cluster is, and under which prefix."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit

from chatstore.errors import ConfigurationError

_OPTIONS = frozenset(
    {
        "client_name",
        "health_check_interval",
        "max_connections",
        "prefix",
        "protocol",
        "ssl_ca_certs",
        "ssl_cert_reqs",
        "ssl_certfile",
        "ssl_check_hostname",
        "ssl_keyfile",
        "socket_connect_timeout",
        "socket_keepalive",
        "socket_timeout",
    }
)


@dataclass(frozen=True, slots=True)
class Address:
    """A URL, taken apart."""

    url: str
    """In redis-py's own form, options included."""
    is_cluster: bool
    prefix: str


def read_url(url: str, defaults: Mapping[str, str]) -> Address:
    """Take a URL apart; `defaults` are the options that it gets unless it names them.

    `redis://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE][?OPTION=VALUE&…]`; `rediss` speaks TLS, and
    `+cluster` names any one node of a cluster. `prefix` begins every key; the other options are
    redis-py's own. Raises `ConfigurationError` for a URL that can't be read.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        raise unreadable() from None
    scheme, _, kind = parts.scheme.partition("+")
    options = _options(parts.query)
    prefix = options.pop("prefix", "chatstore")
    plain = parts._replace(scheme=scheme, query=urlencode({**defaults, **options}), fragment="")
    if kind and parts.path not in ("", "/", "/0"):
        raise ConfigurationError(f"{parts.path!r} in the URL: a cluster has no database but 0")
    if not re.fullmatch("/?|/[0-9]{1,9}", parts.path):
        raise ConfigurationError(f"{parts.path!r} in the URL: a database is a number, as in /0")
    return Address(plain.geturl(), bool(kind), prefix)


def unreadable() -> ConfigurationError:
    """The error for a URL that can't be read."""
    # The URL may hold a password, and so may an error that quotes it.
    return ConfigurationError(
        "the Redis URL can't be read: it looks like redis://user:password@host:6379/0?prefix=chat, "
        "with special characters of the password percent-encoded"
    )


def _options(query: str) -> dict[str, str]:
    options = dict(parse_qsl(query, keep_blank_values=True))
    for name in options:
        if name not in _OPTIONS:
            known = ", ".join(sorted(_OPTIONS))
            raise ConfigurationError(f"{name!r} in the URL is no option; there are: {known}")
    return options
