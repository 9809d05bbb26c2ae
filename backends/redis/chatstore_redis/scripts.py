"""The Lua scripts: one for each write and read, each on the one key of its session.

They compare, count and move text; they decode and encode no JSON. Their texts lie in `lua/`, as the
server runs them; in the repository `backends/redis/lua` has the parts that they are made of.
"""

import hashlib
from collections.abc import Sequence
from importlib.resources import files

from chatstore_redis.commands import Argument, Command, packed_part

MISSING = b"missing"
"""The answer where no live session of that owner is there."""
CONFLICT = b"conflict"
"""The answer where the session is at another version."""
MET = b"met"
"""The answer of an append that met messages of its batch otherwise than a plain retry would."""
UNKNOWN = b"unknown"
"""The answer where the window lacks the message."""
HEAVY = b"heavy"
"""What an answer begins with that has numbers: messages are too heavy for where they are to go."""
CORRUPT = b"corrupt"
"""The answer where the write must change or go through what can't be true."""


class Script:
    """A Lua text, and the digest under which a server keeps it."""

    def __init__(self, text: bytes) -> None:
        # Redis names a script by its SHA-1.
        digest = hashlib.sha1(text, usedforsecurity=False).hexdigest()
        self._by_digest = packed_part(b"EVALSHA", digest)
        self._by_text = packed_part(b"EVAL", text)

    def by_digest(self, keys: Sequence[bytes], arguments: Sequence[Argument] = ()) -> Command:
        """The command that runs it on keys of one server, which has it."""
        return _call(self._by_digest, keys, arguments)

    def by_text(self, keys: Sequence[bytes], arguments: Sequence[Argument] = ()) -> Command:
        """The same on a server that may lack it."""
        return _call(self._by_text, keys, arguments)


def _call(head: bytes, keys: Sequence[bytes], arguments: Sequence[Argument]) -> Command:
    given = packed_part(len(keys), *keys, *arguments)
    return Command(keys[0], b"*%d\r\n%b%b" % (3 + len(keys) + len(arguments), head, given))


def _script(name: str) -> Script:
    return Script((files("chatstore_redis") / "lua" / f"{name}.lua").read_bytes())


READ = _script("read_session")
"""A session with its window, or the newest messages of it."""

MESSAGES = _script("read_messages")
"""A page of the messages that are kept of a session."""

INFO = _script("read_info")
"""A session without its window."""

PUT = _script("write_session")
"""Writes a whole session in place of what lies there: `create` and `restore`."""

INSTALL = _script("install_session")
"""Puts a whole session, which lies under another key, in place of what lies there: `restore`."""

APPEND = _script("append")
REWRITE = _script("rewrite")
UPDATE = _script("update")
AMEND = _script("amend")
DELETE = _script("delete")

DELETE_OF_USER = _script("delete_of_user")
"""Removes a session of one owner, expired or not: `delete_user`."""

DELETE_EXPIRED = _script("delete_expired")
"""Removes a session if it has expired: `purge_expired`."""

CACHE_PUT = _script("cache_put")
CACHE_BURY = _script("cache_bury")

PING = _script("ping")
"""Shows that a server allows what the other scripts do: `ping`."""
