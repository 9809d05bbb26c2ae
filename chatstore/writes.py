"""What a write carries to a backend, and the rules that decide its outcome.

The functions here are pure. The reference store and every engine that reads before it writes, in
one transaction, call them; the other engines say the same in their own condition language.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from chatstore.clock import Moment
from chatstore.envelope import require_key_count
from chatstore.errors import InvalidInputError, SessionNotFoundError, VersionConflictError
from chatstore.models import JsonObject
from chatstore.plain import shown
from chatstore.policy import RetentionPolicy
from chatstore.records import Body, StoredMessage, is_same


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
    """The changes of one `update`. A value of None removes its key."""

    user_preferences: JsonObject
    metadata: JsonObject
    session_status: str | None

    @property
    def is_empty(self) -> bool:
        """Whether the update only touches the session."""
        return not self.user_preferences and not self.metadata and self.session_status is None


def ttl_from(now: Moment, policy: RetentionPolicy) -> int | None:
    """The Unix second at which a session written now expires; None: never."""
    return None if policy.ttl_seconds is None else now.seconds + policy.ttl_seconds


def is_visible(now: Moment, user_id: str | None, *, owner: object, ttl: object) -> bool:
    """Whether a stored session is alive, and `user_id`'s own (or nobody was named).

    A stored ttl that is no number never lapses: such a record is there until it is deleted. One
    with a fraction lapses as an engine's own comparison has it, though it can't be read before.
    """
    alive = not (isinstance(ttl, int | float) and now.is_past(ttl))
    return alive and (user_id is None or user_id == owner)


def new_part(
    messages: Sequence[StoredMessage],
    stored_ids: Sequence[str],
    message_count: object,
    stored: Callable[[int], Body],
) -> Sequence[StoredMessage]:
    """The messages of a batch that come after its last one already in the stored window.

    `stored_ids` are those of the window, oldest first; `message_count` is the record's; `stored`
    gives the message at a place in the window, and is only asked for those that were met. What
    stands before the last one met was taken in with it, or is refused: `InvalidInputError` for one
    that is stored with other content, stands in another order, or can never have been stored.
    """
    if frozenset(stored_ids).isdisjoint(message.message_id for message in messages):
        return messages
    places = {message_id: place for place, message_id in enumerate(stored_ids)}
    met = [places.get(message.message_id) for message in messages]
    # Only what was pruned may be missing, and that is older than all that is left.
    pruned = isinstance(message_count, int) and message_count > len(stored_ids)
    last = max(index for index, place in enumerate(met) if place is not None)
    latest: tuple[int, int] | None = None
    for index in range(last + 1):
        place, field = met[index], f"messages[{index}]"
        if place is None:
            following = next(place for place in met[index:] if place is not None)
            if latest is None and pruned and following == 0:
                continue
            known = stored_ids[following]
            raise InvalidInputError(
                field,
                f"after {shown(known)}, which is stored already",
                "before it",
                "send what is new after what was sent before",
            )
        if latest is not None and place < latest[1]:
            raise InvalidInputError(
                field,
                f"before messages[{latest[0]}], as they are stored",
                "after it",
                "send them again in the order in which they were sent first",
            )
        if not is_same(messages[index], stored(place)):
            raise InvalidInputError(
                field,
                f"as it is stored under its id {shown(messages[index].message_id)}",
                "of other content",
                "give a new message an id of its own; to edit a stored one, use rewrite",
            )
        latest = index, place
    return messages[last + 1 :]


def merge_patch(field: str, stored: JsonObject, patch: Mapping[str, object]) -> JsonObject:
    """`stored` with `patch` merged key by key; None removes a key.

    Raises `InvalidInputError` if a key was added and there would be more than 32.
    """
    merged = {name: value for name, value in stored.items() if name not in patch}
    merged |= {name: value for name, value in patch.items() if value is not None}
    if merged.keys() - stored.keys():
        require_key_count(field, len(merged))
    return merged
