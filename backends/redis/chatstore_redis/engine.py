"""The engine on Redis: one hash for each session, one Lua script for each write."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from chatstore.clock import Moment
from chatstore.engine import (
    PAGE_BYTES,
    Body,
    Engine,
    MessageQuery,
    MessagesFound,
    PageQuery,
    Patch,
    Position,
    Record,
    Stored,
    StoredMessage,
    StoredSession,
    Write,
    each_step,
    is_same,
    is_visible,
    newest,
)
from chatstore.errors import (
    ChatStoreError,
    CorruptSessionError,
    MessageNotFoundError,
    SessionNotFoundError,
    VersionConflictError,
)
from chatstore.policy import MAX_HISTORY_WINDOW, RetentionPolicy
from chatstore_redis import answers, errors, fields, maintenance, refusals, scripts
from chatstore_redis.batch import left_to_add
from chatstore_redis.client_settings import Client, ClusterSettings, ServerSettings
from chatstore_redis.commands import Argument
from chatstore_redis.deployment import Deployment
from chatstore_redis.index import UserIndex
from chatstore_redis.keys import Keys
from chatstore_redis.ping import ping
from chatstore_redis.retries import times_sent_again
from chatstore_redis.scan_position import ScanPosition, scan_position
from chatstore_redis.scripts import Script
from chatstore_redis.session_writer import SessionWriter

_ATTEMPTS = 5
"""How often a write is sent on which the engine has to decide: an append that meets messages of its
batch, each time without those it met; an amended message that may say what is stored."""


class RedisEngine(Engine):
    """The sessions and indexes under one prefix. Its connections are its own."""

    backend = "redis"

    def __init__(
        self, client: Client | ServerSettings | ClusterSettings, *, prefix: str = "chatstore"
    ) -> None:
        self.keys = Keys(prefix)
        self.deployment = Deployment(client)
        self.index = UserIndex(self.deployment, self.keys)
        self.writer = SessionWriter(self.deployment, self.keys)

    @property
    def place(self) -> str:
        return self.deployment.place

    def open(self, policy: RetentionPolicy) -> None:
        self.deployment.open()

    def insert(self, session: StoredSession, now: Moment) -> bool:
        # The member first: a process that dies in between leaves one too many, which heals. The
        # other way round it would leave a session that no listing shows.
        is_new = self.index.add(*_indexed(session)) == 1
        before = times_sent_again()
        written = self.writer.put(session, history=iter(()), overwrite=False, now=now)
        if written and not (is_new and times_sent_again() == before):
            # The member may be another `create`'s of the same instant, or the session have been
            # written twice: so `delete_user` may have removed it with the other one in between.
            self.index.add(*_indexed(session))
        return written

    def load(
        self, session_id: str, *, latest: bool = False, last: int | None = None
    ) -> Record | None:
        key = self.keys.session(session_id)
        return answers.record(self.deployment.run(scripts.READ, key, "" if last is None else last))

    def load_many(self, session_ids: Sequence[str]) -> Mapping[str, Record]:
        keys = [self.keys.session(session_id) for session_id in session_ids]
        found = self.deployment.run_all(scripts.READ, keys, "")
        records = zip(session_ids, map(answers.record, found), strict=True)
        return {session_id: record for session_id, record in records if record is not None}

    def append(
        self,
        write: Write,
        messages: Sequence[StoredMessage],
        *,
        patch: Patch,
        with_window: bool,
    ) -> Stored:
        wanted = b"window" if with_window else b""
        changes = () if patch.is_empty else fields.packed_patch(patch)
        for _ in range(_ATTEMPTS):
            packed = map(fields.packed_message, messages)
            answer = self._change(scripts.APPEND, write, wanted, len(messages), *packed, *changes)
            if answer == scripts.MET:
                answer = self.deployment.run(scripts.READ, self.keys.session(write.session_id), "")
                messages = left_to_add(write, messages, answer)
                if messages:
                    continue
            elif not isinstance(answer, bytes):
                refusals.of_append(answer, messages)
            return answers.stored(answer, with_window=with_window)
        raise CorruptSessionError(
            self.backend, write.session_id, "its messages are not those that its ids name"
        )

    def rewrite(self, write: Write, messages: Sequence[StoredMessage], *, whole: bool) -> Body:
        chosen = newest(messages, write.policy)
        # A session with history takes all of them, or none.
        sent = messages if whole or len(messages) <= MAX_HISTORY_WINDOW else chosen
        packed = list(map(fields.packed_message, sent))
        kind = b"whole" if whole else b""
        answer = self._change(scripts.REWRITE, write, kind, len(messages), len(chosen), *packed)
        if not isinstance(answer, bytes):
            refusals.of_rewrite(answer, messages)
        info, older = answers.info_and_messages(answer)
        shown = answers.history(info) or len(chosen)
        return answers.session_json(info, [*older, *packed[max(len(packed) - shown, 0) :]])

    def amend(self, write: Write, message: StoredMessage) -> Body:
        packed = fields.packed_message(message)
        other: bytes = b""
        for _ in range(_ATTEMPTS):
            answer = self._change(scripts.AMEND, write, packed, other)
            if answer == scripts.UNKNOWN:
                raise MessageNotFoundError(write.session_id, message.message_id)
            if isinstance(answer, bytes):
                return answers.stored(answer, with_window=True).body
            if answer[0] == scripts.HEAVY:
                refusals.of_amend(answer, write.policy, message)
            other, record = answer
            if other is None or is_same(message, answers.message_parts(other)[1]):
                return answers.stored(record, with_window=True).body
        raise CorruptSessionError(
            self.backend, write.session_id, "the message changes all the time"
        )

    def messages(self, query: MessageQuery) -> MessagesFound | None:
        answer = self.deployment.run(
            scripts.MESSAGES,
            self.keys.session(query.session_id),
            b"newest" if query.newest_first else b"",
            query.limit,
            "" if query.after is None else query.after,
            PAGE_BYTES,
        )
        return answers.messages_found(answer, newest_first=query.newest_first)

    def update(self, write: Write, patch: Patch) -> Body:
        answer = self._change(scripts.UPDATE, write, *fields.packed_patch(patch))
        if not isinstance(answer, bytes):
            refusals.of_patch(answer)
        return answers.stored(answer, with_window=False).body

    def delete(self, write: Write) -> bool:
        key = self.keys.session(write.session_id)
        answer = self.deployment.run(scripts.DELETE, key, *_told(write))
        if answer == scripts.CONFLICT:
            raise VersionConflictError(write.session_id, write.if_version)
        return bool(answer == 1)

    def delete_user(self, user_id: str, now: Moment) -> int:
        return maintenance.delete_user(self.deployment, self.index, user_id, now)

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
            more = limit - len(found)
            now_shown, later = place.waiting[:more], place.waiting[more:]
            place = ScanPosition(place.next, later)
            for session_id, record in self.load_many(now_shown).items():
                if is_visible(now, None, owner=None, ttl=record.ttl):
                    found.append((session_id, record))
        return found, None if place.is_end else place.token

    def restore(
        self,
        session: StoredSession,
        *,
        history: Iterator[StoredMessage],
        overwrite: bool,
        now: Moment,
    ) -> bool:
        # The member last: its createdAt may be old, and a listing removes an old member of a
        # session that is not there.
        written = self.writer.put(session, history=history, overwrite=overwrite, now=now)
        if written:
            with each_step():
                self.index.add(*_indexed(session))
        return written

    def purge(self, now: Moment) -> int:
        return maintenance.purge(self.deployment, self.index, now)

    def ping(self) -> None:
        ping(self.deployment, self.keys)

    def close(self) -> None:
        # Its own connections; the caller's client is not touched.
        self.deployment.close()

    def translate_error(self, error: Exception, session_id: str | None) -> ChatStoreError | None:
        return errors.translate(error, self.place)

    def _scanned(self, node: str, cursor: int, count: int) -> ScanPosition:
        """The position after some more keys of a node were asked for."""
        keys, following = self.deployment.scan(
            self.keys.session_pattern, "hash", node=node, cursor=cursor, count=count
        )
        ids = [each for key in keys if (each := self.keys.session_id(key)) is not None]
        return ScanPosition(following, list(dict.fromkeys(ids)))

    def _change(self, script: Script, write: Write, *arguments: Argument) -> Any:
        """Run the script of a write; its answer, or the error that it stands for."""
        key = self.keys.session(write.session_id)
        answer = self.deployment.run(script, key, *_told(write), *arguments)
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


def _told(write: Write) -> tuple[Argument, ...]:
    """What every write says of itself to its script."""
    policy = write.policy
    ttl: Argument = "keep"
    if write.renews:
        ttl = "" if write.ttl is None else write.ttl
    return (
        write.now.seconds,
        "" if write.user_id is None else write.user_id,
        "" if write.if_version is None else write.if_version,
        write.now.text,
        ttl,
        "" if policy.max_messages is None else policy.max_messages,
        "" if policy.deciding_bytes is None else policy.deciding_bytes,
    )
