"""Sessions with history as the engine has them: reading, writing, archiving and erasing them."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import chain
from typing import Any

from botocore.exceptions import ClientError

from chatstore.clock import Moment
from chatstore.engine.write import Write
from chatstore.errors import SessionNotFoundError, VersionConflictError
from chatstore.policy import RetentionPolicy
from chatstore.record.stored import StoredMessage, StoredSession
from chatstore.runtime.deadline import DeadlineError, each_step
from chatstore_dynamodb.attribute_values import Item
from chatstore_dynamodb.conditional_write import ConditionalWrites, Request
from chatstore_dynamodb.errors import is_refused
from chatstore_dynamodb.expressions import kept
from chatstore_dynamodb.expressions.clauses import mark_gone
from chatstore_dynamodb.history.archive import Archive
from chatstore_dynamodb.history.erasing import Eraser
from chatstore_dynamodb.history.lives import NewLife, NewLives
from chatstore_dynamodb.history.reading import Reader
from chatstore_dynamodb.history.table import HistoryTable, HistoryTableMissingError
from chatstore_dynamodb.history.writing import HistoryWrites
from chatstore_dynamodb.items import HISTORY_ID, new_history_item
from chatstore_dynamodb.stored_item import StoredItem
from chatstore_dynamodb.table import Table


class HistoryMetError(Exception):
    """A session turned out to have a history: its write is another one."""


class Histories:
    """The sessions with history of one table, whose chunks are in another one."""

    def __init__(
        self, table: Table, writes: ConditionalWrites, history_table: str, *, is_named: bool
    ) -> None:
        self._table = table
        self._writes = writes
        self._is_named = is_named
        self._is_there = False
        self.chunks = HistoryTable(table.client, history_table, table.place)
        self.reader = Reader(table, self.chunks)
        self.archive = Archive(table, self.chunks)
        self.writes = HistoryWrites(self.archive, self.reader)
        self.eraser = Eraser(table, self.chunks)
        self._lives = NewLives(self.chunks, self.eraser)

    def put(
        self,
        session: StoredSession,
        before: Iterator[StoredMessage],
        condition: Mapping[str, Any],
        now: Moment,
    ) -> Item | None:
        """Write a session with all its messages, unless the condition on what lies there fails;
        the item, if it was written."""
        self._require_there()
        new = self._lives.begin(
            session.session_id,
            str(session.info["userId"]),
            session.history or 0,
            chain(before, session.messages),
            now,
        )
        item = new_history_item(session, new.messages, new.life.history_id, new.archived)
        with each_step():
            is_written, other = self._table.put(item, condition)
            if not is_written and other is None:
                other = self._table.get(session.session_id, latest=True)
        if is_written:
            self.forget_life_in(other)
            return item
        if other is not None and other.get(HISTORY_ID) == item[HISTORY_ID]:
            # A request that was sent again has met its own result.
            return item
        self._lives.forget(new)
        return None

    def rewrite_whole(self, write: Write, messages: Sequence[StoredMessage]) -> Item:
        """Put `messages` in the place of all that is kept; the item after it."""
        new: NewLife | None = None
        replaced: str | None = None

        def following(stored: StoredItem, _: bool) -> Request | None:
            nonlocal new, replaced
            if new is not None and stored.history_id == new.life.history_id:
                # A request that was sent again has met its own result.
                return None
            write.require_version(stored.version or 0)
            replaced = stored.history_id
            if new is None:
                owner, history = str(stored.owner), stored.history or 0
                new = self._lives.begin(write.session_id, owner, history, messages, write.now)
            return kept.put_history(
                write,
                stored,
                new.messages,
                history_id=new.life.history_id,
                archived=new.archived,
            )

        try:
            item = self._writes.update(write, lambda _: None, following)
        except (VersionConflictError, SessionNotFoundError):
            # Of any other error nobody knows whether it will be seen yet.
            if new is not None:
                self._lives.forget(new)
            raise
        if replaced is not None:
            self._remove_in_time(replaced)
        return item

    def delete(self, write: Write) -> bool:
        """Remove a session; False if there is none that the write may see."""
        request = mark_gone(write)

        def following(stored: StoredItem, _: bool) -> Request:
            write.require_version(stored.version or 0)
            return request

        try:
            item = self._writes.update(write, lambda _: request, following)
        except SessionNotFoundError:
            return False
        with suppress(DeadlineError):
            # It is gone; what the time is not enough for, `purge_expired` removes.
            self.eraser.finish(write.session_id, item[HISTORY_ID]["S"])
        return True

    def forget_life_in(self, replaced: Item | None) -> None:
        """Remove the chunks of an item in whose place there is another one."""
        if replaced is not None and HISTORY_ID in replaced:
            self._remove_in_time(replaced[HISTORY_ID]["S"])

    def purge_orphans(self, now: Moment) -> None:
        """Remove all chunks that no item has."""
        try:
            self.eraser.purge_orphans(now)
        except HistoryTableMissingError:
            # Whoever keeps no history needs no such table,
            if self._is_named:
                raise
        except ClientError as error:
            # nor a permission to read it.
            if self._is_named or not is_refused(error):
                raise

    def are_kept(self, policy: RetentionPolicy) -> bool:
        """Whether a store with this policy counts on the history table."""
        return policy.keep_history or self._is_named

    def _require_there(self) -> None:
        # An append would find out too late: what it moves to the history has been acknowledged.
        if not self._is_there:
            with each_step():
                self.chunks.require_there()
            self._is_there = True

    def _remove_in_time(self, history_id: str) -> None:
        with suppress(DeadlineError):
            # Nobody sees them; what the time is not enough for, `purge_expired` removes.
            self.eraser.remove_chunks(history_id)
