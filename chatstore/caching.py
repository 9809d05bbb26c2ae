"""What a cache of sessions holds, and what happens where entries meet.

The rules stand here once, as pure functions; a cache says the same in its own language. No clock
orders anything: within one life of an id versions do, and lives are only ever told apart.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from chatstore.errors import InvalidInputError
from chatstore.models import SessionInfo

FORMAT = 1
"""The form of a snapshot's body. An entry of another form is no answer, and meets others as
another life would."""

MAX_STALENESS = 60.0
"""How many seconds a snapshot, a marker or a tombstone lives, unless a store says otherwise."""

_LONGEST_STALENESS = 86_400.0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A session as one version left it: an answer."""

    life: str
    version: int
    body: bytes
    """What `chatstore.snapshots` wrote and reads; a cache keeps it as it is."""


@dataclass(frozen=True, slots=True)
class Marker:
    """A version that was written without its window being known: a miss that keeps older ones
    out."""

    life: str
    version: int


@dataclass(frozen=True, slots=True)
class Tombstone:
    """A miss that keeps everything out until it lapses."""


Entry = Snapshot | Marker | Tombstone


def require_max_staleness(seconds: float) -> float:
    """Return `seconds`; raise `InvalidInputError` unless it is more than 0 and at most a day."""
    if not 0 < seconds <= _LONGEST_STALENESS:
        limit = f"more than 0 and at most {_LONGEST_STALENESS:.0f} seconds"
        raise InvalidInputError("max_staleness", limit, seconds)
    return seconds


def life_of(session: SessionInfo) -> str:
    """What tells one life of an id from the next: the token of the `create` that began it; where
    another service wrote the record without one, the time of its creation."""
    if session.creation_id is not None:
        return f"id {session.creation_id}"
    return f"at {session.created_at.isoformat()}"


def met(stored: Entry | None, arriving: Snapshot | Marker) -> Entry:
    """What lies in the cache after `arriving` came to `stored`.

    If that is `stored` itself, it keeps the lapse that it has; anything else begins a new one. A
    snapshot may take the place of an entry of its own version, and a marker may not: the marker
    says less.
    """
    match stored:
        case None:
            return arriving
        case Tombstone():
            return stored
        case Snapshot() | Marker():
            if stored.life != arriving.life:
                # Which of the two lives is over? A miss is right either way.
                return Tombstone()
            if arriving.version < stored.version:
                return stored
            if arriving.version == stored.version and isinstance(arriving, Marker):
                return stored
            return arriving


class SessionCache(Protocol):
    """A cache in front of a store of record, shared by all clients of that store.

    It may forget anything at any time. Each method is one round trip, and atomic for each session;
    lapses are in seconds, and what has lapsed is as good as forgotten. Any of them may raise: the
    caller goes on without the cache.
    """

    def get(self, session_ids: Sequence[str]) -> Mapping[str, Snapshot]:
        """The snapshots of distinct ids, by id. Markers, tombstones and what can't be read are left
        out: they are misses."""
        ...

    def put(
        self, snapshots: Mapping[str, Snapshot], *, lapse: float, tombstone_lapse: float
    ) -> int:
        """Let each snapshot meet what is there (`met`); how many did not stay.

        A tombstone that this leaves lapses after `tombstone_lapse`.
        """
        ...

    def mark(self, session_id: str, marker: Marker, *, lapse: float) -> None:
        """Let the marker meet what is there (`met`)."""
        ...

    def bury(self, session_ids: Sequence[str], *, lapse: float) -> None:
        """Put a tombstone in the place of whatever is there."""
        ...

    def close(self) -> None:
        """Release what the cache opened itself; a second call does nothing."""
        ...
