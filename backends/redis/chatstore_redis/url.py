"""From a URL to a store: `redis://`, `rediss://`, `redis+cluster://` and `rediss+cluster://`."""

import re
from urllib.parse import parse_qsl, urlencode, urlsplit

from redis import Redis
from redis.backoff import ExponentialWithJitterBackoff
from redis.cluster import RedisCluster
from redis.exceptions import RedisClusterException, RedisError
from redis.retry import Retry

from chatstore.clock import Clock
from chatstore.errors import ConfigurationError
from chatstore.policy import RetentionPolicy
from chatstore_redis.connection import Client
from chatstore_redis.errors import translated
from chatstore_redis.store import RedisSessionStore

_DEFAULTS = {"socket_timeout": "5", "socket_connect_timeout": "2", "socket_keepalive": "true"}

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
        *_DEFAULTS,
    }
)


def open_url(url: str, *, policy: RetentionPolicy, clock: Clock) -> RedisSessionStore:
    """A store with a client of its own, closed with it.

    `redis://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE][?OPTION=VALUE&…]`; `rediss` speaks TLS, and
    `+cluster` names any one node of a cluster. `prefix` begins every key; the other options are
    redis-py's own. Raises `ConfigurationError` for a URL that can't be read; a cluster's nodes are
    asked for here, so it may also raise a `BackendError`.
    """
    client, prefix = connect(url)
    return _OpenedStore(client, prefix=prefix, policy=policy, clock=clock)


def connect(url: str) -> tuple[Client, str]:
    """The client that a URL asks for, and the prefix; `open_url` says more."""
    try:
        parts = urlsplit(url)
    except ValueError:
        raise _unreadable() from None
    scheme, _, kind = parts.scheme.partition("+")
    options = _options(parts.query)
    prefix = options.pop("prefix", "chatstore")
    plain = parts._replace(scheme=scheme, query=urlencode(_DEFAULTS | options), fragment="")
    if kind and parts.path not in ("", "/", "/0"):
        raise ConfigurationError(f"{parts.path!r} in the URL: a cluster has no database but 0")
    if not re.fullmatch("/?|/[0-9]{1,9}", parts.path):
        raise ConfigurationError(f"{parts.path!r} in the URL: a database is a number, as in /0")
    return _cluster(plain.geturl()) if kind else _server(plain.geturl()), prefix


class _OpenedStore(RedisSessionStore):
    """A store that owns its client."""

    def _close(self) -> None:
        self._connection.close()


def _options(query: str) -> dict[str, str]:
    options = dict(parse_qsl(query, keep_blank_values=True))
    for name in options:
        if name not in _OPTIONS:
            known = ", ".join(sorted(_OPTIONS))
            raise ConfigurationError(f"{name!r} in the URL is no option; there are: {known}")
    return options


def _server(url: str) -> Client:
    # Every call is safe to be sent twice, so a connection that was lost costs the caller nothing.
    retry = Retry(ExponentialWithJitterBackoff(base=0.05, cap=0.5), retries=3)
    try:
        return Redis.from_url(url, retry=retry)
    except ValueError:
        raise _unreadable() from None


def _cluster(url: str) -> Client:
    try:
        return RedisCluster.from_url(url)
    except ValueError:
        raise _unreadable() from None
    except (RedisError, RedisClusterException) as error:
        raise translated(error) or error from error


def _unreadable() -> ConfigurationError:
    # The URL may hold a password, and so may an error that quotes it.
    return ConfigurationError(
        "the Redis URL can't be read: it looks like redis://user:password@host:6379/0?prefix=chat, "
        "with special characters of the password percent-encoded"
    )
