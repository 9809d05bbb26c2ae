"""From a caller's arguments to stored forms: checked by the envelope, numbers in normal form."""

from collections.abc import Callable, Mapping

from chatstore import envelope
from chatstore.clock import in_utc, utc_text
from chatstore.errors import InvalidInputError
from chatstore.models import JsonObject, Message, Session
from chatstore.plain import is_kind, kind_of, require_listed
from chatstore.policy import MAX_WINDOW_BYTES, RetentionPolicy
from chatstore.portable import portable
from chatstore.records import StoredMessage, StoredSession, raw_document
from chatstore.writes import Patch


def prepared_messages(
    messages: object,
    *,
    most: int,
    message_bytes: int,
    window_bytes: int | None,
    field: str = "messages",
    advice: str = "",
) -> list[StoredMessage]:
    """The stored forms of at most `most` messages with distinct ids. Raises `InvalidInputError`,
    and `MessageTooLargeError` for one that is larger than `message_bytes` or a whole window."""
    if is_kind(messages, Message):
        # It could be walked over, and would give its attributes.
        raise InvalidInputError(field, "a list of messages", "one Message", "put it in a list")
    listed = require_listed(field, messages, "messages", most=most)
    if len(listed) > most:
        raise InvalidInputError(field, f"at most {most} messages", "more", "give fewer at a time")
    prepared = [
        _prepared_message(f"{field}[{index}]", message, message_bytes, window_bytes, advice)
        for index, message in enumerate(listed)
    ]
    envelope.require_distinct(field, [message.message_id for message in prepared])
    return prepared


def _prepared_message(
    field: str, message: object, message_bytes: int, window_bytes: int | None, advice: str
) -> StoredMessage:
    if not is_kind(message, Message):
        if is_kind(message, dict):
            advice = "build one with Message.model_validate(...)"
        raise InvalidInputError(field, "a Message", kind_of(message), advice)
    assert isinstance(message, Message)
    raw = raw_document(message, place=field)
    document, size = portable(field, raw)
    timestamp = in_utc(f"{field}.timestamp", vars(message).get("timestamp"))
    envelope.require_message(field, document, timestamp)
    prepared = StoredMessage(document["messageId"], document, size)
    envelope.require_message_size(
        field, prepared.size, prepared.weight, limit=message_bytes, window=window_bytes
    )
    return prepared


def batch(
    messages: object, policy: RetentionPolicy, *, most: int, advice: str = ""
) -> list[StoredMessage]:
    """The stored forms of the messages of one write, by the writer's policy."""
    return prepared_messages(
        messages,
        most=most,
        message_bytes=policy.max_message_bytes,
        window_bytes=policy.deciding_bytes,
        advice=advice,
    )


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
        status = envelope.require_label("session_status", session_status)
    return Patch(_map("user_preferences", user_preferences), _map("metadata", metadata), status)


def _map(field: str, entries: Mapping[str, object] | None) -> JsonObject:
    return {} if entries is None else envelope.require_map(field, entries)


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
        "sessionId": envelope.require_id("session.session_id", given.get("session_id")),
        "userId": envelope.require_id("session.user_id", given.get("user_id")),
        **{name: utc_text(time) for name, time in times.items()},
        **({} if ttl is None else {"ttl": envelope.require_counter("session.ttl", ttl)}),
        **_checked(given, "user_preferences", "userPreferences", envelope.require_map),
        **_checked(given, "metadata", "metadata", envelope.require_map),
        **_checked(given, "message_count", "messageCount", envelope.require_counter),
        **_checked(given, "session_status", "sessionStatus", envelope.require_label),
        **_checked(given, "version", "version", envelope.require_counter),
    }
    if creation_id is not None:
        known["creationId"] = envelope.require_id("session.creation_id", creation_id)
    raw = raw_document(session, without=frozenset({"messages"}), place="session")
    unknown = {name: value for name, value in raw.items() if name not in known}
    normal = envelope.require_unknown_attributes("the session's unknown attributes", unknown)
    envelope.require_session_info("session", known, times)
    messages = prepared_messages(
        given.get("messages"),
        field="session.messages",
        most=envelope.MAX_MESSAGES,
        message_bytes=MAX_WINDOW_BYTES,
        window_bytes=MAX_WINDOW_BYTES,
    )
    envelope.require_window_bytes(sum(message.weight for message in messages))
    return StoredSession(known | normal, messages)


def _checked(
    given: Mapping[str, object], name: str, stored_name: str, check: Callable[[str, object], object]
) -> JsonObject:
    return {stored_name: check(f"session.{name}", given.get(name))}
