"""From a URL to a store: `redis://`, `rediss://`, `redis+cluster://` and `rediss+cluster://`."""

from redis import Redis
from redis.backoff import ExponentialWithJitterBackoff
from redis.cluster import RedisCluster
from redis.exceptions import RedisClusterException, RedisError
from redis.retry import Retry

from chatstore.clock import Clock
from chatstore.policy import RetentionPolicy
from chatstore_redis.address import read_url, unreadable
from chatstore_redis.connection import Client
from chatstore_redis.errors import translated
from chatstore_redis.store import RedisSessionStore

_DEFAULTS = {"socket_timeout": "5", "socket_connect_timeout": "2", "socket_keepalive": "true"}


def open_url(url: str, *, policy: RetentionPolicy, clock: Clock) -> RedisSessionStore:
    """A store with a client of its own, closed with it; `address.read_url` says what the URL is.

    A cluster's nodes are asked for here, so it may also raise a `BackendError`.
    """
    client, prefix = connect(url)
    return _OpenedStore(client, prefix=prefix, policy=policy, clock=clock)


def connect(url: str) -> tuple[Client, str]:
    """The client that a URL asks for, and the prefix of keys that it names."""
    address = read_url(url, _DEFAULTS)
    client = _cluster(address.url) if address.is_cluster else _server(address.url)
    return client, address.prefix


class _OpenedStore(RedisSessionStore):
    """A store that owns its client."""

    def _close(self) -> None:
        self._connection.close()


def _server(url: str) -> Client:
    # Every call is safe to be sent twice, so a connection that was lost costs the caller nothing.
    retry = Retry(ExponentialWithJitterBackoff(base=0.05, cap=0.5), retries=3)
    try:
        return Redis.from_url(url, retry=retry)
    except ValueError:
        raise unreadable() from None


def _cluster(url: str) -> Client:
    try:
        return RedisCluster.from_url(url)
    except ValueError:
        raise unreadable() from None
    except (RedisError, RedisClusterException) as error:
        raise translated(error) or error from error
