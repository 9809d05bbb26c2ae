"""What scripts answer about a session, and the records that are made of it: the way back from the
fields of a hash. What is stored is copied, never decoded."""

import re
from collections.abc import Iterable, Sequence
from itertools import count
from typing import overload

from pydantic_core import from_json

from chatstore.engine import MessagesFound, Record, Stored, document_weights, message_weight
from chatstore_redis.fields import INFO_FIELDS, MAPS, NUMBERS, TEXTS

_USER_ID = INFO_FIELDS.index(b"userId")
_CREATED_AT = INFO_FIELDS.index(b"createdAt")
_STATUS = INFO_FIELDS.index(b"sessionStatus")
_TTL = INFO_FIELDS.index(b"ttl")
_NUMBERS_FROM = len(TEXTS)
_COUNT_AT = _NUMBERS_FROM + NUMBERS.index("messageCount")
_MAPS_FROM = _NUMBERS_FROM + len(NUMBERS)
_UNKNOWN_AT = _MAPS_FROM + len(MAPS)
_HISTORY_AT = _UNKNOWN_AT + 1

_MEMBERS = (
    *(f'"{name}":"%b"'.encode() for name in TEXTS),
    *(f'"{name}":%b'.encode() for name in NUMBERS),
    *(f'"{name}":{{%b}}'.encode() for name in MAPS),
)
_ALL_MEMBERS = b",".join(_MEMBERS)

_TO_ESCAPE = re.compile(rb'["\\\x00-\x1f]')
_SIZE = re.compile(rb"[0-9]{1,15}")
_WHOLE = re.compile(rb"-?[0-9]{1,19}")
_MISSING = b"a message is missing"
_UNREADABLE = b"\xff"
_NEWER = b"newer"
"""What every script answers about a session in a form that it does not know."""


class NewerFormError(Exception):
    """A session is stored in a form that a later chatstore made."""


Info = Sequence[bytes | None]
"""The values of `INFO_FIELDS`; None where there is none."""


def info_and_messages(answer: bytes) -> tuple[Info, Sequence[bytes | None]]:
    """What a script answers: the values of `INFO_FIELDS`, and the fields of the messages that
    were asked for. Their number comes first; the bytes between them and for a missing one are
    none of UTF-8's. Raises `NewerFormError`."""
    if answer == _NEWER:
        raise NewerFormError
    number, *values = answer.split(b"\xff")
    if len(values) != int(number):
        # Some stored value is no UTF-8, and where the others begin is not known: so the record is
        # there, and can't be read.
        legible = values[: _CREATED_AT + 1]
        rest = len(INFO_FIELDS) - len(legible) - 1
        return [*legible, _UNREADABLE, *[None] * rest], [None]
    found: Sequence[bytes | None] = values
    if b"\xfe" in answer:
        found = [None if value == b"\xfe" else value for value in values]
    return found[: len(INFO_FIELDS)], found[len(INFO_FIELDS) :]


def record(answer: bytes | None) -> Record | None:
    """The record that a script answers with; None for None."""
    if answer is None:
        return None
    info, messages = info_and_messages(answer)
    body = session_json(info, messages)
    return Record(owner(info), ttl(info), body, Weights(messages))


def stored(answer: bytes, *, with_window: bool) -> Stored:
    """What an append or an update answers with."""
    info, messages = info_and_messages(answer)
    if not with_window:
        return Stored(session_json(info, None))
    return Stored(session_json(info, messages), Weights(messages))


def messages_found(answer: bytes | None, *, newest_first: bool) -> MessagesFound | None:
    """The page of messages that a script answers with; None for None."""
    if answer is None:
        return None
    info, values = info_and_messages(answer)
    found = Record(owner(info), ttl(info), session_json(info, None))
    if len(values) < 2:
        return MessagesFound(found, ())  # the record can't be read
    end, kept, *messages = values
    # The message behind the last one stands where the count says, and not before those kept.
    behind = max(message_count(info) or 0, int(kept or 0))
    first, step = behind - int(end or 0), -1 if newest_first else 1
    bodies = (
        _MISSING if message is None else message[message.rfind(b"\0") + 1 :] for message in messages
    )
    return MessagesFound(found, list(zip(count(first, step), bodies, strict=False)))


