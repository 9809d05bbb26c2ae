"""How the calls of a cached store go: what is asked of the cache, what of the primary, and what the
cache and this client's own memory are told afterwards."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NoReturn, TypeVar, cast

from chatstore.cache.breaker import GuardedCache
from chatstore.cache.own_reads import LastReturned, Version
from chatstore.cache.protocol import (
    MAX_STALENESS,
    Marker,
    SessionCache,
    Snapshot,
    life_of,
    require_cache,
    require_max_staleness,
)
from chatstore.cache.snapshot import shown, snapshot_of
from chatstore.clock import Clock, Moment, utc_now
from chatstore.engine.write import is_visible
from chatstore.errors import (
    ConfigurationError,
    InvalidInputError,
    SessionExistsError,
    VersionConflictError,
)
from chatstore.models import Session, SessionInfo
from chatstore.protocol import MaintainedSessionStore, require_store
from chatstore.runtime.deadline import DEFAULT_DEADLINE, require_deadline
from chatstore.runtime.forks import Origin, refuse_pickling
from chatstore.runtime.options import (
    require_clock,
    require_count,
    require_function,
    require_policy,
    require_seconds,
)
from chatstore.values.plain import attribute_of

_LARGEST_PAGE = 1_000
_LONGEST_PAUSE = 86_400.0

Answer = TypeVar("Answer")


class CachedCalls:
    """The private half of `CachedSessionStore`, which says what the arguments are."""

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
            clock = cast("Clock", getattr(primary, "clock", utc_now))
        else:
            require_clock(clock)
        if deadline is None:
            deadline = attribute_of(primary, "deadline")
        self.deadline = DEFAULT_DEADLINE if deadline is None else require_deadline(deadline)
        require_function("monotonic", monotonic)
        self.primary = primary
        self.policy = require_policy(attribute_of(primary, "policy"), "primary.policy")
        self.clock = clock
        self._monotonic = monotonic
        self._cache = GuardedCache(
            cache,
            lapse=max_staleness,
            pause=require_seconds("pause", pause, most=_LONGEST_PAUSE, may_be_zero=True),
            monotonic=monotonic,
        )
        self._latest = max_staleness / 2
        # A snapshot may be read as long as it lives, and its answer is on its way after that.
        self._last = LastReturned(
            kept=2 * max_staleness,
            most=require_count("remembered", remembered),
            monotonic=monotonic,
        )
        self._closed = False

    def close(self) -> None:
        self._closed = True

    def __repr__(self) -> str:
        state = "closed" if self._closed else "open"
        return f"<CachedSessionStore {self._cache.name} before {self.primary!r}, {state}>"

    def __reduce__(self) -> NoReturn:
        raise refuse_pickling("cached store")

    @property
    def place(self) -> str:
        """Where the sessions are, for texts that people read."""
        return repr(self.primary)

    def _now(self) -> Moment:
        return Moment.read(self.clock)

    def require_usable(self) -> None:
        """Raise `ConfigurationError` if the store is closed, or a parent process's."""
        self._origin.require_here("cached store")
        if self._closed:
            raise ConfigurationError("this cached store is closed; open another")

    def _hits(
        self, session_ids: Sequence[str], now: Moment, user_id: str | None
    ) -> dict[str, Session]:
        """The sessions that the cache answers, cut to this reader's window."""
        began, asked_at = self._last.begin(), self._monotonic()
        hits: dict[str, Session] = {}
        found = self._cache.get(session_ids)
        if self._monotonic() - asked_at > self._latest:
            # What could contradict so late an answer may have been forgotten meanwhile.
            found = {}
        for session_id, snapshot in found.items():
            session = self._readable(session_id, snapshot)
            if (
                session is not None
                and session.session_id == session_id
                # Somebody else's, or expired: the primary says what that means.
                and is_visible(now, user_id, owner=session.user_id, ttl=session.ttl)
                and self._last.admits(session_id, _version(session), began)
            ):
                hits[session_id] = session
        self._cache.count(hits=len(hits), misses=len(session_ids) - len(hits))
        return hits

    def _readable(self, session_id: str, snapshot: Snapshot) -> Session | None:
        try:
            return shown(snapshot, self.policy)
        except ValueError:
            # It has to go: a put of the same version might not replace it.
            self._last.owe(session_id)
            return None

    def _kept(
        self, session_id: str | None, call: Callable[[], Session], *, wrote: bool = True
    ) -> Session:
        """Have the primary answer with a session, and put that in the cache."""
        began, asked_at = self._last.begin(), self._monotonic()
        session = self._doubting(session_id, call)
        self._put([session], began, asked_at, wrote=wrote)
        return session

    def _marked(self, session_id: str, call: Callable[[], SessionInfo]) -> SessionInfo:
        """Have the primary write and answer without a window, and leave a marker."""
        began = self._last.begin()
        info = self._doubting(session_id, call)
        version = _version(info)
        self._last.answered(session_id, version, began)
        if self._last.owes(session_id):
            self._bury([session_id])
        else:
            self._cache.mark(session_id, Marker(version.life, version.number))
        return info

    def _read_many(self, session_ids: Sequence[str], user_id: str | None) -> dict[str, Session]:
        """Have the primary answer for several, and put what it found in the cache."""
        began, asked_at = self._last.begin(), self._monotonic()
        found = self.primary.get_many(session_ids, user_id=user_id)
        self._put(found, began, asked_at, wrote=False)
        by_id = {session.session_id: session for session in found}
        for session_id in session_ids:
            if session_id not in by_id:
                self._last.doubt(session_id)
        return by_id

    def _removed(self, session_id: str, call: Callable[[], bool]) -> bool:
        """Have the primary remove or replace a session, and leave a tombstone."""
        try:
            removed = call()
        except InvalidInputError:
            raise
        except (SessionExistsError, VersionConflictError):
            self._last.doubt(session_id)
            raise
        except BaseException:
            # Nobody knows whether it happened.
            self._bury([session_id])
            raise
        if removed:
            self._bury([session_id])
        else:
            self._last.doubt(session_id)
        return removed

    def _listed(self, sessions: Iterable[SessionInfo]) -> None:
        """Take note of what a listing returns."""
        for session in sessions:
            self._last.listed(session.session_id, _version(session))

    def _ids_of_user(self, user_id: str) -> Iterator[str]:
        stored_ids = getattr(self.primary, "stored_ids", None)
        if stored_ids is not None:
            yield from stored_ids(user_id)
            return
        # Of another store's, what has expired by its clock, and so may live by another, is left
        # out.
        for info in self.primary.iter_sessions(user_id, page_size=_LARGEST_PAGE):
            yield info.session_id

    def _doubting(self, session_id: str | None, call: Callable[[], Answer]) -> Answer:
        """The answer to a call; after one that failed, the cache does not count until the primary
        was read: the call may have been carried out, or have met what the cache does not show."""
        try:
            return call()
        except InvalidInputError:
            raise
        except BaseException:
            if session_id is not None:
                self._last.doubt(session_id)
            raise

    def _put(
        self, sessions: Iterable[Session], began: int, asked_at: float, *, wrote: bool
    ) -> None:
        """Put the primary's answers in the cache. It must hear of every write; a read that another
        call overtook has nothing to say."""
        due: list[str] = []
        snapshots: dict[str, Snapshot] = {}
        for session in sessions:
            session_id = session.session_id
            is_last_word = self._last.answered(session_id, _version(session), began)
            if not (wrote or is_last_word):
                continue
            if self._last.owes(session_id):
                due.append(session_id)
                continue
            if self._cache.is_left_alone:
                # Writing a snapshot costs more than anything else here.
                continue
            try:
                snapshots[session_id] = snapshot_of(session, self.policy)
            except (TypeError, ValueError):
                # Another service stored what JSON can't hold: this session is not cached.
                continue
        if snapshots:
            self._cache.put(snapshots, asked_at=asked_at, wrote=wrote)
        self._bury(due)

    def _bury(self, session_ids: Sequence[str]) -> None:
        """Leave tombstones; until the cache took them, they are owed."""
        if not session_ids:
            return
        tickets = {session_id: self._last.owe(session_id) for session_id in session_ids}
        if self._cache.bury(session_ids):
            for session_id, ticket in tickets.items():
                self._last.settle(session_id, ticket)


def _version(session: SessionInfo) -> Version:
    return Version(life_of(session), session.version)
