"""What a write carries to a backend, and the rules that decide its outcome.

The functions here are pure. The reference store and every engine that reads before it writes, in
one transaction, call them; the other engines say the same in their own condition language.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from chatstore.clock import Moment
from chatstore.errors import SessionNotFoundError, VersionConflictError
from chatstore.models import JsonObject
from chatstore.policy import RetentionPolicy
from chatstore.record.state import (
    MAX_STATE_BYTES,
    require_key_count,
    require_state_bytes,
    state_size,
)


@dataclass(frozen=True, slots=True)
class Write:
    """One write on one session: its conditions, its time and its policy."""

    session_id: str
    user_id: str | None
    """The owner that the session must have; None: any."""
    if_version: int | None
    """The version that the session must have; None: any."""
    now: Moment
    policy: RetentionPolicy
    renews: bool
    """Whether the session's ttl becomes `ttl`; otherwise it stays."""

    @property
    def ttl(self) -> int | None:
        """The ttl that the writer's policy gives now, in Unix seconds; None: no expiry."""
        return ttl_from(self.now, self.policy)

    def require_visible(self, *, owner: object, ttl: int | None) -> None:
        """Raise `SessionNotFoundError` if the stored session has expired or is another user's."""
        if not is_visible(self.now, self.user_id, owner=owner, ttl=ttl):
            raise SessionNotFoundError(self.session_id)

    def require_version(self, version: object) -> None:
        """Raise `VersionConflictError` if the stored version is not the one asked for."""
        if self.if_version is not None and version != self.if_version:
            raise VersionConflictError(self.session_id, self.if_version)


@dataclass(frozen=True, slots=True)
class Patch:
    """The changes of one write to all but the messages. A value of None removes its key."""

    user_preferences: JsonObject
    metadata: JsonObject
    session_status: str | None
    is_empty: bool = field(init=False, repr=False, compare=False)
    """Whether nothing changes."""

    def __post_init__(self) -> None:
        # Asked for in every write, most of which share one patch.
        changes = self.user_preferences or self.metadata or self.session_status is not None
        object.__setattr__(self, "is_empty", not changes)


NO_CHANGES = Patch({}, {}, None)
"""The changes of a write that has none."""


def ttl_from(now: Moment, policy: RetentionPolicy) -> int | None:
    """The Unix second at which a session written now expires; None: never."""
    return None if policy.ttl_seconds is None else now.seconds + policy.ttl_seconds


def is_visible(now: Moment, user_id: str | None, *, owner: object, ttl: object) -> bool:
    """Whether a stored session is alive, and `user_id`'s own (or nobody was named).

    A stored ttl that is no number never lapses: such a record is there until it is deleted. One
    with a fraction lapses as an engine's own comparison has it, though it can't be read before.
    """
    alive = not (isinstance(ttl, int | float) and ttl <= now.seconds)
    return alive and (user_id is None or user_id == owner)


def merge_patch(field: str, stored: JsonObject, patch: Mapping[str, object]) -> JsonObject:
    """`stored` with `patch` merged key by key; None removes a key.

    Raises `InvalidInputError` if a key was added and there would be more than 256, or if the
    entries grew and are more than 32 KiB together.
    """
    if not patch:
        return stored
    merged = {name: value for name, value in stored.items() if name not in patch}
    merged |= {name: value for name, value in patch.items() if value is not None}
    if merged.keys() - stored.keys():
        require_key_count(field, len(merged))
    size = state_size(merged)
    if size > MAX_STATE_BYTES and size > state_size(stored):
        require_state_bytes(field, size)
    return merged
