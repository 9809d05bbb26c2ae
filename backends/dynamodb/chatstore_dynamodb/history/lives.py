"""A new life of a session with history: its chunks are written before anybody can see them."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from chatstore.clock import Moment
from chatstore.models import JsonObject, new_id
from chatstore.policy import MAX_WINDOW_BYTES
from chatstore.record.stored import StoredMessage
from chatstore_dynamodb.history.chunks import Life, chunks_of
from chatstore_dynamodb.history.erasing import Eraser
from chatstore_dynamodb.history.table import HistoryTable

_BEYOND_WINDOW = 9
"""How many messages more than its window a new item may have: one more, and they are taken out."""


class NewLife(NamedTuple):
    """A life whose item is still to be written."""

    life: Life
    archived: int
    """How many of its messages are in chunks."""
    messages: Sequence[StoredMessage]
    """The others, which go into the item."""


class NewLives:
    """Writes the chunks of new lives."""

    def __init__(self, chunks: HistoryTable, eraser: Eraser) -> None:
        self._chunks = chunks
        self._eraser = eraser

    def begin(
        self,
        session_id: str,
        user_id: str,
        history: int,
        messages: Iterable[StoredMessage],
        now: Moment,
    ) -> NewLife:
        """A life with these messages, of which all that its item can't hold is in chunks. What
        reading `messages` raises leaves no chunk."""
        life = Life(new_id(), session_id, user_id)
        rest: deque[StoredMessage] = deque()
        archived = 0

        def leaving() -> Iterator[tuple[JsonObject, int]]:
            nonlocal archived
            room = MAX_WINDOW_BYTES
            for message in messages:
                rest.append(message)
                room -= message.weight
                while room < 0 or len(rest) > history + _BEYOND_WINDOW:
                    oldest = rest.popleft()
                    room += oldest.weight
                    archived += 1
                    yield oldest.document, oldest.weight

        try:
            self._chunks.put_new(life, chunks_of(0, 0, leaving()), now.seconds)
        except BaseException:
            self.forget(NewLife(life, archived, ()))
            raise
        return NewLife(life, archived, rest)

    def forget(self, new: NewLife) -> None:
        """Remove the chunks of a life that did not come to be."""
        if new.archived:
            self._eraser.remove_chunks(new.life.history_id)