class Weights(Sequence[int]):
    """The weights of a window's messages, which are read from their fields once somebody asks."""

    def __init__(self, messages: Sequence[bytes | None]) -> None:
        self._messages = messages

    def __len__(self) -> int:
        return len(self._messages)

    @overload
    def __getitem__(self, index: int) -> int: ...
    @overload
    def __getitem__(self, index: slice) -> list[int]: ...
    def __getitem__(self, index: int | slice) -> int | list[int]:
        if isinstance(index, slice):
            return [_weight(message) for message in self._messages[index]]
        return _weight(self._messages[index])


def _weight(message: bytes | None) -> int:
    head, _, text = (message or b"").rpartition(b"\0")
    size, nul, message_id = head.partition(b"\0")
    if nul and _SIZE.fullmatch(size):
        return message_weight(message_id.decode(errors="replace"), int(size))
    # Another program wrote it, and its text could be read.
    (weight,) = document_weights([from_json(text)])
    return weight


def owner(info: Info) -> str | None:
    """The session's owner."""
    return _text(info[_USER_ID])


def created_at(info: Info) -> str | None:
    """The session's `createdAt`, as stored."""
    return _text(info[_CREATED_AT])


def status(info: Info) -> str:
    """The session's status; it is active if none is stored."""
    return _text(info[_STATUS]) or "active"


def ttl(info: Info) -> object:
    """The session's ttl: an int, None, or whatever else is stored."""
    value = info[_TTL]
    return int(value) if value is not None and _WHOLE.fullmatch(value) else value


def message_count(info: Info) -> int | None:
    """The session's count of messages; None if there is none, or it is no number."""
    value = info[_COUNT_AT]
    return int(value) if value is not None and _WHOLE.fullmatch(value) else None


def message_parts(message: bytes | None) -> tuple[str, bytes]:
    """The id and the JSON text in a message's field; empty for what is not one."""
    parts = (message or b"").split(b"\0", 2)
    return (parts[1].decode(errors="replace"), parts[2]) if len(parts) == 3 else ("", b"")


def history(info: Info) -> int | None:
    """The window of a session with history; None for one without."""
    value = info[_HISTORY_AT]
    return int(value) if value is not None and _WHOLE.fullmatch(value) else None


def session_json(info: Info, messages: Iterable[bytes | None] | None) -> bytes:
    """The JSON text of a session, from its fields and its messages' fields (None: without them).

    What is stored and can't be read leaves text that can't be read either.
    """
    members = [_known_members(info)]
    if unknown := info[_UNKNOWN_AT]:
        members.append(_unpacked(unknown))
    if window := info[_HISTORY_AT]:
        members.append(b'"history":%b' % window)
    if messages is not None:
        texts = [
            _MISSING if message is None else message[message.rfind(b"\0") + 1 :]
            for message in messages
        ]
        members.append(b'"messages":[%b]' % b",".join(texts))
    return b"{%b}" % b",".join(filter(None, members))


def _known_members(info: Info) -> bytes:
    values = list(info[:_UNKNOWN_AT])
    if _TO_ESCAPE.search(b"".join(filter(None, values[:_NUMBERS_FROM]))) is not None:
        values[:_NUMBERS_FROM] = [text and _escaped(text) for text in values[:_NUMBERS_FROM]]
    for place in range(_MAPS_FROM, _UNKNOWN_AT):
        if packed := values[place]:
            values[place] = _unpacked(packed)
    if None not in values:
        return _ALL_MEMBERS % tuple(values)
    pairs = zip(_MEMBERS, values, strict=True)
    return b",".join(member % value for member, value in pairs if value is not None)


def _unpacked(packed: bytes) -> bytes:
    names_and_values = packed.split(b"\0")
    if len(names_and_values) % 2 == 0 or names_and_values[-1]:
        return packed
    pairs = zip(names_and_values[0::2], names_and_values[1::2], strict=False)
    return b",".join(b'"' + _escaped(name) + b'":' + value for name, value in pairs)


def _escaped(text: bytes) -> bytes:
    """The inside of a JSON string."""
    if _TO_ESCAPE.search(text) is None:
        return text
    return _TO_ESCAPE.sub(lambda found: b"\\u%04x" % found.group()[0], text)


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode(errors="replace")
