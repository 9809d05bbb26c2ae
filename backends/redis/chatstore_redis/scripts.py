"""The Lua scripts: one for each write and read, each on the one key of its session.

They compare, count and move text; they decode and encode no JSON. Their texts lie in `lua/`, each
behind the parts that it shares with others.
"""

import hashlib
from dataclasses import dataclass
from importlib.resources import files

from chatstore_redis.fields import INFO_FIELDS

MISSING = b"missing"
"""The answer where no live session of that owner is there."""
CONFLICT = b"conflict"
"""The answer where the session is at another version."""
CORRUPT = b"corrupt"
"""The answer where a counter that the write must change is no number."""


@dataclass(frozen=True, slots=True)
class Script:
    """A Lua text, and the digest under which a server keeps it."""

    text: bytes
    digest: bytes


def _script(*parts: str) -> Script:
    names = ", ".join(f"'{name.decode()}'" for name in INFO_FIELDS)
    lua = files("chatstore_redis") / "lua"
    bodies = [(lua / f"{part}.lua").read_text("utf-8") for part in parts]
    text = "\n".join([f"local INFO_FIELDS = {{{names}}}", *bodies]).encode()
    # Redis names a script by its SHA-1.
    digest = hashlib.sha1(text, usedforsecurity=False).hexdigest()
    return Script(text, digest.encode())


READ = _script("common", "read")
"""A whole session."""

INFO = _script("common", "info")
"""A session without its window."""

PUT = _script("common", "put")
"""Writes a whole session in place of what lies there: `create` and `restore`."""

APPEND = _script("common", "write", "append")
REWRITE = _script("common", "write", "rewrite")
UPDATE = _script("common", "write", "update")
DELETE = _script("common", "delete")

ERASE = _script("common", "erase")
"""Removes a session of one owner, expired or not: `delete_user`."""

RECLAIM = _script("common", "reclaim")
"""Removes a session if it has expired: `purge_expired`."""

CACHE_MEET = _script("cache/meet")
CACHE_BURY = _script("cache/bury")
