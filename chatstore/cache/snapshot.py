"""Between a session and the body of its snapshot: how it is written, and what of it a reader may be
shown."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from chatstore.cache.protocol import Snapshot, Version, life_of
from chatstore.models import Session
from chatstore.policy import RetentionPolicy
from chatstore.record.decode import read_session
from chatstore.record.window import shown_of

_JSON = json.JSONEncoder(
    ensure_ascii=False,
    allow_nan=False,
    separators=(",", ":"),
    # It raises TypeError for whatever is no datetime.
    default=datetime.isoformat,
)


@dataclass(frozen=True, slots=True)
class _Bounds:
    """The bounds that cut a window; None is no bound."""

    messages: int | None
    window_bytes: int | None

    def hold(self, other: "_Bounds") -> bool:
        """Whether no window that `other` cuts can be longer than the one that these cut."""
        return _at_least(self.messages, other.messages) and _at_least(
            self.window_bytes, other.window_bytes
        )

    def left_room(self, kept: int) -> bool:
        """Whether a window of `kept` messages can't have been cut by these: by their bytes a window
        may be cut at any length, since the next message may be of any size."""
        return self.window_bytes is None and (self.messages is None or kept < self.messages)


class SnapshotCodec:
    """Snapshots as a store with this policy writes and reads them."""

    def __init__(self, policy: RetentionPolicy) -> None:
        self._policy = policy
        self._bounds = _Bounds(policy.max_messages, policy.deciding_bytes)
        self._head = json.dumps([policy.max_messages, policy.deciding_bytes]).encode()

    def encode_all(self, news: Iterable[tuple[Version, Session]]) -> dict[str, Snapshot]:
        """The snapshots of sessions, each with the version that it is, by id. One that holds what
        JSON can't, since another service stored it, has none."""
        snapshots: dict[str, Snapshot] = {}
        for version, session in news:
            try:
                snapshots[session.session_id] = self.encode(version, session)
            except (TypeError, ValueError):
                continue
        return snapshots

    def encode(self, version: Version, session: Session) -> Snapshot:
        """The snapshot of a session that a store with this policy returned, in that version.

        Raises `ValueError` or `TypeError` if the session holds what JSON can't.
        """
        # By value, and not what was set: a session may have been changed since it was built.
        document = session.model_dump(by_alias=True, warnings=False)
        body = self._head + b"\n" + _JSON.encode(document).encode()
        return Snapshot(version.life, version.number, body)

    def decode(self, snapshot: Snapshot, last: int | None = None) -> Session | None:
        """The session as a store with this policy would read it, or the `last` messages of it; None
        if the snapshot was cut to a smaller window than that. Raises `ValueError` for a body that
        can't be read."""
        head, _, text = snapshot.body.partition(b"\n")
        session = read_session(Session, text)
        if session.version != snapshot.version or life_of(session) != snapshot.life:
            raise ValueError("the body is of another version or life")
        messages = session.messages
        kept = len(messages)
        # By equal bounds the window is cut already.
        if head != self._head:
            kept = shown_of(messages, self._policy, body=text)
            is_enough = last is not None and last <= kept
            if not is_enough and not self._is_all(session, kept, _bounds(head)):
                return None
        if last is not None:
            kept = min(kept, last)
        del messages[: len(messages) - kept]
        return session

    def _is_all(self, session: Session, kept: int, cut_by: _Bounds) -> bool:
        """Whether a reader is shown no more than the `kept` messages that stand here."""
        there = len(session.messages)
        return (
            cut_by.hold(self._bounds)
            # The reader's own bounds end the window here, or the session's, whatever came before.
            or kept < there
            or kept in (self._bounds.messages, session.history)
            or cut_by.left_room(there)
        )


def _bounds(head: bytes) -> _Bounds:
    found = json.loads(head)
    if not isinstance(found, list) or len(found) != 2:
        raise ValueError("the head is not a pair of bounds")
    for bound in found:
        if bound is not None and type(bound) is not int:
            raise ValueError("a bound is no number")
    return _Bounds(*found)


def _at_least(bound: int | None, other: int | None) -> bool:
    return bound is None or (other is not None and bound >= other)
