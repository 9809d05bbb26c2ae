"""A session as the fields of one hash; `answers` has the way back.

- `sessionId`, `userId`, `createdAt`, `updatedAt`, `sessionStatus`, `creationId`: the text itself.
- `ttl`, `messageCount`, `version`, `history`: the number's JSON text.
- `userPreferences`, `metadata`, `unknown` (the attributes that chatstore does not know): each entry
  as its name, NUL, its JSON text, NUL. Neither holds NUL, so a script splits and joins them.
- `m:SEQUENCE`: a message, as its size, NUL, its id, NUL, its JSON text. Numbers have no gaps.
- `i:ID`: the sequence number of the newest message with that id.
- `first`, `next`: the window holds the messages from `first` to below `next`. What lies before it
  belongs to a session with history, from number 0 on.
- `weight`: the weights of the window's messages, added up. Of a session with history `2:` stands
  before it, the number of this form: the first form's is left out.

Everything is bytes: what is stored is copied into the answer, never decoded on the way.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain

from chatstore.engine import Patch, StoredMessage, StoredSession, window_policy
from chatstore.models import JsonObject
from chatstore.values.json_values import json_bytes, json_text

# The owner and the time first: whatever stands in the others, a listing knows whose session it is.
TEXTS = ("userId", "createdAt", "sessionId", "updatedAt", "sessionStatus", "creationId")
NUMBERS = ("ttl", "messageCount", "version")
MAPS = ("userPreferences", "metadata")
UNKNOWN = "unknown"
HISTORY = "history"

INFO_FIELDS = tuple(name.encode() for name in (*TEXTS, *NUMBERS, *MAPS, UNKNOWN, HISTORY))
"""The fields of a session without its messages, in the order in which scripts answer."""

_KNOWN = frozenset((*TEXTS, *NUMBERS, *MAPS, HISTORY))


def session_fields(session: StoredSession) -> dict[bytes, bytes]:
    """The whole hash of a session."""
    messages = session.messages
    weights = [message.weight for message in messages]
    return (
        info_fields(session.info)
        | window_fields(session.history, len(messages), weights)
        | dict(message_fields(messages, start=0))
    )


def info_fields(info: JsonObject) -> dict[bytes, bytes]:
    """The fields of a session without its messages."""
    fields: dict[bytes, bytes] = {}
    for name in TEXTS:
        if name in info:
            fields[name.encode()] = str(info[name]).encode()
    for name in (*NUMBERS, HISTORY):
        if name in info:
            fields[name.encode()] = json_bytes(info[name])
    for name in MAPS:
        if name in info:
            fields[name.encode()] = _packed(info[name])
    if unknown := {name: value for name, value in info.items() if name not in _KNOWN}:
        fields[UNKNOWN.encode()] = _packed(unknown)
    return fields


def window_fields(
    history: int | None, following: int, weights: Sequence[int]
) -> dict[bytes, bytes]:
    """The fields that say where the window is: it ends below sequence number `following`. `weights`
    are those of all messages, oldest first; of a session with history so many of the newest do."""
    length, mark = len(weights), b""
    if history is not None:
        length, mark = window_policy(history).window(length, lambda: weights), b"2:"
    return {
        b"first": b"%d" % (following - length),
        b"next": b"%d" % following,
        b"weight": b"%b%d" % (mark, sum(weights[len(weights) - length :])),
    }


def message_fields(
    messages: Iterable[StoredMessage], *, start: int
) -> Iterator[tuple[bytes, bytes]]:
    """The fields of messages whose sequence numbers begin at `start`."""
    for sequence, message in enumerate(messages, start):
        yield b"m:%d" % sequence, packed_message(message)
        yield b"i:" + message.message_id.encode(), b"%d" % sequence


def packed_message(message: StoredMessage) -> bytes:
    """A message as its field holds it."""
    head = f"{message.size}\0{message.message_id}\0"
    return head.encode() + json_bytes(message.document)


def packed_patch(patch: Patch) -> list[bytes]:
    """A patch as scripts take it: the status or nothing; the number of the preferences; then names
    and values by turns, of the preferences and of the metadata. An empty value removes its name."""
    flat = [(patch.session_status or "").encode(), b"%d" % len(patch.user_preferences)]
    for name, value in chain(patch.user_preferences.items(), patch.metadata.items()):
        flat += [name.encode(), b"" if value is None else json_bytes(value)]
    return flat


def _packed(entries: Mapping[str, object]) -> bytes:
    return "".join(f"{name}\0{json_text(value)}\0" for name, value in entries.items()).encode()
