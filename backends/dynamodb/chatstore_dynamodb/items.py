"""The stored item: a session's attributes as they are named in the table, and `messages` as a list
of maps that other services can read."""

from collections.abc import Sequence
from typing import Any

from chatstore.errors import CorruptSessionError
from chatstore.models import JsonObject
from chatstore.policy import RetentionPolicy
from chatstore.record.stored import Record, StoredMessage, StoredSession, message_weight
from chatstore.values.json_values import stored_size
from chatstore_dynamodb.marshalling import (
    AttributeValue,
    Item,
    marshal,
    marshal_map,
    unmarshal,
    unmarshal_map,
)

BACKEND = "dynamodb"

DEFAULT_INDEX = "userId-index"
"""The user index's name, unless another one is given."""

WINDOW_BYTES = "windowBytes"
"""An upper bound of the window's weight, in bytes; there if bytes may decide the window, or beside
a set of ids."""

MESSAGE_IDS = "messageIds"
"""The ids of the window's messages, as a string set; there if the window may have more messages
than one condition can look through. It may hold ids of messages that fell out of the window, until
a compare-and-set makes it exact; `windowBytes` counts them."""

OTHER_NAMES = "otherNames"
"""The names of a session's attributes that chatstore does not know, as a string set, where
chatstore wrote them: a listing names what it reads, and could not know of them otherwise."""

LISTED = (
    *("sessionId", "userId", "createdAt", "updatedAt", "ttl", "userPreferences", "metadata"),
    *("messageCount", "sessionStatus", "version", "creationId"),
)
"""What a listing reads: every attribute that chatstore knows, but the messages."""

LONGEST_SLIDE = 99
"""The longest window that one expression can slide and look through for duplicates: its condition
then has some 210 of the 300 operators and 2.7 of the 4 KB that DynamoDB allows."""

_OWN = frozenset({WINDOW_BYTES, MESSAGE_IDS, OTHER_NAMES})
_OWN_AND_MESSAGES = _OWN | {"messages"}


def key(session_id: str) -> Item:
    """The primary key of a session."""
    return {"sessionId": {"S": session_id}}


def new_item(session: StoredSession, policy: RetentionPolicy) -> Item:
    """The whole item of a record, with what the policy's appends will look for."""
    others = session.info.keys() - set(LISTED)
    return {
        **marshal_map(session.info),
        **({OTHER_NAMES: {"SS": sorted(others)}} if others else {}),
        "messages": marshal_messages(session.messages),
        **window_attributes(
            policy,
            [message.message_id for message in session.messages],
            sum(message.weight for message in session.messages),
        ),
    }


def marshal_messages(messages: Sequence[StoredMessage]) -> AttributeValue:
    """The list attribute of some messages."""
    return {"L": [marshal(message.document) for message in messages]}


def needs_ids(policy: RetentionPolicy) -> bool:
    """Whether windows under this policy keep their message ids in a set."""
    return policy.max_messages is None or policy.max_messages > LONGEST_SLIDE


def keeps_bytes(policy: RetentionPolicy) -> bool:
    """Whether windows under this policy keep a bound of their bytes: where bytes may decide the
    window, and where the set of ids must not grow for ever."""
    return not policy.count_decides or needs_ids(policy)


def window_attributes(policy: RetentionPolicy, message_ids: Sequence[str], weight: int) -> Item:
    """The attributes of chatstore's own that a window under this policy keeps beside it."""
    attributes: Item = {}
    if keeps_bytes(policy):
        attributes[WINDOW_BYTES] = {"N": str(weight)}
    if needs_ids(policy) and message_ids:
        # A set may not be empty; an empty window has none.
        attributes[MESSAGE_IDS] = {"SS": list(message_ids)}
    return attributes


def record(item: Item) -> Record:
    """The record in an item, messages included."""
    document = _without(item, _OWN)
    return Record(document.get("userId"), document.get("ttl"), document)


def info_body(item: Item) -> JsonObject:
    """The record in an item, without its messages."""
    body = _without(item, _OWN_AND_MESSAGES)
    if "messageCount" not in body and "L" in item.get("messages", {}):
        # Other services may not count; a reader of the messages would count those that are there.
        body["messageCount"] = len(item["messages"]["L"])
    return body


def may_have_others(listed: Item) -> bool:
    """Whether an item, of which a listing read what it names, may have attributes that chatstore
    does not know: others wrote it, or it was restored with some."""
    return "creationId" not in listed or OTHER_NAMES in listed


def other_attributes(item: Item, body: JsonObject) -> JsonObject:
    """What a whole item has beside a listed body, a count of its messages included where nobody
    stored one; nothing if the id has another life by now."""
    whole = info_body(item)
    same = all(whole.get(name) == body.get(name) for name in ("userId", "createdAt", "creationId"))
    missing = whole.keys() - body.keys() - (set(LISTED) - {"messageCount"})
    return {name: whole[name] for name in missing} if same else {}


def _without(item: Item, names: frozenset[str]) -> JsonObject:
    return {name: unmarshal(value) for name, value in item.items() if name not in names}


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
