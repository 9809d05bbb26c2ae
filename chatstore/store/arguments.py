"""From a caller's arguments to what an engine is given."""

from collections.abc import Callable, Mapping

from chatstore.clock import in_utc, utc_text
from chatstore.engine.write import Patch
from chatstore.errors import InvalidInputError
from chatstore.models import JsonObject, Session
from chatstore.policy import MAX_WINDOW_BYTES
from chatstore.record import limits
from chatstore.record.encode import raw_document
from chatstore.record.messages import prepared_messages
from chatstore.record.stored import StoredSession
from chatstore.values.plain import is_kind, kind_of


def map_of_new_session(field: str, entries: Mapping[str, object] | None) -> JsonObject:
    """The preferences or metadata of a new session: a None means "no such key"."""
    merged = _map(field, entries)
    return {name: value for name, value in merged.items() if value is not None}


def patch(
    user_preferences: Mapping[str, object] | None,
    metadata: Mapping[str, object] | None,
    session_status: str | None,
) -> Patch:
    """The changes of an `update`, in their stored form."""
    status = None
    if session_status is not None:
        status = limits.require_label("session_status", session_status)
    return Patch(_map("user_preferences", user_preferences), _map("metadata", metadata), status)


def _map(field: str, entries: Mapping[str, object] | None) -> JsonObject:
    return {} if entries is None else limits.require_map(field, entries)


def restored(session: object) -> StoredSession:
    """A whole record in its stored form, exactly as it was."""
    if not is_kind(session, Session):
        raise InvalidInputError("session", "a Session", kind_of(session))
    assert isinstance(session, Session)
    # A frozen session may have been built around its validation: nothing in it is taken on trust.
    given = vars(session)
    times = {
        stored_name: in_utc(f"session.{name}", given.get(name))
        for name, stored_name in (("created_at", "createdAt"), ("updated_at", "updatedAt"))
    }
    ttl, creation_id = given.get("ttl"), given.get("creation_id")
    known: JsonObject = {
        "sessionId": limits.require_id("session.session_id", given.get("session_id")),
        "userId": limits.require_id("session.user_id", given.get("user_id")),
        **{name: utc_text(time) for name, time in times.items()},
        **({} if ttl is None else {"ttl": limits.require_counter("session.ttl", ttl)}),
        **_checked(given, "user_preferences", "userPreferences", limits.require_map),
        **_checked(given, "metadata", "metadata", limits.require_map),
        **_checked(given, "message_count", "messageCount", limits.require_counter),
        **_checked(given, "session_status", "sessionStatus", limits.require_label),
        **_checked(given, "version", "version", limits.require_counter),
    }
    if creation_id is not None:
        known["creationId"] = limits.require_id("session.creation_id", creation_id)
    raw = raw_document(session, without=frozenset({"messages"}), place="session")
    unknown = {name: value for name, value in raw.items() if name not in known}
    normal = limits.require_unknown_attributes("the session's unknown attributes", unknown)
    limits.require_session_info("session", known, times)
    messages = prepared_messages(
        given.get("messages"),
        field="session.messages",
        most=limits.MAX_MESSAGES,
        message_bytes=MAX_WINDOW_BYTES,
        window_bytes=MAX_WINDOW_BYTES,
    )
    limits.require_window_bytes(sum(message.weight for message in messages))
    return StoredSession(known | normal, messages)


def _checked(
    given: Mapping[str, object], name: str, stored_name: str, check: Callable[[str, object], object]
) -> JsonObject:
    return {stored_name: check(f"session.{name}", given.get(name))}
