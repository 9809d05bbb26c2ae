"""The names of keys, and the members of a user index.

A key is `PREFIX:s:ID` for a session, `PREFIX:u:ID` for a user's index and `PREFIX:c:ID` for what a
cache holds of a session. Under `PREFIX:t:…` lies, for as long as that takes, what is written in
pieces. In an id, `%`, `:`, `{` and `}` are written `%25`, `%3A`, `%7B` and `%7D`. So the last two
colons of a key always end its prefix and its kind, no two ids or prefixes share a key, and no id
holds the braces by which a cluster would choose the slot from a part of the key.
"""

import re
import uuid
from itertools import chain, count

from redis.crc import key_slot

from chatstore.engine.cursor import Position
from chatstore.errors import ConfigurationError
from chatstore.values.json_values import require_text

_ENCODED = {"%": "%25", ":": "%3A", "{": "%7B", "}": "%7D"}
_TO_ENCODE = str.maketrans(_ENCODED)
_TO_DECODE = {code: character for character, code in _ENCODED.items()}
_CODE = re.compile("%(?:25|3A|7B|7D)")
_GLOB = str.maketrans({character: f"\\{character}" for character in "*?[]^\\"})

_SESSION = "s"
_INDEX = "u"
_CACHED = "c"
_ASIDE = "t"

_SEPARATOR = b"\0"
"""Between `createdAt` and the id in a member. No text of ours holds NUL, and every other byte is
greater: so members compare, byte by byte, as the pairs do by code points, whatever the lengths of
the times that other services wrote."""


class Keys:
    """The keys of one deployment: all begin with its `prefix`."""

    def __init__(self, prefix: str) -> None:
        self.prefix = require_text("prefix", prefix)
        if not self.prefix:
            raise ConfigurationError("prefix: give at least 1 character, such as 'chatstore'")

    def session(self, session_id: str) -> bytes:
        """The key of a session."""
        return self._key(_SESSION, session_id)

    def index(self, user_id: str) -> bytes:
        """The key of a user's index."""
        return self._key(_INDEX, user_id)

    def cached(self, session_id: str) -> bytes:
        """The key of what a cache holds of a session."""
        return self._key(_CACHED, session_id)

    def nobodys(self, number: int) -> bytes:
        """A key like a session's that no session has: no id holds NUL."""
        return self._key(_SESSION, f"\0{number}")

    def beside(self, session_id: str) -> bytes:
        """A new key, of no session, in the slot of a session's key."""
        own, token = self.session(session_id), uuid.uuid4().hex
        start = f"{self.prefix}:{_ASIDE}:".encode()
        slot = key_slot(own)
        # A prefix may hold braces that choose a slot, and even such as choose none.
        others = (b"%b%d:%b" % (start, number, token.encode()) for number in count())
        candidates = chain([b"%b{%b}:%b" % (start, own, token.encode())], others)
        return next(each for each in candidates if key_slot(each) == slot)

    @property
    def session_pattern(self) -> bytes:
        """What SCAN matches to find every session; also keys of prefixes that go on from ours."""
        return f"{literal_glob(self.prefix)}:{_SESSION}:*".encode()

    @property
    def index_pattern(self) -> bytes:
        """What SCAN matches to find every index; also keys of prefixes that go on from ours."""
        return f"{literal_glob(self.prefix)}:{_INDEX}:*".encode()

    def session_id(self, key: bytes) -> str | None:
        """The id of a session's key; None for a key that is not one of this deployment's."""
        return self._id(_SESSION, key)

    def user_id(self, key: bytes) -> str | None:
        """The id of an index's key; None for a key that is not one of this deployment's."""
        return self._id(_INDEX, key)

    def _key(self, kind: str, record_id: str) -> bytes:
        return f"{self.prefix}:{kind}:{record_id.translate(_TO_ENCODE)}".encode()

    def _id(self, kind: str, key: bytes) -> str | None:
        start = f"{self.prefix}:{kind}:".encode()
        if not key.startswith(start) or b":" in key[len(start) :]:
            return None
        try:
            text = key[len(start) :].decode()
        except UnicodeDecodeError:
            return None
        return _CODE.sub(lambda code: _TO_DECODE[code.group()], text)


def literal_glob(text: str) -> str:
    """The pattern of SCAN that matches `text` and nothing else."""
    return text.translate(_GLOB)


def member(position: Position) -> bytes:
    """A session's member in its user's index."""
    return position.created_at.encode() + _SEPARATOR + position.session_id.encode()


def position(found: bytes) -> Position:
    """The position that a member stands for."""
    created_at, _, session_id = found.partition(_SEPARATOR)
    # A member that is no UTF-8 names no session; it is passed over like any other dead one.
    return Position(created_at.decode(errors="replace"), session_id.decode(errors="replace"))


def lexical_range(
    *,
    after: Position | None,
    newest_first: bool,
    created_from: str | None,
    created_before: str | None,
) -> tuple[bytes, bytes]:
    """The low and the high end of the members that a listing asks for, in ZRANGE BYLEX's form.

    Times stand in for members: of the members of one instant, each is greater than the bare time.
    """
    low = b"-" if created_from is None else b"[" + created_from.encode()
    high = b"+" if created_before is None else b"(" + created_before.encode()
    if after is not None:
        edge = b"(" + member(after)
        if newest_first and (high == b"+" or edge[1:] < high[1:]):
            high = edge
        if not newest_first and (low == b"-" or edge[1:] > low[1:]):
            low = edge
    return low, high
