"""What a backend implements: a few hooks that receive ready-made values and do I/O.

Arguments have passed the envelope and are in their stored form. Records that a hook returns are
decoded, checked for life and owner where a reader asks, and cut to the reader's window by
`BaseSessionStore`; a hook needs to do none of that.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar

from chatstore.clock import Moment
from chatstore.engine.cursor import Position
from chatstore.engine.query import PageQuery
from chatstore.engine.write import Patch, Write
from chatstore.errors import ChatStoreError
from chatstore.record.stored import Body, Record, StoredMessage, StoredSession


class BackendHooks(ABC):
    """The abstract half of `BaseSessionStore`.

    A hook may raise chatstore's own errors; a driver's are mapped by `_translate`.
    """

    backend: ClassVar[str]
    """The engine's name, as errors give it."""

    @abstractmethod
    def _insert(self, session: StoredSession, now: Moment) -> bool:
        """Write a new session, in place of an expired one that may still lie there. False, and
        nothing written, if a live one has the id."""

    @abstractmethod
    def _load(self, session_id: str) -> Record | None:
        """The record as it lies there, messages included, expired or not; None if there is
        none."""

    def _load_latest(self, session_id: str) -> Record | None:
        """The same, as it was last written: an engine whose reads may lag reads it otherwise."""
        return self._load(session_id)

    @abstractmethod
    def _load_many(self, session_ids: Sequence[str]) -> Mapping[str, Record]:
        """The records of distinct ids, by id; what is not there is left out."""

    @abstractmethod
    def _append(
        self, write: Write, messages: Sequence[StoredMessage], *, with_window: bool
    ) -> Body:
        """Append atomically the part of `messages` that is new (`writes.new_part`, which refuses a
        batch that does not fit what is stored), trim to the writer's policy, and return the record
        after it, its `messages` only if `with_window`."""

    @abstractmethod
    def _rewrite(self, write: Write, messages: Sequence[StoredMessage], given: int) -> Body:
        """Put `messages`, trimmed already from the `given` ones, in the window's place; return the
        whole record. `write.if_version` is never None."""

    @abstractmethod
    def _update(self, write: Write, patch: Patch) -> Body:
        """Merge `patch` atomically (`writes.merge_patch`); return the record without messages."""

    @abstractmethod
    def _delete(self, write: Write) -> bool:
        """Remove a live session; False if there is none or it is another user's. Decodes
        nothing."""

    @abstractmethod
    def _delete_user(self, user_id: str, now: Moment) -> int:
        """Remove all that is stored of a user; how many live sessions that were. Decodes
        nothing."""

    @abstractmethod
    def _page(self, query: PageQuery) -> Sequence[tuple[Position, Body]]:
        """The records that a listing asks for, without messages, each with its position. Fewer
        than `query.limit` if and only if no more follow."""

    @abstractmethod
    def _scan(
        self, *, limit: int, after: str | None, now: Moment
    ) -> tuple[Sequence[tuple[str, Body]], str | None]:
        """Some whole live records, each with its session id, and the token at which to go on; None
        when all were seen. `after` is a token; `InvalidCursorError` if it is none."""

    @abstractmethod
    def _restore(self, session: StoredSession, *, overwrite: bool, now: Moment) -> bool:
        """Write a record as it is. False, and nothing written, if a live session has the id and
        `overwrite` is false."""

    @abstractmethod
    def _purge(self, now: Moment) -> int:
        """Reclaim expired records; how many this call removed. Decodes nothing."""

    @abstractmethod
    def _ping(self) -> None:
        """One cheap request that fails if the engine, or what chatstore needs there, does."""

    @abstractmethod
    def _close(self) -> None:
        """Release what the store opened itself."""

    @abstractmethod
    def _translate(self, error: Exception, session_id: str | None) -> ChatStoreError | None:
        """The typed error for an exception of the driver's; None for one that is not known here,
        which becomes a `BackendError`."""

    def _place(self) -> str:
        """Where the sessions are, for texts that people read: without credentials."""
        return self.backend
