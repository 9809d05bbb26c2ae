"""What a backend implements: an engine, which receives ready-made values and does I/O.

Arguments have been checked and are in their stored form. Records that an engine returns are
decoded, checked for life and owner where a reader asks, and cut to the reader's window by the store
that owns the engine (`chatstore.BaseSessionStore`); an engine needs to do none of that.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar

from chatstore.clock import Moment
from chatstore.engine.cursor import Position
from chatstore.engine.query import PageQuery
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
    def load(self, session_id: str, *, latest: bool = False) -> Record | None:
        """The record as it lies there, messages included, expired or not; None if there is none.
        `latest`: as it was last written, though reads may lag otherwise."""

    @abstractmethod
    def load_many(self, session_ids: Sequence[str]) -> Mapping[str, Record]:
        """The records of distinct ids, by id; what is not there is left out."""

    @abstractmethod
    def append(
        self, write: Write, messages: Sequence[StoredMessage], *, with_window: bool
    ) -> Stored:
        """Append atomically the part of `messages` that is new (`new_part`, which refuses a batch
        that does not fit what is stored), trim to the writer's policy, and return the record after
        it, its `messages` only if `with_window`."""

    @abstractmethod
    def rewrite(self, write: Write, messages: Sequence[StoredMessage], given: int) -> Body:
        """Put `messages`, trimmed already from the `given` ones, in the window's place; return the
        whole record. `write.if_version` is never None."""

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
    def restore(self, session: StoredSession, *, overwrite: bool, now: Moment) -> bool:
        """Write a record as it is. False, and nothing written, if a live session has the id and
        `overwrite` is false."""

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
