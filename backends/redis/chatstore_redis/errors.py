"""From redis-py's exceptions to chatstore's."""

import re
from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class _Case:
    """A way to fail. redis-py has a class for some of the server's codes and then drops the code
    from the text; others, and what a script meets, it leaves in the text."""

    kind: type[ChatStoreError]
    advice: str
    classes: tuple[type[Exception], ...] = ()
    pattern: str | None = None

    def fits(self, error: Exception) -> bool:
        """Whether this is what happened."""
        if isinstance(error, self.classes):
            return True
        # The code stands at the beginning, or behind the place in a script; never look further,
        # since a text may quote a command's arguments.
        return self.pattern is not None and bool(
            re.match(rf"(?:ERR )?(?:[^']{{0,120}}?: ?-?)?(?:{self.pattern})", str(error))
        )


_CASES = (
    _Case(
        SchemaError,
        "a key of chatstore's name holds something else; take another prefix, or remove that key",
        pattern="WRONGTYPE",
    ),
    _Case(
        BackendAuthError,
        "the server did not take this user or password, or asks for one",
        (redis_errors.AuthenticationError, redis_errors.AuthorizationError),
        "NOAUTH|WRONGPASS",
    ),
    _Case(
        BackendAuthError,
        "this user lacks a permission that chatstore needs; its README lists the commands",
        (redis_errors.NoPermissionError,),
        "NOPERM",
    ),
    _Case(
        BackendError,
        "the server has reached its maxmemory; give it more, or remove sessions",
        (redis_errors.OutOfMemoryError,),
        "OOM",
    ),
    _Case(
        BackendUnavailableError,
        "the server is a replica; if no fail-over is in progress, connect to the master",
        (redis_errors.ReadOnlyError,),
        "READONLY",
    ),
    _Case(
        BackendUnavailableError,
        "the server is still loading its data",
        (redis_errors.BusyLoadingError,),
    ),
    _Case(
        BackendUnavailableError,
        "the server takes no writes: it can't save its data, or lacks replicas",
        pattern="MISCONF|NOREPLICAS",
    ),
    _Case(BackendUnavailableError, "a script blocks the server", pattern="BUSY"),
    _Case(
        BackendUnavailableError,
        "an operator killed the script; nothing was written",
        pattern="Script killed",
    ),
    _Case(
        BackendThrottledError,
        "the server has too many clients",
        pattern="max number of clients",
    ),
    _Case(
        BackendThrottledError,
        "all connections of the client's pool are in use",
        (redis_errors.MaxConnectionsError,),
    ),
    _Case(
        BackendUnavailableError,
        "the server did not answer in time",
        (redis_errors.TimeoutError,),
    ),
    _Case(
        BackendUnavailableError,
        "the connection was refused or lost",
        (redis_errors.ConnectionError,),
    ),
    _Case(
        ConfigurationError,
        "this server is one of a cluster; open it by redis+cluster://, or give the store a "
        "redis.cluster.RedisCluster",
        (redis_errors.MovedError, redis_errors.AskError),
    ),
    _Case(
        ConfigurationError,
        "this server is not one of a cluster (open it by redis://), or does not let this user send "
        "CLUSTER",
        pattern="Cluster mode is not enabled",
    ),
    _Case(
        BackendUnavailableError,
        "the cluster is down, can't be reached, or is moving this slot",
        (
            redis_errors.ClusterError,
            redis_errors.TryAgainError,
            redis_errors.RedisClusterException,
        ),
        "CLUSTERDOWN|MASTERDOWN|TRYAGAIN",
    ),
)


def translated(error: Exception) -> ChatStoreError | None:
    """The typed error for one of redis-py's; None for any other exception."""
    if not isinstance(error, redis_errors.RedisError | redis_errors.RedisClusterException):
        return None
    for case in _CASES:
        if case.fits(error):
            return case.kind(f"redis: {case.advice}")
    return BackendError(f"redis: {type(error).__name__}; its cause says more")


def is_missing_script(error: object) -> bool:
    """Whether the server does not hold the script that was called by its digest."""
    return isinstance(error, redis_errors.NoScriptError)
