"""From a URL to a store: `redis://`, `rediss://`, `redis+cluster://` and `rediss+cluster://`."""

from collections.abc import Mapping
from typing import Any

from redis import Connection as PlainConnection
from redis import ConnectionPool, Redis, SSLConnection
from redis.cluster import RedisCluster

from chatstore.clock import Clock
from chatstore.policy import RetentionPolicy
from chatstore.runtime.deadline import DEFAULT_DEADLINE
from chatstore_redis.address import Address, read_url
from chatstore_redis.client_settings import Client, ClusterSettings, ServerSettings
from chatstore_redis.connections import bounded_class
from chatstore_redis.engine import RedisEngine
from chatstore_redis.retries import Retries
from chatstore_redis.store import RedisSessionStore

_DEFAULTS: Mapping[str, Any] = {
    "deadline": DEFAULT_DEADLINE,
    "socket_connect_timeout": 2.0,
    "socket_keepalive": True,
    "socket_timeout": 5.0,
}
# Every call is safe to be sent twice, so a connection that was lost costs the caller nothing.
_RETRIES = Retries.with_backoff(3)


def open_url(url: str, *, policy: RetentionPolicy, clock: Clock) -> RedisSessionStore:
    """A store with connections of its own; `address.read_url` says what the URL is.

    A cluster's nodes are asked for here, so it may also raise a `BackendError`.
    """
    address = read_url(url, _DEFAULTS)
    return RedisSessionStore(
        RedisEngine(settings_at(address, _RETRIES), prefix=address.prefix),
        policy=policy,
        clock=clock,
        deadline=address.deadline,
    )


def settings_at(address: Address, retries: Retries) -> ServerSettings | ClusterSettings:
    """How connections to the server or the cluster of a URL are made."""
    kind = bounded_class(SSLConnection if address.is_tls else PlainConnection)
    pool_options = {"max_connections": address.max_connections}
    if not address.is_cluster:
        return ServerSettings(kind, address.options, ConnectionPool, pool_options, retries)
    node = ServerSettings(kind, address.options, ConnectionPool, pool_options)
    return ClusterSettings(node, ((address.options["host"], address.options["port"]),), retries)


def connect(url: str) -> tuple[Client, str]:
    """A client of redis-py's for a URL, and the prefix: for tests that look behind a store."""
    address = read_url(url, _DEFAULTS)
    options = {**address.options, "max_connections": address.max_connections}
    if address.is_cluster:
        return RedisCluster(ssl=address.is_tls, **options), address.prefix
    kind = SSLConnection if address.is_tls else PlainConnection
    return Redis(connection_pool=ConnectionPool(connection_class=kind, **options)), address.prefix
