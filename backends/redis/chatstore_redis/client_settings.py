"""What a client of redis-py says of its connections, so that a store can make its own like them.

A store never works through the caller's client. That may have been inherited in a fork, with its
locks held and answers waiting in its sockets, and it keeps to no deadline. Nothing of it is changed
or locked here.
"""

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from redis import ConnectionPool, Redis
from redis.client import Pipeline
from redis.cluster import ClusterPipeline, RedisCluster
from redis.connection import Connection, SSLConnection, UnixDomainSocketConnection
from redis.sentinel import Sentinel, SentinelConnectionPool

from chatstore.errors import ConfigurationError
from chatstore.values.plain import attribute_of, class_path, is_kind, passes_for
from chatstore_redis.connections import BoundedConnection, bounded_class, bounded_pool
from chatstore_redis.retries import Retries, retries_of

Client = Redis | RedisCluster
Address = tuple[str, int]

_LONGEST_TIMEOUT = 1e9
"""Seconds; the operating system counts no further."""

_NOT_PASSED_ON = frozenset(
    {
        # chatstore retries by itself, and takes answers as bytes.
        *("retry", "retry_on_timeout", "retry_on_error", "decode_responses"),
        # These belong to the client's own pool and would tie ours to it.
        *("cache", "cache_config", "connection_pool", "event_dispatcher", "himport_registry"),
        *("maint_notifications_config", "maint_notifications_pool_handler"),
        *("maintenance_state", "maintenance_notification_hash", "orig_host_address"),
        *("orig_socket_timeout", "orig_socket_connect_timeout"),
        "oss_cluster_maint_notifications_handler",
    }
)


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """How connections to one server are made."""

    kind: type[BoundedConnection]
    options: Mapping[str, Any]
    pool: type[ConnectionPool] = ConnectionPool
    pool_options: Mapping[str, Any] | None = None
    retries: Retries = Retries()  # noqa: RUF009  it never changes
    service: str = ""
    """The name that Sentinel knows the servers by."""

    def new_pool(self) -> ConnectionPool:
        """A pool of this process, without any connection yet."""
        options = {**self.options, **(self.pool_options or {}), **_without_notifications()}
        try:
            kind: Any = self.kind
            return self.pool(connection_class=kind, **options)
        except Exception as error:
            raise ConfigurationError(
                f"chatstore can't make a {self.pool.__name__} of its own like the Redis client's "
                f"({type(error).__name__}); give the client a redis.ConnectionPool, a "
                "redis.BlockingConnectionPool, or what Sentinel.master_for returns"
            ) from error

    def at(self, address: Address) -> "ServerSettings":
        """The same for another node of a cluster."""
        host, port = address
        return replace(self, options={**self.options, "host": host, "port": port})

    @property
    def has_plain_pool(self) -> bool:
        """Whether the pool has nothing to do for a connection between two requests: Sentinel's may
        have to leave a master, one that waits has others waiting, and credentials may change."""
        return self.pool is ConnectionPool and self.options.get("credential_provider") is None

    @property
    def place(self) -> str:
        """Where the server is, for people, without credentials."""
        if self.service:
            return f"redis sentinel service {self.service!r}"
        if issubclass(self.kind, UnixDomainSocketConnection):
            return f"unix://{self.options.get('path', '')}?db={self.options.get('db') or 0}"
        host, port = self.options.get("host", "localhost"), self.options.get("port", 6379)
        return f"{self.scheme}://{address_text((host, port))}/{self.options.get('db') or 0}"

    @property
    def scheme(self) -> str:
        """The scheme of a URL for this."""
        return "rediss" if issubclass(self.kind, SSLConnection) else "redis"


@dataclass(frozen=True, slots=True)
class ClusterSettings:
    """How connections to the nodes of a cluster are made."""

    node: ServerSettings
    startup: tuple[Address, ...]
    """Nodes that may be asked where the others are."""
    retries: Retries
    remap: Callable[[Address], Address] | None = None

    @property
    def place(self) -> str:
        """Where the cluster is, for people, without credentials."""
        return f"{self.node.scheme}+cluster://{address_text(self.startup[0])}"


def settings_of(client: object) -> ServerSettings | ClusterSettings:
    """What a client says, or itself if it is the answer; `ConfigurationError` for what is no client
    that chatstore can use."""
    if passes_for(client, ServerSettings) or passes_for(client, ClusterSettings):
        return client
    if passes_for(client, RedisCluster) and not passes_for(client, ClusterPipeline):
        return _cluster_source(client)
    if passes_for(client, Redis) and not passes_for(client, Pipeline):
        return _pool_source(attribute_of(client, "connection_pool"))
    raise ConfigurationError(
        f"client must be a redis.Redis or a redis.cluster.RedisCluster, not {_described(client)}"
    )


