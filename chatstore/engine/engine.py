"""What a backend implements: an engine, which receives ready-made values and does I/O.

Arguments have been checked and are in their stored form. Records that an engine returns are
decoded, checked for life and owner where a reader asks, and cut to the reader's window by the store
that owns the engine (`chatstore.BaseSessionStore`); an engine needs to do none of that.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

from chatstore.clock import Moment
from chatstore.engine.cursor import Position
from chatstore.engine.query import MessageQuery, MessagesFound, PageQuery
from chatstore.engine.write import Patch, Write
from chatstore.errors import ChatStoreError
from chatstore.policy import RetentionPolicy
from chatstore.record.stored import Body, Record, Stored, StoredMessage, StoredSession


class Engine(ABC):
    """The sessions of one place, as one store has them.

    The store owns its engine: it calls `open` first, every other method in the process and the time
    that a call has (`seconds_left`), any number of threads at once, and `close` last.
    A method may raise chatstore's own errors; a driver's are mapped by `translate_error`.
    """

    backend: ClassVar[str]
    """The engine's name, as errors give it."""

    @property
    def place(self) -> str:
        """Where the sessions are, for texts that people read: without credentials."""
        return self.backend

    def open(self, policy: RetentionPolicy) -> None:  # noqa: B027  few have anything to do here
        """Do what needs an answer before the first call. `policy` is the store's. If it fails,
        `close` follows."""

    @abstractmethod
    def insert(self, session: StoredSession, now: Moment) -> bool:
        """Write a new session, in place of an expired one that may still lie there. False, and
        nothing written, if a live one has the id."""

    @abstractmethod
    def load(
        self, session_id: str, *, latest: bool = False, last: int | None = None
    ) -> Record | None:
        """The record as it lies there, its messages included, expired or not; None if there is
        none. `latest`: as it was last written, though reads may lag otherwise. `last`: that only so
        many of the newest messages are asked for. Of a session with history the window is enough.
        More messages than that may come. Where some are left out, the record tells `messageCount`.
        """

    @abstractmethod
    def load_many(self, session_ids: Sequence[str]) -> Mapping[str, Record]:
        """The records of distinct ids, by id, as `load` gives them; what is not there is left
        out."""

    @abstractmethod
    def append(
        self,
        write: Write,
        messages: Sequence[StoredMessage],
        *,
        patch: Patch,
        with_window: bool,
    ) -> Stored:
        """Append atomically the part of `messages` that is new (`new_part`, which refuses a batch
        that does not fit the window), and merge `patch` in the same step: if nothing is new,
        nothing is written. Trim to the writer's policy; a session with history keeps all, and takes
        what `require_batch_weight` lets through. Return the record after it, its window only if
        `with_window`."""

    @abstractmethod
    def rewrite(self, write: Write, messages: Sequence[StoredMessage], *, whole: bool) -> Body:
        """Put `messages`, trimmed to the writer's policy (`newest`), in the place of the window;
        return the record with its window. `write.if_version` is never None.

        Of a session with history only what the writer is shown (`shown_count`) is replaced, by all
        of `messages` (`require_window`); if `whole`, all that is kept is. `messageCount` changes by
        the number of `messages` less the number that the writer was shown; if `whole`, less the
        number that was kept."""

    @abstractmethod
    def amend(self, write: Write, message: StoredMessage) -> Body:
        """Put `message`, which has the mark of an amended one already, in the place of the newest
        one with its id in the window; return the record with its window.

        In this order: `MessageNotFoundError` if none is there; the record as it is, and nothing
        written, if it is the same already (`is_same`); the version asked for; then
        `require_amended_fit`. Count and order stay."""

    @abstractmethod
    def messages(self, query: MessageQuery) -> MessagesFound | None:
        """One page of all messages that are kept of a session; None if there is no record."""

    @abstractmethod
    def update(self, write: Write, patch: Patch) -> Body:
        """Merge `patch` atomically (`merge_patch`); return the record without messages."""

    @abstractmethod
    def delete(self, write: Write) -> bool:
        """Remove a live session; False if there is none or it is another user's. Decodes
        nothing."""

    @abstractmethod
    def delete_user(self, user_id: str, now: Moment) -> int:
        """Remove all that is stored of a user; how many live sessions that were. Decodes nothing.
        It takes as long as there is data: each request is bounded by `deadline.each_step`."""

    @abstractmethod
    def page(self, query: PageQuery) -> Sequence[tuple[Position, Body]]:
        """The records that a listing asks for, without messages, each with its position. Fewer
        than `query.limit` if and only if no more follow."""

    @abstractmethod
    def scan(
        self, *, limit: int, after: str | None, now: Moment
    ) -> tuple[Sequence[tuple[str, Record]], str | None]:
        """Some whole live records, each with its session id, and the token at which to go on; None
        when all were seen. `after` is a token; `InvalidCursorError` if it is none."""

    @abstractmethod
    def restore(
        self,
        session: StoredSession,
        *,
        history: Iterator[StoredMessage],
        overwrite: bool,
        now: Moment,
    ) -> bool:
        """Write a record as it is, with the messages of its `history` that come before its own,
        oldest first; they may be too many for memory. False, and nothing written, if a live session
        has the id and `overwrite` is false. What `history` raises leaves nothing to be seen of
        it. With a history it takes as long as that is: each request is bounded by
        `deadline.each_step`, and what is asked of `history`, which may be another store's, is
        not."""

    @abstractmethod
    def purge(self, now: Moment) -> int:
        """Reclaim expired records; how many this call removed. Decodes nothing. It takes as long as
        there is data: each request is bounded by `deadline.each_step`."""

    @abstractmethod
    def ping(self) -> None:
        """One cheap request that fails if the engine, or what chatstore needs there, does."""

    @abstractmethod
    def close(self) -> None:
        """Release what the engine opened itself."""

    @abstractmethod
    def translate_error(self, error: Exception, session_id: str | None) -> ChatStoreError | None:
        """The typed error for an exception of the driver's; None for one that is not known here,
        which becomes a `BackendError`."""
