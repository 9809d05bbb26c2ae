"""From a caller's arguments to stored forms: checked by the envelope, numbers in normal form."""

from collections.abc import Iterable, Mapping
from typing import Any

from chatstore import envelope
from chatstore.errors import InvalidInputError
from chatstore.models import JsonObject, Message, Session
from chatstore.policy import MAX_WINDOW_BYTES, RetentionPolicy
from chatstore.portable import normal_form, portable
from chatstore.records import StoredMessage, StoredSession, raw_document
from chatstore.writes import Patch


def prepared_messages(
    messages: Iterable[Message], *, most: int, message_bytes: int, window_bytes: int | None
) -> list[StoredMessage]:
    """The stored forms of at most `most` messages with distinct ids. Raises `InvalidInputError`,
    and `MessageTooLargeError` for one that is larger than `message_bytes` or a whole window."""
    listed: list[object] = list(messages)
    if len(listed) > most:
        raise InvalidInputError("messages", f"{most} messages", f"{len(listed)} messages")
    prepared = [
        _prepared_message(f"messages[{index}]", message, message_bytes, window_bytes)
        for index, message in enumerate(listed)
    ]
    envelope.require_distinct("messages", [message.message_id for message in prepared])
    return prepared


def _prepared_message(
    field: str, message: object, message_bytes: int, window_bytes: int | None
) -> StoredMessage:
    if not isinstance(message, Message):
        raise InvalidInputError(field, "a Message", type(message).__name__)
    document, size = portable(field, raw_document(message))
    envelope.require_message(field, document)
    prepared = StoredMessage(document["messageId"], document, size)
    envelope.require_message_size(
        field, prepared.size, prepared.weight, limit=message_bytes, window=window_bytes
    )
    return prepared


def batch(
    messages: Iterable[Message], policy: RetentionPolicy, *, most: int
) -> list[StoredMessage]:
    """The stored forms of the messages of one write, by the writer's policy."""
    return prepared_messages(
        messages,
        most=most,
        message_bytes=policy.max_message_bytes,
        window_bytes=policy.deciding_bytes,
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
    if session_status is not None:
        envelope.require_label("session_status", session_status)
    return Patch(
        _map("user_preferences", user_preferences), _map("metadata", metadata), session_status
    )


def _map(field: str, entries: Mapping[str, object] | None) -> JsonObject:
    return {} if entries is None else envelope.require_map(field, entries)


def restored(session: object) -> StoredSession:
    """A whole record in its stored form, exactly as it was."""
    if not isinstance(session, Session):
        raise InvalidInputError("session", "a Session", type(session).__name__)
    envelope.require_id("session.session_id", session.session_id)
    envelope.require_id("session.user_id", session.user_id)
    envelope.require_label("session.session_status", session.session_status)
    if session.creation_id is not None:
        envelope.require_id("session.creation_id", session.creation_id)
    for field in ("version", "message_count", "ttl"):
        value = getattr(session, field)
        if value is not None:
            envelope.require_counter(f"session.{field}", value)
    envelope.require_map("session.user_preferences", session.user_preferences)
    envelope.require_map("session.metadata", session.metadata)
    envelope.require_unknown_attributes(dict[str, Any](session.model_extra or {}))
    messages = prepared_messages(
        session.messages,
        most=envelope.MAX_MESSAGES,
        message_bytes=MAX_WINDOW_BYTES,
        window_bytes=MAX_WINDOW_BYTES,
    )
    envelope.require_window_bytes(sum(message.weight for message in messages))
    info: JsonObject = normal_form(raw_document(session, without=frozenset({"messages"})))
    return StoredSession(info, messages)
