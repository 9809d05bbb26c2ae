"""Writes whose answer may have been lost: a driver that sent the call again meets its own result,
which is no conflict."""

from collections.abc import Sequence

from chatstore.clock import Moment
from chatstore.engine.write import Write
from chatstore.errors import SessionExistsError, VersionConflictError
from chatstore.models import Session
from chatstore.record.encode import stored_message
from chatstore.record.equality import canonical
from chatstore.record.stored import StoredMessage, StoredSession
from chatstore.record.window import newest
from chatstore.store.engine_calls import EngineCalls


def create(calls: EngineCalls, session: StoredSession, now: Moment) -> Session:
    """Insert a session. Raises `SessionExistsError` if a live one, and not this, has the id."""
    key = session.session_id
    if calls.call(calls.engine.insert, key, session, now):
        return calls.decode(Session, session.document, key)
    found = calls.find(key, now, None, latest=True)
    if found is None or found.creation_id != session.info["creationId"]:
        raise SessionExistsError(key)
    return found


def rewrite(calls: EngineCalls, write: Write, given: Sequence[StoredMessage]) -> Session:
    """Put a window in the place of the one that has `write.if_version`. Raises
    `VersionConflictError` if another version, and not this result, is there."""
    kept = newest(given, write.policy)
    key = write.session_id
    try:
        body = calls.call(calls.engine.rewrite, key, write, kept, len(given))
    except VersionConflictError:
        found = calls.find(key, write.now, write.user_id, latest=True)
        if found is None or write.if_version is None or found.version != write.if_version + 1:
            raise
        stored = (stored_message(message).document for message in found.messages)
        if canonical(stored) != canonical(message.document for message in kept):
            raise
        return found
    return calls.decode(Session, body, key)
