"""The Lua scripts: one for each write and read, each on the one key of its session.

They compare, count and move text; they decode and encode no JSON. Their texts lie in `lua/`, each
behind the parts that it shares with others.
"""

import hashlib
import re
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


_NAMES = [name.decode() for name in INFO_FIELDS]
_PLACES = [re.sub("(?=[A-Z])", "_", name).upper() for name in (*_NAMES, "first", "next", "weight")]
_HEAD = f"""
local key = KEYS[1]
local INFO = {len(_NAMES)}
local {", ".join(_PLACES)} = {", ".join(str(1 + place) for place in range(len(_PLACES)))}
-- The values of a session's info, and of these other fields behind it; false where there is none.
local function fetch(...)
  return redis.call('HMGET', key, {", ".join(f"'{name}'" for name in _NAMES)}, ...)
end
"""


def _script(name: str, *, head: str = _HEAD) -> Script:
    text = f"{head}\n{_expanded(name)}"
    # Redis names a script by its SHA-1.
    digest = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
    return Script(text.encode(), digest.encode())


def _expanded(name: str) -> str:
    """The text of a file in `lua/`, with each line `--> NAME` replaced by the text of that one."""
    text = (files("chatstore_redis") / "lua" / f"{name}.lua").read_text("utf-8")
    return re.sub(r"(?m)^ *--> (\w+)\n", lambda part: _expanded(part[1]), text)


READ = _script("read")
"""A whole session."""

INFO = _script("info")
"""A session without its window."""

PUT = _script("put")
"""Writes a whole session in place of what lies there: `create` and `restore`."""

APPEND = _script("append")
REWRITE = _script("rewrite")
UPDATE = _script("update")
DELETE = _script("delete")

ERASE = _script("erase")
"""Removes a session of one owner, expired or not: `delete_user`."""

RECLAIM = _script("reclaim")
"""Removes a session if it has expired: `purge_expired`."""

CACHE_MEET = _script("cache/meet", head="")
CACHE_BURY = _script("cache/bury", head="")

PROVE = _script("prove", head="")
"""Shows that a server allows what the other scripts do: `ping`."""
