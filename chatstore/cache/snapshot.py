"""Between a session and the body of its snapshot: how it is written, and what of it a reader may be
shown."""

import json
from dataclasses import dataclass

from chatstore.cache.protocol import Snapshot, life_of
from chatstore.models import Session
from chatstore.policy import RetentionPolicy
from chatstore.record.decode import read_session
from chatstore.record.encode import raw_document
from chatstore.record.window import shown_of


@dataclass(frozen=True, slots=True)
class _Bounds:
    """The bounds that cut a window; None is no bound."""

    messages: int | None
    window_bytes: int | None

    @classmethod
    def of(cls, policy: RetentionPolicy) -> "_Bounds":
        return cls(policy.max_messages, policy.deciding_bytes)

    def hold(self, other: "_Bounds") -> bool:
        """Whether no window that `other` cuts can be longer than the one that these cut."""
        return _at_least(self.messages, other.messages) and _at_least(
            self.window_bytes, other.window_bytes
        )

    def left_room(self, kept: int) -> bool:
        """Whether a window of `kept` messages can't have been cut by these: by their bytes a window
        may be cut at any length, since the next message may be of any size."""
        return self.window_bytes is None and (self.messages is None or kept < self.messages)


def snapshot_of(session: Session, policy: RetentionPolicy) -> Snapshot:
    """The snapshot of a session that a store with this policy returned.

    Raises `ValueError` or `TypeError` if the session holds what JSON can't.
    """
    bounds = _Bounds.of(policy)
    document = raw_document(session, without=frozenset({"messages"}))
    document["messages"] = [raw_document(message) for message in session.messages]
    head = json.dumps([bounds.messages, bounds.window_bytes])
    text = json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return Snapshot(life_of(session), session.version, f"{head}\n{text}".encode())


def shown(snapshot: Snapshot, policy: RetentionPolicy) -> Session | None:
    """The session as a store with this policy would read it; None if the snapshot was cut to a
    smaller window than that reader's. Raises `ValueError` for a body that can't be read."""
    head, _, text = snapshot.body.partition(b"\n")
    cut_by = _bounds(head)
    session = read_session(Session, text)
    if session.version != snapshot.version or life_of(session) != snapshot.life:
        raise ValueError("the body is of another version or life")
    messages = session.messages
    kept = shown_of(messages, policy, body=text)
    reader = _Bounds.of(policy)
    is_all = (
        cut_by.hold(reader)
        # The reader's own bounds end the window here, whatever came before it.
        or kept < len(messages)
        or kept == reader.messages
        or cut_by.left_room(len(messages))
    )
    if not is_all:
        return None
    del messages[: len(messages) - kept]
    return session


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
