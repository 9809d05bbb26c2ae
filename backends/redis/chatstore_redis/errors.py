"""From redis-py's exceptions to chatstore's."""

from redis import exceptions as redis_errors

from chatstore.errors import (
    BackendAuthError,
    BackendError,
    BackendThrottledError,
    BackendUnavailableError,
    ChatStoreError,
    ConfigurationError,
    SchemaError,
)

# redis-py has no class of its own for some of the server's errors, and a script's error may come
# wrapped in a longer text: so the server's own code is looked for in the text.
_BY_CODE: tuple[tuple[str, type[ChatStoreError], str], ...] = (
    (
        "WRONGTYPE",
        SchemaError,
        "a key of chatstore's name holds something else; take another prefix, or remove that key",
    ),
    ("NOAUTH", BackendAuthError, "the server asks for a password; give one in the URL or client"),
    ("NOPERM", BackendAuthError, "this user lacks a permission that chatstore needs"),
    ("WRONGPASS", BackendAuthError, "the server refused this user name or password"),
    (
        "OOM",
        BackendError,
        "the server has reached its maxmemory; give it more, or remove sessions",
    ),
    ("LOADING", BackendUnavailableError, "the server is still loading its data"),
    (
        "READONLY",
        BackendUnavailableError,
        "the server is a replica; if this is not a fail-over in progress, connect to the master",
    ),
    ("MISCONF", BackendUnavailableError, "the server can't save its data and takes no writes"),
    ("NOREPLICAS", BackendUnavailableError, "too few replicas are there for the server to write"),
    ("MASTERDOWN", BackendUnavailableError, "the replica has lost its master"),
    ("CLUSTERDOWN", BackendUnavailableError, "the cluster is down"),
    ("TRYAGAIN", BackendUnavailableError, "the cluster is moving this slot"),
    ("BUSY", BackendUnavailableError, "a script blocks the server"),
    ("Script killed", BackendUnavailableError, "an operator killed the script; it wrote nothing"),
    ("max number of clients", BackendThrottledError, "the server has too many clients"),
)


def translated(error: Exception) -> ChatStoreError | None:
    """The typed error for one of redis-py's; None for any other exception."""
    if not isinstance(error, redis_errors.RedisError | redis_errors.RedisClusterException):
        return None
    text = str(error)
    for code, kind, advice in _BY_CODE:
        if code in text:
            return kind(f"redis: {advice}")
    return _by_class(error)


def is_missing_script(error: Exception) -> bool:
    """Whether the server does not hold the script that was called by its digest."""
    return isinstance(error, redis_errors.NoScriptError)


def _by_class(error: Exception) -> ChatStoreError:
    match error:
        case redis_errors.AuthenticationError() | redis_errors.AuthorizationError():
            return BackendAuthError("redis: the server refused these credentials")
        case redis_errors.NoPermissionError():
            return BackendAuthError("redis: this user lacks a permission that chatstore needs")
        case redis_errors.MaxConnectionsError():
            return BackendThrottledError("redis: all connections of the client's pool are in use")
        case redis_errors.BusyLoadingError():
            return BackendUnavailableError("redis: the server is still loading its data")
        case redis_errors.TimeoutError():
            return BackendUnavailableError("redis: the server did not answer in time")
        case redis_errors.ConnectionError():
            return BackendUnavailableError("redis: the connection was refused or lost")
        case redis_errors.MovedError() | redis_errors.AskError():
            return ConfigurationError(
                "redis: this server is one of a cluster; open it by redis+cluster://, or give the "
                "store a redis.cluster.RedisCluster"
            )
        case redis_errors.ClusterError() | redis_errors.SlotNotCoveredError():
            return BackendUnavailableError("redis: the cluster is down, or is moving this slot")
        case redis_errors.RedisClusterException():
            if "cluster mode" in str(error).lower():
                return ConfigurationError(
                    "redis: this server is not one of a cluster; open it by redis://"
                )
            return BackendUnavailableError("redis: the cluster can't be reached")
        case _:
            return BackendError(f"redis: {type(error).__name__}")
