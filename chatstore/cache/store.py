"""A cache in front of the store of record; docs/cache.md draws what may happen between them."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NoReturn, Unpack

from chatstore.cache.breaker import Breaker, CacheStats, name_of
from chatstore.cache.machine import Machine
from chatstore.cache.protocol import (
    MAX_STALENESS,
    SessionCache,
    require_cache,
    require_max_staleness,
)
from chatstore.cache.runner import PrimaryCall, Runner
from chatstore.cache.snapshot import SnapshotCodec, info_of
from chatstore.clock import Clock, Moment, utc_now
from chatstore.engine.write import is_visible
from chatstore.errors import ChatStoreError, ConfigurationError, InvalidInputError
from chatstore.fields import Changes, Conditions, Listing, SessionFields
from chatstore.models import Message, Page, Session, SessionInfo
from chatstore.protocol import MaintainedSessionStore, require_store
from chatstore.record import limits
from chatstore.runtime.deadline import DEFAULT_DEADLINE, require_deadline
from chatstore.runtime.forks import Origin, refuse_pickling
from chatstore.runtime.options import (
    require_clock,
    require_count,
    require_function,
    require_seconds,
)
from chatstore.store.calls import public_call, public_walk
from chatstore.values.plain import is_kind, kind_of

_LONGEST_PAUSE = 86_400.0


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
        self._closed = True
        self._origin = Origin()
        require_store("primary", primary)
        require_cache(cache)
        max_staleness = require_max_staleness(max_staleness)
        if clock is None:
            self.clock: Clock = getattr(primary, "clock", utc_now)
        else:
            self.clock = require_clock(clock)
        if deadline is None:
            deadline = getattr(primary, "deadline", DEFAULT_DEADLINE)
        self.deadline = require_deadline(deadline)
        require_function("monotonic", monotonic)
        self.primary = primary
        self.cache = cache
        self.policy = primary.policy
        self._breaker = Breaker(
            cache,
            lapse=max_staleness,
            pause=require_seconds("pause", pause, most=_LONGEST_PAUSE, may_be_zero=True),
            monotonic=monotonic,
        )
        self._machine = Machine(max_staleness, remembered=require_count("remembered", remembered))
        codec = SnapshotCodec(self.policy)
        self._runner = Runner(self._machine, self._breaker, codec, monotonic=monotonic)
        self._closed = False

    def close(self) -> None:
        self._closed = True

    def __repr__(self) -> str:
        state = "closed" if self._closed else "open"
        return f"<CachedSessionStore {name_of(self.cache)} before {self.primary!r}, {state}>"

    def __reduce__(self) -> NoReturn:
        raise refuse_pickling("cached store")

    def stats(self) -> CacheStats:
        """Hits, misses, refused puts and errors so far."""
        machine, breaker = self._machine, self._breaker
        return CacheStats(
            hits=machine.hits,
            misses=machine.misses,
            stale_puts=breaker.stale_puts,
            errors=breaker.errors,
            left_alone=breaker.left_alone,
        )

    @public_call
    def create(
        self, user_id: str, *, session_id: str | None = None, **fields: Unpack[SessionFields]
    ) -> Session:
        if session_id is not None:
            session_id = limits.require_id("session_id", session_id)
        return self._write(
            session_id, lambda: self.primary.create(user_id, session_id=session_id, **fields)
        )

    @public_call
    def get(self, session_id: str, *, user_id: str | None = None) -> Session:
        key = limits.require_id("session_id", session_id)
        owner = limits.require_owner(user_id)
        return self._read([key], owner, lambda _: [self.primary.get(key, user_id=owner)])[key]

    @public_call
    def get_or_create(
        self, session_id: str, *, user_id: str, **fields: Unpack[SessionFields]
    ) -> Session:
        key = limits.require_id("session_id", session_id)
        owner = limits.require_id("user_id", user_id)

        def call() -> Session:
            return self.primary.get_or_create(key, user_id=owner, **fields)

        if fields:
            # They have to be checked first, and that is the primary's part.
            return self._write(key, call)
        return self._read([key], owner, lambda _: [call()], writes=True)[key]

    @public_call
    def get_many(self, session_ids: Iterable[str], *, user_id: str | None = None) -> list[Session]:
        asked = limits.require_ids("session_ids", session_ids)
        owner = limits.require_owner(user_id)
        distinct = list(dict.fromkeys(asked))
        if not distinct:
            return []
        found = self._read(
            distinct, owner, lambda missing: self.primary.get_many(missing, user_id=owner)
        )
        return [found[session_id] for session_id in asked if session_id in found]

    @public_call
    def append(
        self, session_id: str, *messages: Message, **conditions: Unpack[Conditions]
    ) -> SessionInfo:
        key = limits.require_id("session_id", session_id)
        if self._breaker.is_left_alone:
            # There is nothing that would take the window.
            return self._mark(key, lambda: self.primary.append(key, *messages, **conditions))
        return info_of(
            self._write(key, lambda: self.primary.append_and_get(key, *messages, **conditions))
        )

    @public_call
    def append_and_get(
        self, session_id: str, *messages: Message, **conditions: Unpack[Conditions]
    ) -> Session:
        key = limits.require_id("session_id", session_id)
        return self._write(key, lambda: self.primary.append_and_get(key, *messages, **conditions))

    @public_call
    def rewrite(
        self,
        session_id: str,
        messages: Iterable[Message],
        *,
        if_version: int | None,
        user_id: str | None = None,
    ) -> Session:
        key = limits.require_id("session_id", session_id)
        return self._write(
            key,
            lambda: self.primary.rewrite(key, messages, if_version=if_version, user_id=user_id),
        )

    @public_call
    def update(
        self,
        session_id: str,
        *,
        user_id: str | None = None,
        if_version: int | None = None,
        **changes: Unpack[Changes],
    ) -> SessionInfo:
        key = limits.require_id("session_id", session_id)
        return self._mark(
            key,
            lambda: self.primary.update(key, user_id=user_id, if_version=if_version, **changes),
        )

    @public_call
    def delete(self, session_id: str, **conditions: Unpack[Conditions]) -> bool:
        key = limits.require_id("session_id", session_id)
        return self._remove(key, lambda: self.primary.delete(key, **conditions))

    @public_call
    def list_sessions(self, user_id: str, **listing: Unpack[Listing]) -> Page[SessionInfo]:
        page: Page[SessionInfo] = self._runner.run(
            self._machine.page(), lambda _: self.primary.list_sessions(user_id, **listing)
        )
        return page

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
        return self._runner.run(
            self._machine.erase(session_ids, are_all=are_all),
            lambda _: self.primary.delete_user(owner),
        )

    @public_walk
    def purge_expired(self) -> int:
        return self.primary.purge_expired()

    @public_call
    def scan(self, *, limit: int = 100, cursor: str | None = None) -> Page[Session]:
        page: Page[Session] = self._runner.run(
            self._machine.page(), lambda _: self.primary.scan(limit=limit, cursor=cursor)
        )
        return page

    @public_call
    def restore(self, session: Session, *, overwrite: bool = False) -> None:
        if not is_kind(session, Session):
            raise InvalidInputError("session", "a Session", kind_of(session))
        # A frozen session may have been built around its validation.
        key = limits.require_id("session.session_id", vars(session).get("session_id"))

        def call() -> bool:
            self.primary.restore(session, overwrite=overwrite)
            return True

        self._remove(key, call)

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

    def _read(
        self,
        session_ids: Sequence[str],
        user_id: str | None,
        call: PrimaryCall,
        *,
        writes: bool = False,
    ) -> dict[str, Session]:
        now = Moment.read(self.clock)
        return self._runner.run(
            self._machine.read(session_ids, writes=writes),
            call,
            may_see=lambda session: is_visible(
                now, user_id, owner=session.user_id, ttl=session.ttl
            ),
        )

    def _write(self, session_id: str | None, call: Callable[[], Session]) -> Session:
        session_ids = [] if session_id is None else [session_id]
        (session,) = self._runner.run(
            self._machine.ask(session_ids, wrote=True), lambda _: [call()]
        )
        return session

    def _mark(self, session_id: str, call: Callable[[], SessionInfo]) -> SessionInfo:
        return self._runner.run(self._machine.mark(session_id), lambda _: call())

    def _remove(self, session_id: str, call: Callable[[], bool]) -> bool:
        return self._runner.run(self._machine.remove(session_id), lambda _: call())

    def _place(self) -> str:
        return repr(self.primary)

    def _require_usable(self) -> None:
        self._origin.require_here("cached store")
        if self._closed:
            raise ConfigurationError("this cached store is closed; open another")
