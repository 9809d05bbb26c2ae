"""An item that came back, as the next write needs to see it."""

from typing import Any

from chatstore.errors import CorruptSessionError
from chatstore.models import JsonObject
from chatstore.record.stored import message_weight
from chatstore.values.json_values import stored_size
from chatstore_dynamodb.attribute_values import AttributeValue, Item, unmarshal, unmarshal_map
from chatstore_dynamodb.items import BACKEND, MESSAGE_IDS, WINDOW_BYTES


class StoredItem:
    """An item that came back, as the next write needs to see it."""

    def __init__(self, session_id: str, item: Item) -> None:
        self._session_id = session_id
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
        return [
            message_weight(_id_of(message), stored_size(unmarshal(message)))
            for message in self.messages
        ]

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

    def _corrupt(self, reason: str) -> CorruptSessionError:
        return CorruptSessionError(BACKEND, self._session_id, reason)


def _id_of(message: AttributeValue) -> str:
    return str(message.get("M", {}).get("messageId", {}).get("S", ""))
