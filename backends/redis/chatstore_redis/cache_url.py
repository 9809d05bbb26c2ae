"""From a URL to a cache: the same URLs as a store's."""

import threading

from redis import Redis
from redis.backoff import NoBackoff
from redis.cluster import RedisCluster
from redis.exceptions import ConnectionError as LostConnectionError
from redis.retry import Retry

from chatstore_redis.address import Address, read_url, unreadable
from chatstore_redis.cache import RedisSessionCache
from chatstore_redis.connection import Connection
from chatstore_redis.keys import Keys
from chatstore_redis.server_clocks import ServerClocks

_DEFAULTS = {"socket_timeout": "0.2", "socket_connect_timeout": "0.2", "socket_keepalive": "true"}


def open_url(url: str) -> RedisSessionCache:
    """A cache with a client of its own, closed with it.

    A call waits 0.2 seconds at most, unless the URL gives other timeouts: the primary can answer
    too. Raises `ConfigurationError` for a URL that can't be read; a server that is down is no
    error here.
    """
    address = read_url(url, _DEFAULTS)
    if address.is_cluster:
        return _ClusterCache(address)
    # Once more on a connection that was lost, since a pool's may have been closed long ago; never
    # after a time-out, which would double it.
    retry = Retry(NoBackoff(), 1, supported_errors=(LostConnectionError,))
    try:
        client = Redis.from_url(address.url, retry=retry)
    except ValueError:
        raise unreadable() from None
    return _OpenedCache(client, prefix=address.prefix)


class _OpenedCache(RedisSessionCache):
    """A cache that owns its client."""

    def close(self) -> None:
        self._connection.close()


class _ClusterCache(RedisSessionCache):
    """A cache in a cluster, whose client asks for the nodes when it is made: so it is made when it
    is first needed, and a cluster that is down fails a call and not the opening."""

    def __init__(self, address: Address) -> None:
        self._keys = Keys(address.prefix)
        self._clocks = ServerClocks()
        self._url = address.url
        self._lock = threading.Lock()
        self._made: Connection | None = None

    def _connected(self) -> Connection:
        with self._lock:
            if self._made is None:
                client = RedisCluster.from_url(self._url, retry=Retry(NoBackoff(), 1))
                self._made = Connection(client)
            return self._made

    def close(self) -> None:
        with self._lock:
            if self._made is not None:
                self._made.close()
