"""A caller's messages: checked, and turned into their stored form."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import cast

from chatstore.clock import in_utc
from chatstore.errors import InvalidInputError
from chatstore.models import Message
from chatstore.policy import RetentionPolicy
from chatstore.record import limits
from chatstore.record.encode import raw_document
from chatstore.record.stored import AMENDED_NAME, StoredMessage
from chatstore.values.json_values import portable
from chatstore.values.plain import is_kind, kind_of, require_listed


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
    if type(messages) is not tuple and is_kind(messages, Message):
        # It could be walked over, and would give its attributes.
        raise InvalidInputError(field, "a list of messages", "one Message", "put it in a list")
    listed: Sequence[object]
    if type(messages) is tuple:
        listed = cast("tuple[object, ...]", messages)
    else:
        listed = require_listed(field, messages, "messages", most=most)
    if len(listed) > most:
        raise InvalidInputError(field, f"at most {most} messages", "more", "give fewer at a time")
    prepared = [
        prepared_message(f"{field}[{index}]", message, message_bytes, window_bytes, advice)
        for index, message in enumerate(listed)
    ]
    if len(prepared) > 1:
        limits.require_distinct(field, [message.message_id for message in prepared])
    return prepared


def prepared_message(
    field: str, message: object, message_bytes: int, window_bytes: int | None, advice: str = ""
) -> StoredMessage:
    """The stored form of one message; refused as by `prepared_messages`."""
    if type(message) is not Message and not is_kind(message, Message):
        if is_kind(message, dict):
            advice = "build one with Message.model_validate(...)"
        elif not is_kind(message, list, tuple, Iterator):
            advice = ""
        raise InvalidInputError(field, "a Message", kind_of(message), advice)
    given = cast("Message", message)
    document, size = portable(field, raw_document(given, place=field))
    timestamp = vars(given).get("timestamp")
    if type(timestamp) is not datetime:
        # The one attribute that has another type in Python than in storage.
        in_utc(f"{field}.timestamp", timestamp)
    if AMENDED_NAME in document:
        raise InvalidInputError(
            f"a name in {field}", "free", f"{AMENDED_NAME!r}, which chatstore keeps for itself"
        )
    limits.require_message(field, document)
    prepared = StoredMessage(document["messageId"], document, size)
    if size > message_bytes or window_bytes is not None:
        limits.require_message_size(field, prepared, limit=message_bytes, window=window_bytes)
    return prepared


def checked_batch(
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


def amended_message(message: object, policy: RetentionPolicy) -> StoredMessage:
    """The stored form of a message that takes the place of the one with its id: with the mark that
    says so. It has no weight, and so the size is that of what was given."""
    prepared = prepared_message("message", message, policy.max_message_bytes, policy.deciding_bytes)
    document = {**prepared.document, AMENDED_NAME: True}
    return StoredMessage(prepared.message_id, document, prepared.size)
