"""Redis as a cache in front of another store: one key for each session, one round trip a call."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from chatstore.caching import FORMAT, Marker, SessionCache, Snapshot
from chatstore.errors import SchemaError
from chatstore_redis.connection import Argument, Client, Connection
from chatstore_redis.errors import translated
from chatstore_redis.keys import Keys
from chatstore_redis.scripts import CACHE_BURY, CACHE_MEET, Script
from chatstore_redis.server_clocks import ServerClocks

_FORM = str(FORMAT).encode()
_FIELDS = (b"form", b"life", b"version", b"body")


class RedisSessionCache(SessionCache):
    """Snapshots in Redis 6.2 or later, or Valkey: one server or a cluster.

    The caller owns `client`: it is not closed. Give it short timeouts, for the primary can answer
    too. `prefix` begins every key, and belongs to one store of record. Calls raise a
    `BackendError` when the server fails.
    """

    def __init__(
        self,
        client: Client,
        *,
        prefix: str = "chatstore",
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._keys = Keys(prefix)
        self._clocks = ServerClocks(monotonic)
        self._connection = Connection(client)

    def get(self, session_ids: Sequence[str]) -> Mapping[str, Snapshot]:
        with _typed_errors():
            answers = self._read([self._keys.cached(session_id) for session_id in session_ids])
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
            calls = {
                session_id: (
                    *(_FORM, snapshot.life.encode(), snapshot.version),
                    *(_microseconds(lapse), int(wrote)),
                    *(self._server_time(session_id, asked_at) or "", snapshot.body),
                )
                for session_id, snapshot in some.items()
            }
            return dict(zip(calls, self._run(CACHE_MEET, calls), strict=True))

        # What a server with an unknown clock is sent is refused; after the answer it is known.
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
        self._run(CACHE_MEET, {session_id: arguments})

    def bury(self, session_ids: Sequence[str], *, lapse: float) -> None:
        arguments = (_FORM, _microseconds(lapse))
        self._run(CACHE_BURY, dict.fromkeys(session_ids, arguments))

    def close(self) -> None:
        pass

    def _connected(self) -> Connection:
        """The connection: here the caller's, in a cache opened by URL one made at need."""
        return self._connection

    def _read(self, keys: Sequence[bytes]) -> list[Any]:
        if len(keys) == 1:
            return [self._read_one(keys[0])]
        try:
            return self._connected().send_all([("HMGET", key, *_FIELDS) for key in keys])
        except Exception as error:
            if not _is_foreign_type(error):
                raise
        return [self._read_one(key) for key in keys]

    def _read_one(self, key: bytes) -> Any:
        try:
            return self._connected().send("HMGET", key, *_FIELDS)
        except Exception as error:
            if not _is_foreign_type(error):
                raise
            # Whatever lies there, it is no snapshot; the next write puts a tombstone in its place.
            return [None] * len(_FIELDS)

    def _run(self, script: Script, calls: Mapping[str, Sequence[Argument]]) -> list[bool]:
        """Run a script on the keys of some sessions, each with its arguments; whether what was sent
        stayed. The servers' clocks are learned from the answers."""
        keys = [self._keys.cached(session_id) for session_id in calls]
        with _typed_errors():
            connection = self._connected()
            if len(calls) == 1:
                (arguments,) = calls.values()
                answers = [connection.run(script, keys[0], *arguments)]
            else:
                # By its text: in a pipeline a digest that the server lacks would fail every call.
                answers = connection.send_all(
                    [
                        ("EVAL", script.text, 1, key, *arguments)
                        for key, arguments in zip(keys, calls.values(), strict=True)
                    ]
                )
        for key, (_, shown) in zip(keys, answers, strict=True):
            self._clocks.tell(connection.client, key, int(shown))
        return [stayed == 1 for stayed, _ in answers]

    def _server_time(self, session_id: str, moment: float) -> int | None:
        with _typed_errors():
            client = self._connected().client
        return self._clocks.at(client, self._keys.cached(session_id), moment)


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
    return isinstance(translated(error), SchemaError)


@contextmanager
def _typed_errors() -> Iterator[None]:
    try:
        yield
    except Exception as error:
        typed = translated(error)
        if typed is None:
            raise
        raise typed from error
