"""The stored item: a session's attributes as they are named in the table, and `messages` as a list
of maps that other services can read."""

from collections.abc import Sequence

from chatstore.models import JsonObject
from chatstore.policy import RetentionPolicy
from chatstore.record.state import MAX_STATE_BYTES, entry_size, state_size
from chatstore.record.stored import (
    Record,
    StoredMessage,
    StoredSession,
)
from chatstore_dynamodb.attribute_values import (
    AttributeValue,
    Item,
    marshal,
    marshal_map,
    unmarshal_without,
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

STATE_BYTES = {"userPreferences": "preferencesBytes", "metadata": "metadataBytes"}
"""For each map of the state, the attribute with an upper bound of its bytes. Where chatstore made
the session and there is none, no entry of the map is larger than `SMALL_ENTRY`."""

SMALL_ENTRY = 1_024

HISTORY = "history"
HISTORY_ID = "historyId"
ARCHIVED = "archived"
EDITS = "edits"
"""Of a session with history: how many messages are its window; what its chunks are stored under;
the position of the first message in the item; how often messages in the item were changed. Then
`windowBytes` is exact."""

GONE = 0
"""The `ttl` of a session with history that was deleted, and whose chunks are being removed."""

OTHER_NAMES = "otherNames"
"""The names of a session's attributes that chatstore does not know, as a string set, where
chatstore wrote them: a listing names what it reads, and could not know of them otherwise."""

LISTED = (
    *("sessionId", "userId", "createdAt", "updatedAt", "ttl", "userPreferences", "metadata"),
    *("messageCount", "sessionStatus", "version", "creationId", HISTORY),
)
"""What a listing reads: every attribute that chatstore knows, but the messages."""

LONGEST_SLIDE = 99
"""The longest window that one expression can slide and look through for duplicates: its condition
then has some 210 of the 300 operators and 2.7 of the 4 KB that DynamoDB allows."""

_OWN = frozenset(
    {
        *(WINDOW_BYTES, MESSAGE_IDS, OTHER_NAMES, HISTORY_ID, ARCHIVED, EDITS),
        *STATE_BYTES.values(),
    }
)
_OWN_AND_MESSAGES = _OWN | {"messages"}


def key(session_id: str) -> Item:
    """The primary key of a session."""
    return {"sessionId": {"S": session_id}}


def new_item(session: StoredSession, policy: RetentionPolicy) -> Item:
    """The whole item of a record, with what the policy's appends will look for."""
    return {
        **_info_item(session),
        "messages": marshal_messages(session.messages),
        **window_attributes(
            policy,
            [message.message_id for message in session.messages],
            sum(message.weight for message in session.messages),
        ),
    }


def new_history_item(
    session: StoredSession, messages: Sequence[StoredMessage], history_id: str, archived: int
) -> Item:
    """The whole item of a record with history, of which so many messages are in chunks already and
    `messages` follow."""
    return {
        **_info_item(session),
        "messages": marshal_messages(messages),
        HISTORY_ID: {"S": history_id},
        ARCHIVED: {"N": str(archived)},
        EDITS: {"N": "0"},
        WINDOW_BYTES: {"N": str(sum(message.weight for message in messages))},
    }


def _info_item(session: StoredSession) -> Item:
    others = session.info.keys() - set(LISTED)
    bounds: Item = {}
    for name, bound in STATE_BYTES.items():
        entries: JsonObject = session.info.get(name, {})
        if needs_bound(entries):
            bounds[bound] = {"N": str(state_size(entries))}
    return {
        **marshal_map(session.info),
        **bounds,
        **({OTHER_NAMES: {"SS": sorted(others)}} if others else {}),
    }


def needs_bound(entries: JsonObject) -> bool:
    """Whether the bytes of a map are not bounded by the number of its entries alone."""
    return len(entries) * SMALL_ENTRY > MAX_STATE_BYTES or any(
        entry_size(name, value) > SMALL_ENTRY for name, value in entries.items()
    )


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


def bounded_maps(item: Item) -> frozenset[str]:
    """The maps of the state that have a bound of their bytes beside them."""
    return frozenset(name for name, bound in STATE_BYTES.items() if bound in item)


def record(item: Item) -> Record:
    """The record in an item, messages included."""
    document = unmarshal_without(item, _OWN)
    return Record(document.get("userId"), document.get("ttl"), document)


def info_body(item: Item) -> JsonObject:
    """The record in an item, without its messages."""
    body = unmarshal_without(item, _OWN_AND_MESSAGES)
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
