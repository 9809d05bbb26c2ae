"""The callers' half of every store; `SessionStore` says what each method does.

What all backends must do alike happens here, once: arguments are checked, ids minted, the clock
read, the policy applied and results built.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from chatstore.clock import Moment, utc_text
from chatstore.engine.cursor import encode_cursor, require_position
from chatstore.engine.query import PageQuery
from chatstore.engine.write import Write, ttl_from
from chatstore.errors import (
    InvalidInputError,
    SessionExistsError,
    SessionNotFoundError,
    VersionConflictError,
)
from chatstore.models import Message, Page, Session, SessionInfo, new_id
from chatstore.protocol import MaintainedSessionStore
from chatstore.record import limits
from chatstore.record.encode import stored_message
from chatstore.record.equality import canonical
from chatstore.record.messages import checked_batch
from chatstore.record.stored import Body, StoredMessage, StoredSession
from chatstore.store import arguments
from chatstore.store.calls import public_call
from chatstore.store.maintenance import MaintenanceCalls
from chatstore.values.plain import require_flag

_REWRITE_ATTEMPTS = 100
_ONE_BY_ONE = "pass messages one by one: append(session_id, *messages)"


class BaseSessionStore(MaintenanceCalls, MaintainedSessionStore):
    """A store over `BackendHooks`: what a backend's class derives from."""

    @public_call
    def create(
        self,
        user_id: str,
        *,
        session_id: str | None = None,
        messages: Iterable[Message] = (),
        user_preferences: Mapping[str, object] | None = None,
        metadata: Mapping[str, object] | None = None,
        session_status: str = "active",
    ) -> Session:
        now = self._now()
        chosen_id = new_id() if session_id is None else session_id
        return self._create(
            self._new_session(
                now, user_id, chosen_id, messages, user_preferences, metadata, session_status
            ),
            now,
        )

    @public_call
    def get(self, session_id: str, *, user_id: str | None = None) -> Session:
        key = limits.require_id("session_id", session_id)
        session = self._find(key, self._now(), limits.require_owner(user_id))
        if session is None:
            raise SessionNotFoundError(key)
        return self._shown(session)

    @public_call
    def get_or_create(
        self,
        session_id: str,
        *,
        user_id: str,
        messages: Iterable[Message] = (),
        user_preferences: Mapping[str, object] | None = None,
        metadata: Mapping[str, object] | None = None,
        session_status: str = "active",
    ) -> Session:
        now = self._now()
        record = self._new_session(
            now, user_id, session_id, messages, user_preferences, metadata, session_status
        )
        found = self._find(record.session_id, now, None, latest=True)
        if found is None:
            try:
                return self._create(record, now)
            except SessionExistsError:
                # Somebody created it in between.
                found = self._find(record.session_id, now, None, latest=True)
        if found is None or found.user_id != record.info["userId"]:
            raise SessionExistsError(record.session_id)
        return self._shown(found)

    @public_call
    def get_many(self, session_ids: Iterable[str], *, user_id: str | None = None) -> list[Session]:
        now = self._now()
        asked = limits.require_ids("session_ids", session_ids)
        owner = limits.require_owner(user_id)
        distinct = list(dict.fromkeys(asked))
        records = self._call(self._load_many, None, distinct) if distinct else {}
        found: dict[str, Session] = {}
        for session_id, record in records.items():
            session = self._visible(record, session_id, now, owner)
            if session is not None:
                found[session_id] = self._shown(session)
        return [found[session_id] for session_id in asked if session_id in found]

    @public_call
    def append(
        self,
        session_id: str,
        *messages: Message,
        user_id: str | None = None,
        if_version: int | None = None,
    ) -> SessionInfo:
        write = self._write(session_id, user_id, if_version)
        body = self._append_batch(write, messages, with_window=False)
        return self._decode(SessionInfo, body, write.session_id)

    @public_call
    def append_and_get(
        self,
        session_id: str,
        *messages: Message,
        user_id: str | None = None,
        if_version: int | None = None,
    ) -> Session:
        write = self._write(session_id, user_id, if_version)
        body = self._append_batch(write, messages, with_window=True)
        return self._shown(self._decode(Session, body, write.session_id))

    @public_call
    def rewrite(
        self,
        session_id: str,
        messages: Iterable[Message],
        *,
        if_version: int | None,
        user_id: str | None = None,
    ) -> Session:
        write = self._write(session_id, user_id, if_version)
        given = checked_batch(messages, self.policy, most=limits.MAX_MESSAGES)
        if write.if_version is not None:
            return self._rewrite_at(write, given)
        for _ in range(_REWRITE_ATTEMPTS):
            current = self._find(write.session_id, write.now, write.user_id, latest=True)
            if current is None:
                raise SessionNotFoundError(write.session_id)
            try:
                return self._rewrite_at(replace(write, if_version=current.version), given)
            except VersionConflictError:
                # Each conflict means that somebody else's write succeeded.
                continue
        raise VersionConflictError(write.session_id, None)

    @public_call
    def update(
        self,
        session_id: str,
        *,
        user_preferences: Mapping[str, object] | None = None,
        metadata: Mapping[str, object] | None = None,
        session_status: str | None = None,
        user_id: str | None = None,
        if_version: int | None = None,
    ) -> SessionInfo:
        write = self._write(session_id, user_id, if_version)
        patch = arguments.patch(user_preferences, metadata, session_status)
        if patch.is_empty:
            write = replace(write, renews=True)
        body = self._call(self._update, write.session_id, write, patch)
        return self._decode(SessionInfo, body, write.session_id)

    @public_call
    def delete(
        self, session_id: str, *, user_id: str | None = None, if_version: int | None = None
    ) -> bool:
        write = self._write(session_id, user_id, if_version)
        return self._call(self._delete, write.session_id, write)

    @public_call
    def list_sessions(
        self,
        user_id: str,
        *,
        newest_first: bool = True,
        limit: int = 20,
        cursor: str | None = None,
        created_from: datetime | None = None,
        created_before: datetime | None = None,
        session_status: str | None = None,
    ) -> Page[SessionInfo]:
        now = self._now()
        most = limits.require_limit(limit)
        query = PageQuery(
            user_id=limits.require_id("user_id", user_id),
            now=now,
            newest_first=require_flag("newest_first", newest_first),
            # One more than asked tells whether anything follows.
            limit=most + 1,
            after=None if cursor is None else require_position(cursor),
            created_from=_bound("created_from", created_from),
            created_before=_bound("created_before", created_before),
            session_status=(
                None
                if session_status is None
                else limits.require_label("session_status", session_status)
            ),
        )
        found = self._call(self._page, None, query)
        items = [
            self._decode(SessionInfo, body, position.session_id) for position, body in found[:most]
        ]
        more = len(found) > most
        return Page(items, encode_cursor(found[most - 1][0]) if more else None)

    def _new_session(
        self,
        now: Moment,
        user_id: str,
        session_id: str,
        messages: Iterable[Message],
        user_preferences: Mapping[str, object] | None,
        metadata: Mapping[str, object] | None,
        session_status: str,
    ) -> StoredSession:
        given = checked_batch(messages, self.policy, most=limits.MAX_MESSAGES)
        ttl = ttl_from(now, self.policy)
        return StoredSession(
            {
                "sessionId": limits.require_id("session_id", session_id),
                "userId": limits.require_id("user_id", user_id),
                "createdAt": now.text,
                "updatedAt": now.text,
                **({} if ttl is None else {"ttl": ttl}),
                "userPreferences": arguments.map_of_new_session(
                    "user_preferences", user_preferences
                ),
                "metadata": arguments.map_of_new_session("metadata", metadata),
                "messageCount": len(given),
                "sessionStatus": limits.require_label("session_status", session_status),
                "version": 1,
                "creationId": new_id(),
            },
            self._newest(given),
        )

    def _create(self, record: StoredSession, now: Moment) -> Session:
        if self._call(self._insert, record.session_id, record, now):
            return self._decode(Session, record.document, record.session_id)
        # A driver that sent the call again after a lost answer meets its own result.
        found = self._find(record.session_id, now, None, latest=True)
        if found is None or found.creation_id != record.info["creationId"]:
            raise SessionExistsError(record.session_id)
        return self._shown(found)

    def _write(self, session_id: str, user_id: str | None, if_version: int | None) -> Write:
        return Write(
            limits.require_id("session_id", session_id),
            limits.require_owner(user_id),
            limits.require_version(if_version),
            self._now(),
            self.policy,
            self.policy.renew_on_write,
        )

    def _append_batch(
        self, write: Write, messages: tuple[Message, ...], *, with_window: bool
    ) -> Body:
        if not messages:
            raise InvalidInputError("messages", "1 to 100 messages", "none")
        given = checked_batch(messages, self.policy, most=limits.MAX_BATCH, advice=_ONE_BY_ONE)
        return self._call(self._append, write.session_id, write, given, with_window=with_window)

    def _newest(self, given: list[StoredMessage]) -> list[StoredMessage]:
        kept = self.policy.window([message.weight for message in given])
        return given[len(given) - kept :]

    def _rewrite_at(self, write: Write, given: list[StoredMessage]) -> Session:
        kept = self._newest(given)
        try:
            body = self._call(self._rewrite, write.session_id, write, kept, len(given))
        except VersionConflictError:
            # A call that is sent again after a lost answer meets its own result.
            found = self._find(write.session_id, write.now, write.user_id, latest=True)
            if found is None or write.if_version is None or found.version != write.if_version + 1:
                raise
            stored = (stored_message(message).document for message in found.messages)
            if canonical(stored) != canonical(message.document for message in kept):
                raise
            return self._shown(found)
        return self._shown(self._decode(Session, body, write.session_id))


def _bound(field: str, moment: datetime | None) -> str | None:
    return None if moment is None else utc_text(moment, field)
