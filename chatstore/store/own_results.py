"""Writes whose answer may have been lost: a driver that sent the call again meets its own result,
which is no conflict."""

from collections.abc import Sequence
from dataclasses import replace

from chatstore.clock import Moment
from chatstore.engine.write import Write
from chatstore.errors import SessionExistsError, SessionNotFoundError, VersionConflictError
from chatstore.models import Session
from chatstore.record.encode import stored_message
from chatstore.record.equality import canonical
from chatstore.record.stored import Stored, StoredMessage, StoredSession
from chatstore.record.window import newest
from chatstore.store.engine_calls import EngineCalls

_REWRITE_ATTEMPTS = 100


def create(calls: EngineCalls, session: StoredSession, now: Moment) -> Session:
    """Insert a session. Raises `SessionExistsError` if a live one, and not this, has the id."""
    key = session.session_id
    if calls.call(calls.engine.insert, key, session, now):
        return calls.shown(Stored(session.document), key)
    found = calls.find(key, now, None, latest=True)
    if found is None or found.creation_id != session.info["creationId"]:
        raise SessionExistsError(key)
    return found


def get_or_create(calls: EngineCalls, session: StoredSession, now: Moment) -> Session:
    """What is there under a session's id, or that session. Raises `SessionExistsError` if another
    user's is there."""
    key = session.session_id
    found = calls.find(key, now, None, latest=True)
    if found is None:
        try:
            return create(calls, session, now)
        except SessionExistsError:
            # Somebody created it in between.
            found = calls.find(key, now, None, latest=True)
    if found is None or found.user_id != session.info["userId"]:
        raise SessionExistsError(key)
    return found


def rewrite(
    calls: EngineCalls, write: Write, given: Sequence[StoredMessage], *, whole: bool
) -> Session:
    """Put messages in the place of the window that has `write.if_version`, or of whichever is
    there. Raises `VersionConflictError` if another version, and not this result, is there."""
    if write.if_version is not None:
        return _rewrite(calls, write, given, whole=whole)
    for _ in range(_REWRITE_ATTEMPTS):
        current = calls.find(write.session_id, write.now, write.user_id, latest=True)
        if current is None:
            raise SessionNotFoundError(write.session_id)
        versioned = replace(write, if_version=current.version)
        try:
            return _rewrite(calls, versioned, given, whole=whole, replaced=current)
        except VersionConflictError:
            # Each conflict means that somebody else's write succeeded.
            continue
    raise VersionConflictError(write.session_id, None)


def _rewrite(
    calls: EngineCalls,
    write: Write,
    given: Sequence[StoredMessage],
    *,
    whole: bool,
    replaced: Session | None = None,
) -> Session:
    """One attempt; `replaced` is the session with the window that is replaced, where it is
    known."""
    try:
        return calls.session(calls.engine.rewrite, write, given, whole=whole)
    except VersionConflictError:
        found = calls.find(write.session_id, write.now, write.user_id, latest=True)
        if found is None or write.if_version is None or found.version != write.if_version + 1:
            raise
        if not (
            _is_history(found, given, whole=whole, replaced=replaced)
            if found.keeps_history
            else _is_shown(found, newest(given, write.policy))
        ):
            raise
        return found


def _is_history(
    found: Session, given: Sequence[StoredMessage], *, whole: bool, replaced: Session | None
) -> bool:
    """Whether a session with history is what a rewrite would have made of it. Older messages may be
    shown before what was given, and not all of it if it was much: the count tells, if it is
    known. Where it is not, nothing tells that all was taken away."""
    if whole:
        is_counted = found.message_count == len(given)
    elif replaced is not None:
        before = replaced.message_count - len(replaced.messages)
        is_counted = found.message_count == before + len(given)
    else:
        is_counted = bool(given)
    length = min(len(found.messages), len(given))
    return is_counted and _is_shown(found, given[len(given) - length :])


def _is_shown(found: Session, newest_ones: Sequence[StoredMessage]) -> bool:
    """Whether exactly these are the newest messages of a session, and if it has no history all."""
    shown = found.messages
    if found.keeps_history:
        shown = shown[len(shown) - len(newest_ones) :]
    stored = (stored_message(message).document for message in shown)
    return canonical(stored) == canonical(message.document for message in newest_ones)
