"""Where a scan stands between two calls."""

import json
from dataclasses import dataclass, field

from chatstore.errors import InvalidCursorError
from chatstore.values.json_values import json_text


@dataclass(frozen=True, slots=True)
class ScanPosition:
    """A node and its cursor, and the ids of sessions that were found but not shown yet: a server
    gives a few more than it was asked for."""

    next: tuple[str, int] | None = ("", 0)
    """None: every node has been seen to its end."""
    waiting: list[str] = field(default_factory=list[str])

    @property
    def is_end(self) -> bool:
        """Whether nothing is left."""
        return self.next is None and not self.waiting

    @property
    def token(self) -> str:
        """The position as text."""
        return json_text([self.next, self.waiting])


def scan_position(token: str) -> ScanPosition:
    """The position that a token stands for; `InvalidCursorError` if it is none."""
    try:
        following, waiting = json.loads(token)
        # A token that was made by hand may hold anything.
        node, cursor = ("", 0) if following is None else following
        if (
            isinstance(node, str)
            and type(cursor) is int
            and 0 <= cursor < 2**64
            and isinstance(waiting, list)
            and all(isinstance(session_id, str) for session_id in waiting)
            # A lone surrogate is in no key.
            and node.encode() is not None
            and "".join(waiting).encode() is not None
        ):
            return ScanPosition(None if following is None else (node, cursor), waiting)
    except (TypeError, ValueError, RecursionError):
        pass
    raise InvalidCursorError
