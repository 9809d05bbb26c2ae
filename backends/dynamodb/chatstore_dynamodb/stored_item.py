"""An item that came back, as the next write needs to see it."""

from typing import Any, NamedTuple

from chatstore.errors import CorruptSessionError
from chatstore.models import JsonObject
from chatstore.record.stored import AMENDED_NAME, message_weight
from chatstore.record.window import window_policy
from chatstore.values.json_values import stored_size
from chatstore_dynamodb.attribute_values import AttributeValue, Item, unmarshal, unmarshal_map
from chatstore_dynamodb.items import (
    ARCHIVED,
    BACKEND,
    EDITS,
    HISTORY,
    HISTORY_ID,
    MESSAGE_IDS,
    STATE_BYTES,
    WINDOW_BYTES,
    bounded_maps,
)


class Seen(NamedTuple):
    """What of a session that was seen decides which request a write begins with."""

    size: int
    """How many messages the item had."""
    history: int | None = None
    """The window of a session with history; None: it has none."""
    weight: int = 0
    """That of the messages of a session with history."""
    bounded: frozenset[str] = frozenset()
    """The maps of its state that have a bound of their bytes."""


class StoredItem:
    """An item that came back, as the next write needs to see it."""

    def __init__(self, session_id: str, item: Item) -> None:
        self.session_id = session_id
        self.item = item

    @property
    def owner(self) -> object:
        """Whose session it is."""
        return self._json("userId")

    @property
    def ttl(self) -> Any:
        """When it expires; None: never, or nobody knows."""
        return self._json("ttl")

    @property
    def version(self) -> int | None:
        """Its version; None in records that others wrote."""
        return self._counter("version")

    @property
    def message_count(self) -> int:
        """Its message count; in records that others wrote, the number of messages there."""
        count = self._counter("messageCount")
        return len(self.messages) if count is None else count

    @property
    def counts(self) -> bool:
        """Whether it has the counters that an expression can add to."""
        return {"version", "messageCount"} <= self.item.keys()

    @property
    def window_bytes(self) -> int | None:
        """The stored upper bound of the window's weight, if there is one."""
        return self._counter(WINDOW_BYTES)

    @property
    def known_ids(self) -> frozenset[str] | None:
        """The ids in the window's set, and of some messages that fell out of it; None if the
        window has messages, and no such set."""
        ids = self.item.get(MESSAGE_IDS, {}).get("SS")
        if ids is None:
            return None if self.messages else frozenset()
        return frozenset(ids)

    @property
    def messages(self) -> list[AttributeValue]:
        """The stored messages, oldest first, in the form in which they are stored."""
        messages = self.item.get("messages", {"L": []})
        if "L" not in messages:
            raise self._corrupt("messages is not a list")
        listed: list[AttributeValue] = messages["L"]
        return listed

    @property
    def message_ids(self) -> list[str]:
        """The ids of the stored messages, oldest first; one that can't be read is empty."""
        return [_id_of(message) for message in self.messages]

    def message(self, place: int) -> JsonObject:
        """One stored message; an empty object for what is none."""
        value = self.messages[place]
        return unmarshal_map(value["M"]) if "M" in value else {}

    @property
    def weights(self) -> list[int]:
        """What each stored message counts in a window that is bounded by bytes, oldest first."""
        return [_weight_of(message) for message in self.messages]

    @property
    def history(self) -> int | None:
        """How many messages are the window of a session with history; None: it has none."""
        return self._counter(HISTORY)

    @property
    def history_id(self) -> str:
        """What the chunks of this life of a session with history are stored under."""
        value = self._json(HISTORY_ID)
        if not isinstance(value, str):
            raise self._corrupt(f"{HISTORY_ID} is no text")
        return value

    @property
    def archived(self) -> int:
        """The position of the first message in the item."""
        return self._required(ARCHIVED)

    @property
    def edits(self) -> int:
        """How often messages in the item were changed."""
        return self._required(EDITS)

    @property
    def exact_bytes(self) -> int:
        """The weight of all messages in an item with history."""
        return self._required(WINDOW_BYTES)

    @property
    def window_start(self) -> int:
        """The place in the item of the window's first message."""
        history, count = self.history, len(self.messages)
        if history is None:
            return 0
        if count <= history and self.exact_bytes <= window_policy(history).max_window_bytes:
            return 0
        return count - window_policy(history).window(count, lambda: self.weights)

    @property
    def bounded(self) -> frozenset[str]:
        """The maps of the state that have a bound of their bytes beside them."""
        return bounded_maps(self.item)

    def state_bytes(self, attribute: str) -> int | None:
        """The stored upper bound of the bytes of the preferences or the metadata, if there is
        one."""
        return self._counter(STATE_BYTES[attribute])

    def map_of(self, attribute: str) -> JsonObject | None:
        """The preferences or the metadata; None if the record has none."""
        value = self.item.get(attribute)
        if value is None:
            return None
        if "M" not in value:
            raise self._corrupt(f"{attribute} is not an object")
        return unmarshal_map(value["M"])

    def _json(self, attribute: str) -> Any:
        value = self.item.get(attribute)
        return None if value is None else unmarshal(value)

    def _counter(self, attribute: str) -> int | None:
        value = self._json(attribute)
        if value is None and attribute not in self.item:
            return None
        if type(value) is not int:
            raise self._corrupt(f"{attribute} is not an integer")
        return value

    def _required(self, attribute: str) -> int:
        value = self._counter(attribute)
        if value is None:
            raise self._corrupt(f"{attribute} is missing")
        return value

    def _corrupt(self, reason: str) -> CorruptSessionError:
        return CorruptSessionError(BACKEND, self.session_id, reason)


def _id_of(message: AttributeValue) -> str:
    return str(message.get("M", {}).get("messageId", {}).get("S", ""))


def _weight_of(message: AttributeValue) -> int:
    document = unmarshal(message)
    if isinstance(document, dict):
        document.pop(AMENDED_NAME, None)
    return message_weight(_id_of(message), stored_size(document))
