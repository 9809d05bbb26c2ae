"""Redis as a cache in front of another store: one key for each session, one round trip a call."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from chatstore.caching import FORMAT, Marker, SessionCache, Snapshot
from chatstore.errors import SchemaError
from chatstore_redis.connection import Argument, Client, Connection
from chatstore_redis.errors import translated
from chatstore_redis.keys import Keys
from chatstore_redis.scripts import CACHE_BURY, CACHE_MEET, Script

_FORM = str(FORMAT).encode()
_FIELDS = (b"form", b"life", b"version", b"body")


class RedisSessionCache(SessionCache):
    """Snapshots in Redis 6.2 or later, or Valkey: one server or a cluster.

    The caller owns `client`: it is not closed. Give it short timeouts, for the primary can answer
    too. `prefix` begins every key, and belongs to one store of record. Calls raise a
    `BackendError` when the server fails.
    """

    def __init__(self, client: Client, *, prefix: str = "chatstore") -> None:
        self._keys = Keys(prefix)
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
        self, snapshots: Mapping[str, Snapshot], *, lapse: float, tombstone_lapse: float
    ) -> int:
        lapses = _milliseconds(lapse), _milliseconds(tombstone_lapse)
        answers = self._run(
            CACHE_MEET,
            {
                session_id: (
                    *(_FORM, snapshot.life.encode(), snapshot.version, *lapses),
                    snapshot.body,
                )
                for session_id, snapshot in snapshots.items()
            },
        )
        return answers.count(0)

    def mark(self, session_id: str, marker: Marker, *, lapse: float) -> None:
        lapses = _milliseconds(lapse), _milliseconds(lapse)
        arguments = (_FORM, marker.life.encode(), marker.version, *lapses)
        self._run(CACHE_MEET, {session_id: arguments})

    def bury(self, session_ids: Sequence[str], *, lapse: float) -> None:
        arguments = (_FORM, _milliseconds(lapse))
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

    def _run(self, script: Script, calls: Mapping[str, Sequence[Argument]]) -> list[Any]:
        """Run a script on the keys of some sessions, each with its arguments."""
        with _typed_errors():
            if len(calls) == 1:
                ((session_id, arguments),) = calls.items()
                return [self._connected().run(script, self._keys.cached(session_id), *arguments)]
            # By its text: in a pipeline a digest that the server lacks would fail every call.
            return self._connected().send_all(
                [
                    ("EVAL", script.text, 1, self._keys.cached(session_id), *arguments)
                    for session_id, arguments in calls.items()
                ]
            )


def _snapshot(answer: Sequence[bytes | None]) -> Snapshot | None:
    form, life, version, body = answer
    if form != _FORM or life is None or version is None or body is None:
        return None
    try:
        return Snapshot(life.decode(), int(version), body)
    except ValueError:
        return None


def _milliseconds(seconds: float) -> int:
    return max(1, round(seconds * 1_000))


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
