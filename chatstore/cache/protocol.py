"""What a cache of sessions holds, and what happens where entries meet.

The rules stand here once, as pure functions; a cache says the same in its own language. Within one
life of an id versions order its states, and lives are only ever told apart. Times are all of one
clock, the cache's: it says when a question was asked, when its answer comes, and when that lapses.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from chatstore.models import Message, Page, SessionInfo
from chatstore.runtime.forks import Origin
from chatstore.runtime.options import require_methods, require_seconds
from chatstore.values.plain import attribute_of, passes_for

FORMAT = 2
"""The form of a snapshot's body. An entry of another form is no answer, and meets others as
another life would."""

MAX_STALENESS = 60.0
"""How many seconds a snapshot, a marker or a tombstone lives, unless a store says otherwise."""

_LONGEST = 86_400.0
_BY_ID = "id "


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A session as one version left it: an answer."""

    life: str
    version: int
    body: bytes
    """What `chatstore.cache.snapshot` wrote and reads; a cache keeps it as it is."""


@dataclass(frozen=True, slots=True)
class Marker:
    """A version that was written without its window being known: a miss that keeps older ones
    out."""

    life: str
    version: int


@dataclass(frozen=True, slots=True)
class Tombstone:
    """A miss that keeps out whatever was asked for before it came."""

    since: float
    """When it came, by the cache's clock."""


Entry = Snapshot | Marker | Tombstone


def require_max_staleness(seconds: object) -> float:
    """Return `seconds` as a float; raise `InvalidInputError` unless it is a number more than 0 and
    at most a day."""
    return require_seconds("max_staleness", seconds, most=_LONGEST)


def life_of(session: SessionInfo) -> str:
    """What tells one life of an id from the next: the token of the `create` that began it; where
    another service wrote the record without one, the time of its creation."""
    if session.creation_id is not None:
        return _BY_ID + session.creation_id
    return f"at {session.created_at.isoformat()}"


@dataclass(frozen=True, slots=True)
class Version:
    """A version of one life of an id."""

    life: str
    number: int

    @classmethod
    def of(cls, session: SessionInfo) -> "Version":
        """The version that a session is."""
        return cls(life_of(session), session.version)

    @classmethod
    def of_page(cls, page: Page[Message]) -> "Version | None":
        """The version that a page of messages is of; None if it does not tell."""
        if page.version is None or page.creation_id is None:
            return None
        return cls(_BY_ID + page.creation_id, page.version)


def arrived(
    snapshot: Snapshot, *, asked: float, now: float, lapse: float, wrote: bool
) -> Snapshot | Marker | None:
    """What is left of a snapshot that arrives `now` as the answer to a question of `asked`, both by
    the cache's clock.

    One that comes after half of its life is no answer any more; if its sender `wrote` that version,
    it still is a marker. So what keeps older versions out is there when the last of them arrives:
    a version that was read before a write was committed comes within half a life of the commit, and
    the entry that the write left lives longer than that.
    """
    if asked <= now < asked + lapse / 2:
        return snapshot
    return Marker(snapshot.life, snapshot.version) if wrote else None


def met(
    stored: Entry | None,
    arriving: Snapshot | Marker,
    *,
    now: float,
    asked: float = -math.inf,
    wrote: bool = True,
) -> Entry:
    """What lies in the cache after `arriving` came to `stored`.

    If that is `stored` itself, it keeps the lapse that it has; anything else begins a new one. A
    snapshot may take the place of an entry of its own version, and a marker may not: the marker
    says less.
    """
    match stored:
        case None:
            return arriving
        case Tombstone(since):
            if isinstance(arriving, Snapshot) and asked > since:
                return arriving
            # Of a version that was written and is not shown, older ones may be on their way, asked
            # for since the tombstone came.
            return Tombstone(now) if wrote else stored
        case Snapshot() | Marker():
            if stored.life != arriving.life:
                # Which of the two lives is over? A miss is right either way.
                return Tombstone(now)
            if arriving.version < stored.version:
                return stored
            if arriving.version == stored.version and isinstance(arriving, Marker):
                return stored
            return arriving


def put_to(
    stored: Entry | None,
    snapshot: Snapshot,
    *,
    asked: float,
    now: float,
    lapse: float,
    wrote: bool,
) -> tuple[Entry, float] | None:
    """What takes the place of `stored` when a snapshot comes (`arrived`, and then `met`), and when
    that lapses; None: `stored` stays as it is."""
    left = arrived(snapshot, asked=asked, now=now, lapse=lapse, wrote=wrote)
    if left is None:
        return None
    entry = met(stored, left, now=now, asked=asked, wrote=wrote)
    if entry is left is snapshot:
        return entry, asked + lapse
    return None if entry is stored else (entry, now + lapse)


class SessionCache(Protocol):
    """A cache in front of a store of record, shared by all clients of that store.

    It may forget anything at any time. Each method is one round trip, and atomic for each session.
    Lapses are in seconds, and what has lapsed is as good as forgotten. Any of them may raise: the
    caller goes on without the cache. A message may arrive long after its call has failed.
    """

    def get(self, session_ids: Sequence[str]) -> Mapping[str, Snapshot]:
        """The snapshots of distinct ids, by id. Markers, tombstones and what can't be read are left
        out: they are misses."""
        ...

    def put(
        self, snapshots: Mapping[str, Snapshot], *, asked_at: float, lapse: float, wrote: bool
    ) -> int:
        """Let what is left of each snapshot (`arrived`) meet what is there (`met`); how many did
        not stay.

        `asked_at` is when the primary was asked, by this process's `time.monotonic`, and `wrote`
        whether it was asked to write. A snapshot lapses `lapse` seconds after it was asked for, by
        the cache's own clock, however long its message takes; a marker or tombstone that it leaves
        lives for `lapse`. To learn the cache's time, a first call may take another round trip.
        """
        ...

    def mark(self, session_id: str, marker: Marker, *, lapse: float) -> None:
        """Let the marker meet what is there (`met`). What it leaves lives for `lapse`."""
        ...

    def bury(self, session_ids: Sequence[str], *, lapse: float) -> None:
        """Put a tombstone in the place of whatever is there, for `lapse`."""
        ...

    def close(self) -> None:
        """Release what the cache opened itself; a second call does nothing."""
        ...


def require_cache(cache: object) -> None:
    """Raise `ConfigurationError` unless `cache` has all the methods of a `SessionCache`, none of
    them is to be awaited, and it was made in this process."""
    require_methods(
        "cache",
        cache,
        ("get", "put", "mark", "bury", "close"),
        "a synchronous SessionCache, such as MemorySessionCache()",
    )
    origin = attribute_of(cache, "_origin")
    if passes_for(origin, Origin):
        origin.require_here("cache")
