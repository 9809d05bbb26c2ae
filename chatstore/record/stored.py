"""Stored forms: what engines are given to write, and what they hand back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from chatstore.models import JsonObject
from chatstore.values.json_values import stored_size, utf8_size

AMENDED_NAME = "chatstore:amended"
"""A hidden attribute of a stored message that was amended. No caller may give it, none is shown it,
and it has no weight."""

Body = str | bytes | Mapping[str, Any]
"""A stored session as a backend hands it over: JSON text, or the object itself. The attributes'
names are the stored ones (camelCase), and values of the backend's own are left out."""


class Stored(NamedTuple):
    """A record as an engine hands it over."""

    body: Body
    weights: Sequence[int] | None = None
    """Those of its messages, oldest first, where the engine has them beside the body. None: whoever
    needs them weighs the messages."""


class Record(NamedTuple):
    """What lies under an id, with the two attributes that decide, before anything is decoded, who
    may see it."""

    user_id: object
    ttl: object
    body: Body
    weights: Sequence[int] | None = None
    """As in `Stored`."""


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """A message that passed the envelope, in its stored form; `size` is its `stored_size`."""

    message_id: str
    document: JsonObject
    size: int

    @property
    def weight(self) -> int:
        """What the message counts in a window that is bounded by bytes: its size and its id, which
        DynamoDB keeps in a set beside such a window."""
        return message_weight(self.message_id, self.size)


def message_weight(message_id: str, size: int) -> int:
    """The weight of a stored message of which only the id and the size are known."""
    return size + utf8_size(message_id) + 2


def document_weights(window: Sequence[JsonObject]) -> list[int]:
    """The weights of messages that lie in a stored record, each by its document."""
    return [message_weight(message["messageId"], _size(message)) for message in window]


def _size(message: JsonObject) -> int:
    if AMENDED_NAME in message:
        message = {name: value for name, value in message.items() if name != AMENDED_NAME}
    return stored_size(message)


@dataclass(frozen=True, slots=True)
class StoredSession:
    """A whole record, ready to be written: the attributes without `messages`, and the messages: the
    window, or of a new session with history all that is kept."""

    info: JsonObject
    messages: Sequence[StoredMessage]

    @property
    def session_id(self) -> str:
        """The record's primary key."""
        return str(self.info["sessionId"])

    @property
    def history(self) -> int | None:
        """The window of a session with history; None: it keeps a window alone."""
        history: int | None = self.info.get("history")
        return history

    @property
    def document(self) -> JsonObject:
        """The record in the one shape that every service can read."""
        return {**self.info, "messages": [message.document for message in self.messages]}


def without_messages(document: JsonObject) -> JsonObject:
    """A stored record as a listing shows it. Where another service wrote no count, it is the number
    of the messages."""
    info = {name: value for name, value in document.items() if name != "messages"}
    messages = document.get("messages")
    if "messageCount" not in info and isinstance(messages, list):
        info["messageCount"] = len(messages)
    return info
