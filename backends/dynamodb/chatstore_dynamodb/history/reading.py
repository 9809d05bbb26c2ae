"""Reading what lies in chunks, below an item that was read before.

Other writers go on meanwhile. What a reader may see of that: a chunk of a later edition than its
item's, and nothing at a position where a chunk was. Then it reads the item again. If no edit was
made and the life is the same, what is missing is lost, and that is told.
"""

from collections.abc import Callable, Sequence
from itertools import takewhile

from chatstore.engine.query import PAGE_BYTES, MessageQuery
from chatstore.engine.write import is_visible
from chatstore.errors import BackendThrottledError, CorruptSessionError, SessionNotFoundError
from chatstore.models import JsonObject
from chatstore.values.json_values import stored_size
from chatstore_dynamodb.conditional_write import OutdatedError
from chatstore_dynamodb.history.chunks import MOST_MESSAGES, Chunk, coverage
from chatstore_dynamodb.history.table import HistoryTable, stored_life
from chatstore_dynamodb.items import BACKEND, GONE
from chatstore_dynamodb.stored_item import StoredItem
from chatstore_dynamodb.table import Table, back_off

_MOST_ATTEMPTS = 20

Page = Sequence[tuple[int, JsonObject]]


class Reader:
    """Reads chunks of a table's sessions."""

    def __init__(self, table: Table, chunks: HistoryTable) -> None:
        self._table = table
        self._chunks = chunks

    def page(self, query: MessageQuery, stored: StoredItem) -> tuple[StoredItem, Page]:
        """The messages that are asked for, and the item by which they were read. Of a session that
        has expired none are read."""
        for attempt in range(_MOST_ATTEMPTS):
            if not is_visible(query.now, None, owner=None, ttl=stored.ttl):
                return stored, []
            try:
                return stored, self._page(query, stored)
            except OutdatedError:
                back_off(attempt)
                again = self._table.stored(stored.session_id)
                if again is None:
                    raise SessionNotFoundError(stored.session_id) from None
                stored = again
        raise BackendThrottledError(
            f"{self._table.place}: {_MOST_ATTEMPTS} tries to read session {stored.session_id!r} "
            "each met another writer's change; wait a little and send the same call again"
        )

    def newest_below(self, stored: StoredItem, count: int) -> list[JsonObject]:
        """The messages right before those in the item, at most so many, oldest first. Raises
        `OutdatedError` if the item has changed since it was read."""
        wanted = range(max(stored.archived - count, 0), stored.archived)
        found = self._read(stored, wanted, newest_first=True, room=None)
        return [document for _, document in reversed(found)]

    def _page(self, query: MessageQuery, stored: StoredItem) -> Page:
        count = len(stored.messages)
        if stored.history is None:
            first = lowest = max(stored.message_count - count, 0)
        else:
            first, lowest = stored.archived, 0
        wanted = query.positions(lowest, first + count)
        listed = [(each, stored.message(each - first)) for each in wanted if each >= first]
        if len(listed) == len(wanted):
            return listed
        ends = wanted[0], wanted[-1]
        below = range(min(ends), min(max(ends) + 1, first))
        if not query.newest_first:
            older = self._read(stored, below, newest_first=False, room=PAGE_BYTES)
            return [*older, *listed] if len(older) == len(below) else older
        room = PAGE_BYTES - _size(listed)
        return [*listed, *self._read(stored, below, newest_first=True, room=room)]

    def _read(
        self,
        stored: StoredItem,
        wanted: range,
        *,
        newest_first: bool,
        room: int | None,
    ) -> list[tuple[int, JsonObject]]:
        """The messages at positions that lie in chunks, in the order asked for: all of them, or the
        first, if these are larger than there is `room`."""
        order = wanted[::-1] if newest_first else wanted
        begins = range(max(wanted.start - MOST_MESSAGES + 1, 0), wanted.stop)
        chunks: list[Chunk] = []
        found: list[tuple[int, JsonObject]] = []
        for more, last in self._chunks.read(stored_life(stored), begins, newest_first=newest_first):
            chunks += more
            if any(chunk.edition > stored.edits for chunk in more):
                # It may lie in the place of one that this item needs.
                raise OutdatedError
            is_known = _known(last, newest_first=newest_first)
            covered = coverage(chunks, wanted)
            found = [
                (position, covered.messages[position])
                for position in takewhile(covered.messages.__contains__, order)
                if is_known(position)
            ]
            if covered.is_torn:
                self._require_unchanged(stored)
            if len(found) == len(order) or (room is not None and _size(found) > room):
                return found
        self._require_unchanged(stored)
        raise CorruptSessionError(
            BACKEND,
            stored.session_id,
            f"its history has no message at position {order[len(found)]}",
        )

    def _require_unchanged(self, stored: StoredItem) -> None:
        """Raise `OutdatedError` unless all that was put in chunks for the item is still there."""
        again = self._table.stored(stored.session_id)
        if (
            again is None
            or again.history is None
            or again.ttl == GONE
            or (again.history_id, again.edits) != (stored.history_id, stored.edits)
        ):
            raise OutdatedError


def _size(found: Page) -> int:
    return sum(stored_size(document) for _, document in found)


def _known(last: int | None, *, newest_first: bool) -> Callable[[int], bool]:
    """Of which positions all chunks have come that may reach to them, where `last` is the position
    of the last that came."""
    if last is None:
        return lambda _: True
    if newest_first:
        return lambda position: position - MOST_MESSAGES + 1 >= last
    return lambda position: position <= last
