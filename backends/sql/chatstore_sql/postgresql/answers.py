"""What the functions answer with: an outcome, and a session's row with its window.

Everything arrives as text, and most of it is only put together into the text of a record.
"""

import json
from collections.abc import Sequence
from typing import NamedTuple

from chatstore.engine import Record, Stored
from chatstore.record.stored import Body
from chatstore_sql.columns import SHOWN, SessionRow
from chatstore_sql.rows import read_weights, session_text

_FIRST = 2
_SHOWN_END = _FIRST + len(SHOWN)
_TTL = _FIRST + SessionRow._fields.index("ttl")
_COLUMNS = SessionRow._fields


def _place(name: str) -> int:
    return _FIRST + _COLUMNS.index(name)


class Answer:
    """One row that a function answered with."""

    __slots__ = ("_row",)

    def __init__(self, row: Sequence[str | None]) -> None:
        self._row = row

    @property
    def outcome(self) -> str:
        """What came of the call."""
        return self._row[0] or ""

    @property
    def detail(self) -> str:
        """What the outcome says more."""
        return self._row[1] or ""

    def number(self, column: str) -> int:
        """A number on the session's row."""
        return int(self._row[_place(column)] or 0)

    @property
    def history(self) -> int | None:
        """The session's own `history`."""
        found = self._row[_place("history")]
        return None if found is None else int(found)

    @property
    def session_id(self) -> str:
        """The session's id."""
        return self._row[_FIRST] or ""

    @property
    def info(self) -> Body:
        """The session without its messages."""
        return session_text(self._row[_FIRST:_SHOWN_END])

    @property
    def stored(self) -> Stored:
        """The session with its window."""
        return Stored(self._whole, self._weights)

    @property
    def record(self) -> Record:
        """The same with what decides who may see it."""
        return Record(self._row[_FIRST + 1], self._ttl, self._whole, self._weights)

    @property
    def record_of_info(self) -> Record:
        """The same without messages."""
        return Record(self._row[_FIRST + 1], self._ttl, self.info)

    @property
    def bodies(self) -> list[str]:
        """The messages of a page, each for itself."""
        joined = self._row[-2] or ""
        found: list[str] = []
        begin = 0
        for length in read_weights(self._row[-1]):
            found.append(joined[begin : begin + length])
            begin += length
        return found

    @property
    def met(self) -> "Met":
        """What of a batch was met in the window."""
        in_window, messages = json.loads(self.detail)
        return Met(int(in_window), [tuple(each) for each in messages])

    @property
    def _ttl(self) -> int | None:
        found = self._row[_TTL]
        return None if found is None else int(found)

    @property
    def _whole(self) -> str:
        return session_text(self._row[_FIRST:_SHOWN_END], self._row[-2] or "")

    @property
    def _weights(self) -> list[int] | None:
        found = self._row[-1]
        return None if found is None else read_weights(found)


class Met(NamedTuple):
    """Messages of a batch that are in the window, with the window's oldest."""

    in_window: int
    """How many messages the window has."""
    messages: Sequence[tuple[str, str]]
    """The ids and the bodies of those that were looked at, oldest first."""
