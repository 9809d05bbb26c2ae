"""Erasing a session with history: it is gone at once, and then its chunks are removed, and its item
last. What a crash leaves is an expired item, by which its chunks are found.

The table's own time to live may take an item and leave its chunks. For them the history table is
walked.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from chatstore.clock import Moment
from chatstore.runtime.deadline import each_step
from chatstore_dynamodb.expressions import maintenance as expressions
from chatstore_dynamodb.history.chunks import POSITION, WRITTEN_AT
from chatstore_dynamodb.history.table import HistoryTable
from chatstore_dynamodb.items import HISTORY_ID
from chatstore_dynamodb.table import Table

_YOUNG = 86_400
"""For how many seconds a chunk may wait for its session: one that is restored may take its time."""

_AT_ONCE = 100
"""For how many sessions one step asks."""


class Eraser:
    """Removes chunks, and items that have some."""

    def __init__(self, table: Table, chunks: HistoryTable) -> None:
        self._table = table
        self._chunks = chunks

    def remove_chunks(self, history_id: str) -> None:
        """Remove all chunks of a life that nobody sees."""
        for positions in self._chunks.positions(history_id):
            self._chunks.remove(history_id, positions)

    def finish(self, session_id: str, history_id: str) -> bool:
        """Remove the chunks of a session that has been marked as gone, and its item; False if the
        item was not there any more."""
        self.remove_chunks(history_id)
        with each_step():
            removed, _ = self._table.remove(session_id, expressions.still_gone(history_id))
        return removed is not None

    def purge_orphans(self, now: Moment) -> None:
        """Remove all chunks that no item has."""
        for chunks in self._chunks.scan():
            ids = list(dict.fromkeys(chunk["sessionId"]["S"] for chunk in chunks))
            lives: dict[str, str | None] = {}
            for first in range(0, len(ids), _AT_ONCE):
                with each_step():
                    for item in self._table.get_many(ids[first : first + _AT_ONCE], latest=True):
                        lives[item["sessionId"]["S"]] = item.get(HISTORY_ID, {}).get("S")
            orphans = [
                chunk
                for chunk in chunks
                if lives.get(chunk["sessionId"]["S"]) != chunk[HISTORY_ID]["S"]
                and not _may_be_waiting(chunk, now)
            ]
            for history_id, positions in _by_life(orphans).items():
                self._chunks.remove(history_id, positions)


def _by_life(chunks: Iterable[Mapping[str, Any]]) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    for chunk in chunks:
        found.setdefault(chunk[HISTORY_ID]["S"], []).append(chunk[POSITION]["N"])
    return found


def _may_be_waiting(chunk: Mapping[str, Any], now: Moment) -> bool:
    written_at = chunk.get(WRITTEN_AT, {}).get("N")
    return written_at is not None and now.seconds < int(written_at) + _YOUNG
