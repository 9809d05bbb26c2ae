"""Redis as a cache in front of another store: one key for each session, one round trip a call."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn

from chatstore.cache.protocol import FORMAT, Marker, SessionCache, Snapshot
from chatstore.errors import BackendError, BackendUnavailableError, ChatStoreError, SchemaError
from chatstore.runtime import deadline as deadlines
from chatstore.runtime.deadline import DeadlineError, require_deadline
from chatstore.runtime.forks import Origin, refuse_pickling
from chatstore_redis.cache_clocks import ServerClocks
from chatstore_redis.client_settings import ClusterSettings, ServerSettings
from chatstore_redis.cluster import Cluster
from chatstore_redis.commands import Argument, command
from chatstore_redis.deployment import Client, Deployment
from chatstore_redis.errors import translate
from chatstore_redis.keys import Keys
from chatstore_redis.scripts import CACHE_BURY, CACHE_PUT, Script

DEFAULT_DEADLINE = 0.25
"""How many seconds a request may take, unless a cache says otherwise."""

_FORM = str(FORMAT).encode()
_FIELDS = (b"form", b"life", b"version", b"body")


class RedisSessionCache(SessionCache):
    """Snapshots in Redis 6.2 or later, or Valkey: one server or a cluster.

    `client`, a `redis.Redis` or a `redis.cluster.RedisCluster`, says where the server is and how to
    connect: the cache makes connections of its own like the client's, and leaves the client as it
    is. `prefix` begins every key, and belongs to one store of record. A request ends within
    `deadline` seconds, and within what the store's call has left: the primary can answer too.
    Calls raise a `BackendError` when the server fails.
    """

    def __init__(
        self,
        client: Client | ServerSettings | ClusterSettings,
        *,
        prefix: str = "chatstore",
        deadline: float = DEFAULT_DEADLINE,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._origin = Origin()
        self._keys = Keys(prefix)
        self._deadline = require_deadline(deadline)
        self._deployment = Deployment(client)
        is_cluster = isinstance(self._deployment.servers, Cluster)
        self._clocks = ServerClocks(monotonic, are_many=is_cluster)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._deployment.place}>"

    def __reduce__(self) -> NoReturn:
        raise refuse_pickling("redis cache")

    def get(self, session_ids: Sequence[str]) -> Mapping[str, Snapshot]:
        keys = [self._keys.cached(session_id) for session_id in session_ids]
        with self._request():
            answers = self._read(keys)
        found: dict[str, Snapshot] = {}
        for session_id, answer in zip(session_ids, answers, strict=True):
            snapshot = _snapshot(answer)
            if snapshot is not None:
                found[session_id] = snapshot
        return found

    def put(
        self, snapshots: Mapping[str, Snapshot], *, asked_at: float, lapse: float, wrote: bool
    ) -> int:
        def send(some: Mapping[str, Snapshot]) -> dict[str, bool]:
            calls: dict[str, Sequence[Argument]] = {
                session_id: (
                    *(_FORM, snapshot.life.encode(), snapshot.version),
                    *(_microseconds(lapse), int(wrote)),
                    *(self._server_time(session_id, asked_at) or "", snapshot.body),
                )
                for session_id, snapshot in some.items()
            }
            return dict(zip(calls, self._run(CACHE_PUT, calls), strict=True))

        # A server whose clock is not known refuses what it is sent; after its answer it is known.
        again = {
            session_id: snapshot
            for session_id, snapshot in snapshots.items()
            if self._server_time(session_id, asked_at) is None
        }
        stayed = send(snapshots)
        if again:
            stayed |= send(again)
        return list(stayed.values()).count(False)

    def mark(self, session_id: str, marker: Marker, *, lapse: float) -> None:
        arguments = (_FORM, marker.life.encode(), marker.version, _microseconds(lapse), 1)
        self._run(CACHE_PUT, {session_id: arguments})

    def bury(self, session_ids: Sequence[str], *, lapse: float) -> None:
        arguments = (_FORM, _microseconds(lapse))
        self._run(CACHE_BURY, dict.fromkeys(session_ids, arguments))

    def close(self) -> None:
        # What a parent process opened is the parent's to close.
        if self._origin.is_here:
            self._deployment.close()

    @contextmanager
    def _request(self) -> Iterator[None]:
        """Give a request its time, and its errors their types."""
        self._origin.require_here("redis cache")
        # A call that waited for a thread has less time left, and its requests are no shorter.
        with deadlines.within(self._deadline):
            try:
                yield
            except ChatStoreError:
                raise
            except Exception as error:
                raise self._typed(error) from error

    def _typed(self, error: Exception) -> ChatStoreError:
        place = self._deployment.place
        if deadlines.is_over() or isinstance(error, DeadlineError):
            return BackendUnavailableError(
                f"{place}: no answer within {self._deadline:g} seconds, the deadline of a cache"
            )
        typed = translate(error, place)
        return typed or BackendError(f"{place}: {type(error).__name__}; its cause says more")

    def _read(self, keys: Sequence[bytes]) -> list[Any]:
        if len(keys) == 1:
            return [self._read_one(keys[0])]
        try:
            return self._deployment.send_all([command("HMGET", key, *_FIELDS) for key in keys])
        except Exception as error:
            if not _is_foreign_type(error):
                raise
        return [self._read_one(key) for key in keys]

    def _read_one(self, key: bytes) -> Any:
        try:
            return self._deployment.send("HMGET", key, *_FIELDS)
        except Exception as error:
            if not _is_foreign_type(error):
                raise
            # Whatever lies there, it is no snapshot; the next write puts a tombstone in its place.
            return [None] * len(_FIELDS)

    def _run(self, script: Script, calls: Mapping[str, Sequence[Argument]]) -> list[bool]:
        """Run a script on the keys of some sessions, each with its arguments; whether what was sent
        stayed. The servers' clocks are learned from the answers."""
        by_key = {self._keys.cached(session_id): given for session_id, given in calls.items()}
        with self._request():
            if len(by_key) == 1:
                ((key, arguments),) = by_key.items()
                answers = [self._deployment.run(script, key, *arguments)]
            else:
                # By its text: in a pipeline a digest that the server lacks would fail every call.
                answers = self._deployment.send_all(
                    [script.by_text((key,), given) for key, given in by_key.items()]
                )
            for key, (_, shown) in zip(by_key, answers, strict=True):
                self._clocks.tell(key, int(shown))
            return [stayed == 1 for stayed, _ in answers]

    def _server_time(self, session_id: str, moment: float) -> int | None:
        return self._clocks.at(self._keys.cached(session_id), moment)


def _snapshot(answer: Sequence[bytes | None]) -> Snapshot | None:
    form, life, version, body = answer
    if form != _FORM or life is None or version is None or body is None:
        return None
    try:
        return Snapshot(life.decode(), int(version), body)
    except ValueError:
        return None


def _microseconds(seconds: float) -> int:
    return max(1_000, round(seconds * 1_000_000))


def _is_foreign_type(error: Exception) -> bool:
    return isinstance(translate(error), SchemaError)
