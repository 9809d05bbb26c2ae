"""From the item to chunks: an item with history is an outbox of its oldest messages.

First a chunk is put, and then its messages are taken out of the item. Whoever comes in between, or
goes on after a crash, finds a chunk that is the item's still, and takes the messages out.
"""

import logging

from botocore.exceptions import BotoCoreError, ClientError

from chatstore.errors import ChatStoreError
from chatstore.runtime.deadline import DeadlineError
from chatstore_dynamodb.attribute_values import Item, unmarshal
from chatstore_dynamodb.conditional_write import OutdatedError
from chatstore_dynamodb.expressions import kept
from chatstore_dynamodb.history.chunks import chunks_of
from chatstore_dynamodb.history.table import HistoryTable, stored_life
from chatstore_dynamodb.items import HISTORY
from chatstore_dynamodb.stored_item import StoredItem
from chatstore_dynamodb.table import Table

_SURPLUS = 10
"""How many messages beyond the window an item has when they are taken out of it."""

_STEP = 5
"""After how many more somebody else does it, if nobody did."""

_log = logging.getLogger("chatstore.dynamodb")


class Archive:
    """Takes the oldest messages out of items."""

    def __init__(self, table: Table, chunks: HistoryTable) -> None:
        self._table = table
        self._chunks = chunks

    def after_append(self, session_id: str, item: Item, added: int) -> None:
        """Take what is beyond the window out of the item, if it was this append that made it so
        long. What it has done is done: if this fails, the next one's turn comes soon."""
        size = len(item["messages"]["L"])
        history = int(item[HISTORY]["N"])
        surplus = size - history - _SURPLUS
        if surplus < 0 or not (
            surplus - added < 0 or surplus // _STEP > (surplus - added) // _STEP
        ):
            return
        try:
            stored = StoredItem(session_id, item)
            # One chunk, whoever put it: what is left waits for its turn.
            dropped = self._put(stored, 0, size - history)
            self._table.change(session_id, kept.drop(stored, dropped))
        except OutdatedError:
            pass
        except (BotoCoreError, ClientError, ChatStoreError, DeadlineError) as error:
            _log.warning(
                "%s: messages of a session could not be moved to its history (%s); the next append "
                "will try again",
                self._table.place,
                type(error).__name__,
            )

    def put_oldest(self, stored: StoredItem, count: int) -> int:
        """Put the oldest messages of an item, at least so many, in chunks; how many these have.
        Raises `OutdatedError` if the item has changed since it came back."""
        done = 0
        while done < count:
            done = self._put(stored, done, count)
        return done

    def _put(self, stored: StoredItem, first: int, end: int) -> int:
        """Put messages of an item, from a place on, in one chunk; the place after the last that it
        has. One that somebody else put may be longer or shorter."""
        listed, weights = stored.messages, stored.weights
        messages = zip(map(unmarshal, listed[first:end]), weights[first:end], strict=True)
        chunk = next(chunks_of(stored.archived + first, stored.edits, messages))
        there = self._chunks.put(stored_life(stored), chunk)
        if there is None or there.end - stored.archived > len(listed):
            raise OutdatedError
        return there.end - stored.archived
