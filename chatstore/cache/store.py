"""A cache in front of the store of record; docs/cache.md draws what may happen between them."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from chatstore.cache.breaker import CacheStats
from chatstore.cache.calls import CachedCalls
from chatstore.errors import ChatStoreError, InvalidInputError
from chatstore.models import Message, Page, Session, SessionInfo
from chatstore.protocol import MaintainedSessionStore
from chatstore.record import limits
from chatstore.record.decode import read_session
from chatstore.record.encode import raw_document
from chatstore.store.calls import public_call, public_walk
from chatstore.values.plain import is_kind, kind_of


class CachedSessionStore(CachedCalls, MaintainedSessionStore):
    """`primary`, the store of record, with a cache of whole sessions in front of it.

    Reads are answered by the cache where they can be; every write goes to the primary first. This
    store reads its own writes, and what it returned it never takes back, whatever becomes of the
    cache. Another process may see an older state for at most `max_staleness` seconds, and only
    after a message to the cache was lost. All stores that share a cache must share the primary and
    `max_staleness`.

    `clock` decides what has expired; it is the primary's unless given. After repeated failures the
    cache is left alone for `pause` seconds at a time. `remembered` is for how many sessions of the
    last two times `max_staleness` the store keeps in mind what it returned; beyond them it asks the
    primary. `deadline` is how many seconds a call may take, cache and primary together; it is the
    primary's unless given. The caller owns `primary` and `cache`: they are not closed.
    """

    def stats(self) -> CacheStats:
        """Hits, misses, refused puts and errors so far."""
        return self._cache.stats

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
        if session_id is not None:
            session_id = limits.require_id("session_id", session_id)
        return self._kept(
            session_id,
            lambda: self.primary.create(
                user_id,
                session_id=session_id,
                messages=messages,
                user_preferences=user_preferences,
                metadata=metadata,
                session_status=session_status,
            ),
        )

    @public_call
    def get(self, session_id: str, *, user_id: str | None = None) -> Session:
        now = self._now()
        session_id = limits.require_id("session_id", session_id)
        user_id = limits.require_owner(user_id)
        found = self._hits([session_id], now, user_id)
        if session_id in found:
            return found[session_id]
        return self._kept(
            session_id, lambda: self.primary.get(session_id, user_id=user_id), wrote=False
        )

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
        session_id = limits.require_id("session_id", session_id)
        user_id = limits.require_id("user_id", user_id)
        # Fields that are given have to be checked first, and that is the primary's part.
        is_bare = type(messages) is tuple and not messages
        is_read = is_bare and user_preferences is metadata is None
        if is_read and type(session_status) is str and session_status == "active":
            found = self._hits([session_id], now, user_id)
            if session_id in found:
                return found[session_id]
        return self._kept(
            session_id,
            lambda: self.primary.get_or_create(
                session_id,
                user_id=user_id,
                messages=messages,
                user_preferences=user_preferences,
                metadata=metadata,
                session_status=session_status,
            ),
        )

    @public_call
    def get_many(self, session_ids: Iterable[str], *, user_id: str | None = None) -> list[Session]:
        now = self._now()
        asked = limits.require_ids("session_ids", session_ids)
        user_id = limits.require_owner(user_id)
        distinct = list(dict.fromkeys(asked))
        if not distinct:
            return []
        found = self._hits(distinct, now, user_id)
        missing = [session_id for session_id in distinct if session_id not in found]
        if missing:
            found |= self._read_many(missing, user_id)
        return [found[session_id] for session_id in asked if session_id in found]

    @public_call
    def append(
        self,
        session_id: str,
        *messages: Message,
        user_id: str | None = None,
        if_version: int | None = None,
    ) -> SessionInfo:
        session_id = limits.require_id("session_id", session_id)
        if self._cache.is_left_alone:
            # There is nothing that would take the window.
            return self._marked(
                session_id,
                lambda: self.primary.append(
                    session_id, *messages, user_id=user_id, if_version=if_version
                ),
            )
        session = self.append_and_get(session_id, *messages, user_id=user_id, if_version=if_version)
        return read_session(SessionInfo, raw_document(session, without=frozenset({"messages"})))

    @public_call
    def append_and_get(
        self,
        session_id: str,
        *messages: Message,
        user_id: str | None = None,
        if_version: int | None = None,
    ) -> Session:
        session_id = limits.require_id("session_id", session_id)
        return self._kept(
            session_id,
            lambda: self.primary.append_and_get(
                session_id, *messages, user_id=user_id, if_version=if_version
            ),
        )

    @public_call
    def rewrite(
        self,
        session_id: str,
        messages: Iterable[Message],
        *,
        if_version: int | None,
        user_id: str | None = None,
    ) -> Session:
        session_id = limits.require_id("session_id", session_id)
        return self._kept(
            session_id,
            lambda: self.primary.rewrite(
                session_id, messages, if_version=if_version, user_id=user_id
            ),
        )

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
        session_id = limits.require_id("session_id", session_id)
        return self._marked(
            session_id,
            lambda: self.primary.update(
                session_id,
                user_preferences=user_preferences,
                metadata=metadata,
                session_status=session_status,
                user_id=user_id,
                if_version=if_version,
            ),
        )

    @public_call
    def delete(
        self, session_id: str, *, user_id: str | None = None, if_version: int | None = None
    ) -> bool:
        session_id = limits.require_id("session_id", session_id)
        return self._removed(
            session_id,
            lambda: self.primary.delete(session_id, user_id=user_id, if_version=if_version),
        )

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
        page = self.primary.list_sessions(
            user_id,
            newest_first=newest_first,
            limit=limit,
            cursor=cursor,
            created_from=created_from,
            created_before=created_before,
            session_status=session_status,
        )
        self._listed(page.items)
        return page

    @public_call
    def ping(self) -> None:
        self.primary.ping()

    @public_walk
    def delete_user(self, user_id: str) -> int:
        user_id = limits.require_id("user_id", user_id)
        session_ids: list[str] = []
        try:
            session_ids.extend(self._ids_of_user(user_id))
        except ChatStoreError:
            # Erasing goes before: what could not be listed is not read from the cache here.
            self._last.doubt_all()
        try:
            erased = self.primary.delete_user(user_id)
        finally:
            self._bury(session_ids)
        if erased > len(session_ids):
            self._last.doubt_all()
        return erased

    @public_walk
    def purge_expired(self) -> int:
        return self.primary.purge_expired()

    @public_call
    def scan(self, *, limit: int = 100, cursor: str | None = None) -> Page[Session]:
        page = self.primary.scan(limit=limit, cursor=cursor)
        self._listed(page.items)
        return page

    @public_call
    def restore(self, session: Session, *, overwrite: bool = False) -> None:
        if not is_kind(session, Session):
            raise InvalidInputError("session", "a Session", kind_of(session))
        # A frozen session may have been built around its validation.
        given = vars(session).get("session_id")
        session_id = limits.require_id("session.session_id", given)

        def call() -> bool:
            self.primary.restore(session, overwrite=overwrite)
            return True

        self._removed(session_id, call)