def address_text(address: Address) -> str:
    """A host and its port, as in a URL."""
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _described(client: object) -> str:
    path = class_path(type(client))
    if is_kind(client, str, bytes):
        return f"{path}; open a URL by chatstore.open_store(URL)"
    if path.startswith("redis.asyncio"):
        return (
            f"{path}; give it a client that is not asyncio's, and wrap "
            "the store in chatstore.AsyncSessionStore"
        )
    if passes_for(client, Sentinel):
        return "a Sentinel; give it what its master_for(NAME) returns"
    return path


def _pool_source(pool: object) -> ServerSettings:
    if not isinstance(pool, ConnectionPool):
        raise ConfigurationError(
            f"the Redis client's pool must be a redis.ConnectionPool, not {type(pool).__name__}"
        )
    options = dict(pool.connection_kwargs)
    _require_usable(options)
    try:
        retries = retries_of(options)
    except Exception as error:
        raise ConfigurationError(
            "the Redis client's retry must be a redis.retry.Retry, and its retry_on_error a list "
            "of exceptions"
        ) from error
    kept = {name: value for name, value in options.items() if name not in _NOT_PASSED_ON}
    pool_options: dict[str, Any] = {"max_connections": pool.max_connections}
    kind: type[ConnectionPool] = bounded_pool(type(pool))
    patience = getattr(pool, "timeout", None)
    if hasattr(pool, "timeout"):
        pool_options["timeout"] = patience
    service = ""
    if isinstance(pool, SentinelConnectionPool):
        if not pool.is_master:
            raise ConfigurationError(
                "client must be one of a master, and this one is of Sentinel's replicas; give it "
                "what Sentinel.master_for(NAME) returns"
            )
        service = str(pool.service_name)
        pool_options |= {
            "service_name": pool.service_name,
            "sentinel_manager": _own_sentinel(pool.sentinel_manager),
            "check_connection": pool.check_connection,
        }
    return ServerSettings(
        bounded_class(pool.connection_class), kept, kind, pool_options, retries, service
    )


def _require_usable(options: Mapping[str, Any]) -> None:
    """Refuse what redis-py takes, and what then fails at each connection."""
    for name in ("socket_timeout", "socket_connect_timeout"):
        seconds = options.get(name)
        if seconds is not None and not (
            isinstance(seconds, int | float) and 0 < seconds < _LONGEST_TIMEOUT
        ):
            raise ConfigurationError(
                f"the Redis client's {name} must be None or a number of seconds more than 0, not "
                f"{seconds!r}"
            )
    host = options.get("host", "")
    if not isinstance(host, str):
        raise ConfigurationError(
            f"the Redis client's host must be a str, not {type(host).__name__}"
        )


def _own_sentinel(sentinel: Sentinel) -> Sentinel:
    """Sentinel's client again, with connections of its own."""
    own = copy.copy(sentinel)
    # A private pool each: it is asked at each new connection, and never while one is used.
    own.sentinels = [
        Redis(connection_pool=_pool_source(each.connection_pool).new_pool())
        for each in sentinel.sentinels
    ]
    return own


def _cluster_source(cluster: RedisCluster) -> ClusterSettings:
    manager = cluster.nodes_manager
    nodes = [*manager.nodes_cache.values(), *manager.startup_nodes.values()]
    pool = next(
        (node.redis_connection.connection_pool for node in nodes if node.redis_connection), None
    )
    if pool is None:
        raise ConfigurationError(
            "client must be a RedisCluster that knows a node, not a closed one"
        )
    node = _pool_source(pool)
    # Its own function would look at the client's parsers and read from replicas.
    options = {name: value for name, value in node.options.items() if name != "redis_connect_func"}
    if (user_function := cluster.user_on_connect_func) is not None:
        options["redis_connect_func"] = _Greeting(user_function)
    retry: Any = getattr(cluster, "retry", None)
    count = retry.get_retries() if retry is not None else 3
    startup = dict.fromkeys((str(each.host), int(each.port)) for each in nodes)
    remap: Any = manager.address_remap
    return ClusterSettings(
        replace(node, options=options, retries=Retries()),
        tuple(startup),
        Retries.with_backoff(count),
        remap,
    )


@dataclass(frozen=True, slots=True)
class _Greeting:
    """What a new connection to a node does first: redis-py's part, and then the caller's."""

    user_function: Callable[[Any], object]

    def __call__(self, connection: Connection) -> None:
        connection.on_connect()  # type: ignore[no-untyped-call]  # redis-py's
        self.user_function(connection)


def _without_notifications() -> dict[str, Any]:
    """No messages between answers, where redis-py knows of such."""
    try:
        from redis.maint_notifications import MaintNotificationsConfig
    except ModuleNotFoundError:
        return {}
    return {"maint_notifications_config": MaintNotificationsConfig(enabled=False)}
