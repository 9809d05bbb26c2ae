"""The store on Redis: one hash for each session, one Lua script for each write."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from chatstore.clock import Clock, Moment, utc_now
from chatstore.engine.cursor import Position
from chatstore.engine.engine import Engine
from chatstore.engine.query import PageQuery
from chatstore.engine.write import Patch, Write, is_visible
from chatstore.errors import (
    ChatStoreError,
    CorruptSessionError,
    SessionNotFoundError,
    VersionConflictError,
)
from chatstore.policy import RetentionPolicy
from chatstore.record.limits import require_key_count
from chatstore.record.stored import Body, Record, Stored, StoredMessage, StoredSession
from chatstore.runtime.deadline import DEFAULT_DEADLINE
from chatstore.store.base import BaseSessionStore
from chatstore.values.plain import passes_for
from chatstore_redis import errors, fields, scripts
from chatstore_redis.cluster import Cluster
from chatstore_redis.connection import Client, Connection
from chatstore_redis.index import UserIndex
from chatstore_redis.keys import Keys
from chatstore_redis.proving import prove
from chatstore_redis.resending import left_to_add
from chatstore_redis.retries import times_sent_again
from chatstore_redis.scanning import ScanPosition, scan_position
from chatstore_redis.scripts import Script
from chatstore_redis.source import ClusterSource, Source
from chatstore_redis.sweeping import erased, in_steps, purged

_ATTEMPTS = 5
"""How often an append is sent that meets messages of its batch, each time without those it met."""
_FIELD_ARGUMENTS = {b"userPreferences": "user_preferences", b"metadata": "metadata"}


class RedisSessionStore(BaseSessionStore):
    """Sessions in Redis 6.2 or later, or Valkey: one server or a cluster.

    `client`, a `redis.Redis` or a `redis.cluster.RedisCluster`, says where they are and how to
    connect: the store makes connections of its own like the client's, and leaves the client as it
    is. `prefix` begins every key; stores with other prefixes share nothing. A call ends within
    `deadline` seconds, retries included. Every request is safe to be sent twice, and is sent again
    as the client's own `Retry` says.
    """

    engine: "RedisEngine"  # pyright: ignore[reportIncompatibleVariableOverride]  it is set once

    def __init__(
        self,
        client: "Client | RedisEngine",
        *,
        prefix: str = "chatstore",
        policy: RetentionPolicy | None = None,
        clock: Clock = utc_now,
        deadline: float = DEFAULT_DEADLINE,
    ) -> None:
        own = (
            client
            if passes_for(client, RedisEngine)
            else RedisEngine(cast("Client", client), prefix=prefix)
        )
        super().__init__(own, policy=policy, clock=clock, deadline=deadline)


class RedisEngine(Engine):
    """The hashes and indexes under one prefix. Its connections are its own."""

    backend = "redis"

    def __init__(
        self, client: Client | Source | ClusterSource, *, prefix: str = "chatstore"
    ) -> None:
        self.keys = Keys(prefix)
        self.connection = Connection(client)
        # A client of the caller's has asked for a cluster's nodes by itself.
        self._discovers = isinstance(client, ClusterSource)
        self.index = UserIndex(self.connection, self.keys)

    def open(self, policy: RetentionPolicy) -> None:
        servers = self.connection.servers
        if self._discovers and isinstance(servers, Cluster):
            servers.discover()

    def insert(self, session: StoredSession, now: Moment) -> bool:
        # The member first: a process that dies in between leaves one too many, which heals. The
        # other way round it would leave a session that no listing shows.
        is_new = self.index.add(*_indexed(session)) == 1
        before = times_sent_again()
        written = self._put(session, overwrite=False, now=now)
        if written and not (is_new and times_sent_again() == before):
            # The member may be another `create`'s of the same instant, or the session have been
            # written twice: so `delete_user` may have removed it with the other one in between.
            self.index.add(*_indexed(session))
        return written

    def load(self, session_id: str, *, latest: bool = False) -> Record | None:
        return fields.record(self.connection.run(scripts.READ, self.keys.session(session_id)))

    def load_many(self, session_ids: Sequence[str]) -> Mapping[str, Record]:
        keys = [self.keys.session(session_id) for session_id in session_ids]
        answers = self.connection.run_all(scripts.READ, keys)
        records = zip(session_ids, map(fields.record, answers), strict=True)
        return {session_id: record for session_id, record in records if record is not None}

    def append(
        self, write: Write, messages: Sequence[StoredMessage], *, with_window: bool
    ) -> Stored:
        demand = b"window" if with_window else b""
        for _ in range(_ATTEMPTS):
            packed = map(fields.packed_message, messages)
            answer = self._change(scripts.APPEND, write, demand, *packed)
            if answer != scripts.MET:
                info, window = fields.info_and_messages(answer)
                return Stored(fields.session_json(info, window if with_window else None))
            found = self.connection.run(scripts.READ, self.keys.session(write.session_id))
            messages = left_to_add(write, messages, found)
            if not messages:
                info, window = fields.info_and_messages(found)
                info = fields.counted(info, window)
                return Stored(fields.session_json(info, window if with_window else None))
        raise CorruptSessionError(
            self.backend, write.session_id, "its messages are not those that its ids name"
        )

    def rewrite(self, write: Write, messages: Sequence[StoredMessage], given: int) -> Body:
        window = fields.window_fields(messages)
        answer = self._change(scripts.REWRITE, write, given, *_flat(window))
        info, _ = fields.info_and_messages(answer)
        return fields.session_json(info, map(fields.packed_message, messages))

    def update(self, write: Write, patch: Patch) -> Body:
        answer = self._change(
            scripts.UPDATE,
            write,
            (patch.session_status or "").encode(),
            len(patch.user_preferences),
            *fields.packed_patch(patch.user_preferences),
            *fields.packed_patch(patch.metadata),
        )
        if not isinstance(answer, bytes):
            field, number = answer
            require_key_count(_FIELD_ARGUMENTS[field], number)
        info, _ = fields.info_and_messages(answer)
        return fields.session_json(info, None)

    def delete(self, write: Write) -> bool:
        key = self.keys.session(write.session_id)
        answer = self.connection.run(scripts.DELETE, key, _demand(write))
        if answer == scripts.CONFLICT:
            raise VersionConflictError(write.session_id, write.if_version)
        return bool(answer == 1)

    def delete_user(self, user_id: str, now: Moment) -> int:
        return sum(in_steps(erased(self.connection, self.index, user_id, now)))

    def page(self, query: PageQuery) -> Sequence[tuple[Position, Body]]:
        return self.index.page(query)

    def scan(
        self, *, limit: int, after: str | None, now: Moment
    ) -> tuple[Sequence[tuple[str, Record]], str | None]:
        place = ScanPosition() if after is None else scan_position(after)
        found: list[tuple[str, Record]] = []
        while len(found) < limit and not place.is_end:
            if not place.waiting and place.next is not None:
                if found:
                    break
                place = self._scanned(*place.next, limit)
            now_shown, later = (
                place.waiting[: limit - len(found)],
                place.waiting[limit - len(found) :],
            )
            place = ScanPosition(place.next, later)
            for session_id, record in self.load_many(now_shown).items():
                if is_visible(now, None, owner=None, ttl=record.ttl):
                    found.append((session_id, record))
        return found, None if place.is_end else place.token

    def restore(self, session: StoredSession, *, overwrite: bool, now: Moment) -> bool:
        # The member last: its createdAt may be old, and a listing removes an old member of a
        # session that is not there.
        written = self._put(session, overwrite=overwrite, now=now)
        if written:
            self.index.add(*_indexed(session))
        return written

    def purge(self, now: Moment) -> int:
        return sum(in_steps(purged(self.connection, self.index, now)))

    def ping(self) -> None:
        prove(self.connection, self.keys)

    def close(self) -> None:
        # Its own connections; the caller's client is not touched.
        self.connection.close()

    @property
    def place(self) -> str:
        return self.connection.place

    def translate_error(self, error: Exception, session_id: str | None) -> ChatStoreError | None:
        return errors.translated(error, self.place)

    def _put(self, session: StoredSession, *, overwrite: bool, now: Moment) -> bool:
        hash_fields = fields.session_fields(session)
        answer = self.connection.run(
            scripts.PUT,
            self.keys.session(session.session_id),
            now.seconds,
            b"overwrite" if overwrite else b"",
            hash_fields.get(b"ttl", b""),
            *_flat(hash_fields),
        )
        return bool(answer)

    def _scanned(self, node: str, cursor: int, count: int) -> ScanPosition:
        """The position after some more keys of a node were asked for."""
        keys, following = self.connection.scan(
            self.keys.session_pattern, "hash", node=node, cursor=cursor, count=count
        )
        ids = [each for key in keys if (each := self.keys.session_id(key)) is not None]
        return ScanPosition(following, list(dict.fromkeys(ids)))

    def _change(self, script: Script, write: Write, *arguments: bytes | int) -> Any:
        """Run the script of a write; its answer, or the error that it stands for."""
        key = self.keys.session(write.session_id)
        answer = self.connection.run(script, key, _demand(write), *arguments)
        if answer == scripts.MISSING:
            raise SessionNotFoundError(write.session_id)
        if answer == scripts.CONFLICT:
            raise VersionConflictError(write.session_id, write.if_version)
        if answer == scripts.CORRUPT:
            reason = "its numbers or entries are not what chatstore writes"
            raise CorruptSessionError(self.backend, write.session_id, reason)
        return answer


def _indexed(session: StoredSession) -> tuple[str, Position]:
    """Whose index the session belongs to, and where it stands there."""
    info = session.info
    return str(info["userId"]), Position(str(info["createdAt"]), session.session_id)


def _demand(write: Write) -> bytes:
    """What every write says to its script, in one argument."""
    policy = write.policy
    values = (
        write.now.seconds,
        write.user_id,
        write.if_version,
        write.now.text,
        write.ttl if write.renews else "keep",
        policy.max_messages,
        policy.deciding_bytes,
    )
    return "\0".join("" if value is None else str(value) for value in values).encode()


def _flat(hash_fields: Mapping[bytes, bytes]) -> list[bytes]:
    return [part for pair in hash_fields.items() for part in pair]
