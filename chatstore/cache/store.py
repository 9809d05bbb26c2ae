"""A cache in front of the store of record; docs/cache.md draws what may happen between them."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NoReturn, Unpack

from chatstore.cache.breaker import CacheStats, name_of
from chatstore.cache.client import Client
from chatstore.cache.protocol import MAX_STALENESS, SessionCache, require_cache
from chatstore.clock import Clock, Moment, utc_now
from chatstore.errors import ChatStoreError, InvalidInputError
from chatstore.fields import (
    Appending,
    Conditions,
    Listing,
    MessageListing,
    SessionChanges,
    SessionFields,
)
from chatstore.models import Message, Page, Session, SessionInfo
from chatstore.protocol import MaintainedSessionStore, require_store
from chatstore.record import limits
from chatstore.runtime.deadline import DEFAULT_DEADLINE, require_deadline
from chatstore.runtime.forks import refuse_pickling
from chatstore.runtime.options import require_clock
from chatstore.store.calls import Opened, public_call, public_walk
from chatstore.values.plain import is_kind, kind_of

_NOTHING: Mapping[str, object] = {
    "messages": (),
    "user_preferences": None,
    "metadata": None,
    "session_status": "active",
}
"""The fields of a new session of which nothing is given."""


class CachedSessionStore(MaintainedSessionStore):
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

    A primary that is not made by chatstore may offer `clock`, `deadline` and `stored_ids(user_id)`,
    the ids of all that is stored of a user, expired or not. Without them these are `utc_now`, 10
    seconds, and what `iter_sessions` lists.
    """

    def __init__(
        self,
        primary: MaintainedSessionStore,
        cache: SessionCache,
        *,
        max_staleness: float = MAX_STALENESS,
        clock: Clock | None = None,
        deadline: float | None = None,
        pause: float = 5.0,
        remembered: int = 100_000,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.opened = Opened("cached store")
        require_store("primary", primary)
        require_cache(cache)
        self.primary = primary
        self.cache = cache
        self.policy = primary.policy
        # Another author's store may have neither.
        self.clock: Clock = getattr(primary, "clock", utc_now)
        if clock is not None:
            self.clock = require_clock(clock)
        if deadline is None:
            deadline = getattr(primary, "deadline", DEFAULT_DEADLINE)
        self.deadline = require_deadline(deadline)
        self._client = Client(
            cache,
            primary.policy,
            max_staleness=max_staleness,
            remembered=remembered,
            pause=pause,
            monotonic=monotonic,
        )
        self.opened.is_closed = False

    def close(self) -> None:
        self.opened.is_closed = True

    @property
    def place(self) -> str:
        """Where the sessions are, for texts that people read."""
        return repr(self.primary)

    def __repr__(self) -> str:
        place = f"{name_of(self.cache)} before {self.primary!r}"
        return f"<CachedSessionStore {place}, {self.opened}>"

    def __reduce__(self) -> NoReturn:
        raise refuse_pickling(self.opened.what)

    def stats(self) -> CacheStats:
        """Hits, misses, refused puts and errors so far."""
        return self._client.stats()

    @public_call
    def create(
        self, user_id: str, *, session_id: str | None = None, **fields: Unpack[SessionFields]
    ) -> Session:
        if session_id is not None:
            session_id = limits.require_id("session_id", session_id)
        return self._client.create(
            session_id, lambda: self.primary.create(user_id, session_id=session_id, **fields)
        )

    @public_call
    def get(
        self, session_id: str, *, user_id: str | None = None, last: int | None = None
    ) -> Session:
        key = limits.require_id("session_id", session_id)
        owner = limits.require_owner(user_id)
        most = None if last is None else limits.require_counter("last", last)
        reader = Moment.read(self.clock), owner, most

        def call(_: object) -> list[Session]:
            if most is None:
                return [self.primary.get(key, user_id=owner)]
            return [self.primary.get(key, user_id=owner, last=most)]

        return self._client.read([key], call, reader=reader)[key]

    @public_call
    def get_or_create(
        self, session_id: str, *, user_id: str, **fields: Unpack[SessionFields]
    ) -> Session:
        key = limits.require_id("session_id", session_id)
        owner = limits.require_id("user_id", user_id)

        def call() -> Session:
            return self.primary.get_or_create(key, user_id=owner, **fields)

        if any(value is not _NOTHING.get(name, fields) for name, value in fields.items()):
            # What is given has to be checked first, and that is the primary's part.
            return self._client.create(key, call)
        reader = Moment.read(self.clock), owner, None
        return self._client.read([key], lambda _: [call()], reader=reader, writes=True)[key]

    @public_call
    def get_many(self, session_ids: Iterable[str], *, user_id: str | None = None) -> list[Session]:
        asked = limits.require_ids("session_ids", session_ids)
        owner = limits.require_owner(user_id)
        distinct = list(dict.fromkeys(asked))
        if not distinct:
            return []
        call, reader = self.primary.get_many, (Moment.read(self.clock), owner, None)
        found = self._client.read(distinct, lambda ids: call(ids, user_id=owner), reader=reader)
        return [found[session_id] for session_id in asked if session_id in found]

    @public_call
    def append(
        self, session_id: str, *messages: Message, **options: Unpack[Appending]
    ) -> SessionInfo:
        key = limits.require_id("session_id", session_id)
        return self._client.append(self.primary, key, *messages, **options)

    @public_call
    def append_and_get(
        self, session_id: str, *messages: Message, **options: Unpack[Appending]
    ) -> Session:
        key = limits.require_id("session_id", session_id)
        return self._client.write(self.primary.append_and_get, key, *messages, **options)

    @public_call
    def rewrite(
        self,
        session_id: str,
        messages: Iterable[Message],
        *,
        if_version: int | None,
        user_id: str | None = None,
        whole: bool = False,
    ) -> Session:
        key = limits.require_id("session_id", session_id)
        return self._client.write(
            self.primary.rewrite,
            key,
            messages,
            if_version=if_version,
            user_id=user_id,
            whole=whole,
        )

    @public_call
    def amend(self, session_id: str, message: Message, **conditions: Unpack[Conditions]) -> Session:
        key = limits.require_id("session_id", session_id)
        return self._client.write(self.primary.amend, key, message, **conditions)

    @public_call
    def list_messages(
        self, session_id: str, *, user_id: str | None = None, **listing: Unpack[MessageListing]
    ) -> Page[Message]:
        key = limits.require_id("session_id", session_id)
        call = self.primary.list_messages
        return self._client.messages(key, lambda: call(key, user_id=user_id, **listing))

    @public_call
    def update(
        self,
        session_id: str,
        *,
        user_id: str | None = None,
        if_version: int | None = None,
        **changes: Unpack[SessionChanges],
    ) -> SessionInfo:
        key = limits.require_id("session_id", session_id)
        call = self.primary.update
        return self._client.mark(call, key, user_id=user_id, if_version=if_version, **changes)

    @public_call
    def delete(self, session_id: str, **conditions: Unpack[Conditions]) -> bool:
        key = limits.require_id("session_id", session_id)
        return self._client.remove(key, lambda: self.primary.delete(key, **conditions))

    @public_call
    def list_sessions(self, user_id: str, **listing: Unpack[Listing]) -> Page[SessionInfo]:
        return self._client.page(lambda: self.primary.list_sessions(user_id, **listing))

    @public_call
    def ping(self) -> None:
        self.primary.ping()

    @public_walk
    def delete_user(self, user_id: str) -> int:
        owner = limits.require_id("user_id", user_id)
        session_ids: list[str] = []
        are_all = False
        try:
            session_ids.extend(self.stored_ids(owner))
            are_all = True
        except ChatStoreError:
            pass
        call = self.primary.delete_user
        return self._client.erase(session_ids, lambda: call(owner), are_all=are_all)

    @public_walk
    def purge_expired(self) -> int:
        return self.primary.purge_expired()

    @public_call
    def scan(self, *, limit: int = 100, cursor: str | None = None) -> Page[Session]:
        return self._client.page(lambda: self.primary.scan(limit=limit, cursor=cursor))

    @public_walk
    def restore(
        self, session: Session, *, history: Iterable[Message] = (), overwrite: bool = False
    ) -> None:
        if not is_kind(session, Session):
            raise InvalidInputError("session", "a Session", kind_of(session))
        # A frozen session may have been built around its validation.
        key = limits.require_id("session.session_id", vars(session).get("session_id"))

        def call() -> bool:
            self.primary.restore(session, history=history, overwrite=overwrite)
            return True

        self._client.remove(key, call)

    def stored_ids(self, user_id: str) -> Iterator[str]:
        """The ids of all that is stored of a user, as far as the primary can tell."""
        stored_ids: Callable[[str], Iterator[str]] | None = getattr(
            self.primary, "stored_ids", None
        )
        if stored_ids is not None:
            return stored_ids(user_id)
        # What has expired by the primary's clock, and so may live by another, is left out.
        found = self.primary.iter_sessions(user_id, page_size=limits.MAX_PAGE)
        return (info.session_id for info in found)
