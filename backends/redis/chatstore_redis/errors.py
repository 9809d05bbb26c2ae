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
from chatstore_redis.answers import NewerFormError
from chatstore_redis.tls import tls_fault

_LONGEST_CAUSE = 200


@dataclass(frozen=True, slots=True)
class _Case:
    """A way to fail. redis-py has a class for some of the server's codes and then drops the code
    from the text; others, and what a script meets, it leaves in the text."""

    kind: type[ChatStoreError]
    advice: str
    classes: tuple[type[Exception], ...] = ()
    pattern: str | None = None

    def fits(self, error: BaseException) -> bool:
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
        "NOPERM|The user executing the script can't run",
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
        "all connections of the pool are in use",
        (redis_errors.MaxConnectionsError,),
        # redis-py below 6, and its pool that waits.
        "Too many connections|No connection available",
    ),
    _Case(
        BackendUnavailableError,
        "the server did not answer in time",
        (redis_errors.TimeoutError,),
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
        pattern="Cluster mode is not enabled|This instance has cluster support disabled",
    ),
    _Case(
        ConfigurationError,
        "this server lacks a command that chatstore needs, or has another name for it; chatstore "
        "needs Redis 6.2 or newer, or Valkey, with the commands that its README lists",
        pattern="[Uu]nknown (Redis )?command",
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


_LOST = "the connection was refused or lost"

_CODES: dict[str, type[redis_errors.ResponseError]] = {
    "MOVED": redis_errors.MovedError,
    "ASK": redis_errors.AskError,
    "TRYAGAIN": redis_errors.TryAgainError,
    "CLUSTERDOWN": redis_errors.ClusterDownError,
    "MASTERDOWN": redis_errors.MasterDownError,
}


def translate(error: BaseException, place: str = "redis") -> ChatStoreError | None:
    """The typed error for one of redis-py's, or for a session in a newer form; None for any
    other exception."""
    if isinstance(error, NewerFormError):
        return SchemaError(
            f"{place}: a newer chatstore has stored this session, in a form that this one does not "
            "know; upgrade chatstore here"
        )
    if not isinstance(error, redis_errors.RedisError | redis_errors.RedisClusterException):
        return None
    if (fault := tls_fault(error)) is not None:
        return type(fault)(f"{place}: {fault}")
    for case in _CASES:
        if case.fits(error):
            return case.kind(f"{place}: {case.advice}")
    if isinstance(error, redis_errors.ConnectionError):
        return BackendUnavailableError(f"{place}: {_LOST}{_said(error)}")
    return BackendError(f"{place}: {type(error).__name__}; its cause says more")


def refined(error: redis_errors.ResponseError) -> redis_errors.ResponseError:
    """The error of the class for its code: redis-py below 6 has these only in its own client of a
    cluster."""
    code, _, rest = str(error).partition(" ")
    if type(error) is redis_errors.ResponseError and code in _CODES:
        return _CODES[code](rest)
    return error


def _said(error: redis_errors.ConnectionError) -> str:
    """What redis-py or the operating system said, with the host and the port."""
    # Sentinel's errors show whole clients.
    if type(error) is not redis_errors.ConnectionError:
        return ""
    text = " ".join(str(error).split())
    return f": {text[:_LONGEST_CAUSE].rstrip('.')}" if text else ""


def is_missing_script(error: object) -> bool:
    """Whether the server does not hold the script that was called by its digest."""
    return isinstance(error, redis_errors.NoScriptError)
