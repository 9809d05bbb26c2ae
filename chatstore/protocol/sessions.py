"""What callers use."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Protocol, Self

from chatstore.models import Message, Page, Session, SessionInfo
from chatstore.policy import RetentionPolicy

if TYPE_CHECKING:
    from chatstore.user_sessions import UserSessions


class SessionStore(Protocol):
    """A store of chat sessions. Every backend behaves as is said here.

    `user_id=` on a call about one session is the ownership check: a session of somebody else is
    `SessionNotFoundError`, as if it did not exist. `if_version=` makes a write conditional:
    `VersionConflictError` if the session's `version` is another. Any call may raise
    `InvalidInputError` (nothing was written), a `BackendError`, or `CorruptSessionError` for a
    stored record that can't be read.
    """

    policy: RetentionPolicy

    def create(
        self,
        user_id: str,
        *,
        session_id: str | None = None,
        messages: Iterable[Message] = (),
        user_preferences: Mapping[str, object] | None = None,
        metadata: Mapping[str, object] | None = None,
        session_status: str = "active",
    ) -> Session:
        """Create a session, with a UUIDv4 for its id unless one is given.

        At most 6,000 messages; the policy's window of them is kept and all are counted. With
        `keep_history` in the policy the session keeps all its messages until it ends, and
        `max_messages` is its window for good, whoever calls under whatever policy. A key whose
        value is None is left out. Raises `SessionExistsError` if a live session has the id; an
        expired one is replaced, and nothing of it shows through.
        """
        ...

    def get(
        self, session_id: str, *, user_id: str | None = None, last: int | None = None
    ) -> Session:
        """The session with its window, or with at most the `last` messages of it, from 0; it reads
        its own writes. Raises `SessionNotFoundError` if it is missing, expired or somebody
        else's."""
        ...

    def get_or_create(
        self,
        session_id: str,
        *,
        user_id: str,
        messages: Iterable[Message] = (),
        user_preferences: Mapping[str, object] | None = None,
        metadata: Mapping[str, object] | None = None,
        session_status: str = "active",
    ) -> Session:
        """The session as it is, the fields ignored and nothing renewed; or, if there is none, a
        new one with these fields. Raises `SessionExistsError` if the id is somebody else's."""
        ...

    def get_many(self, session_ids: Iterable[str], *, user_id: str | None = None) -> list[Session]:
        """The sessions in the order asked; an id asked twice comes twice, and what `get` would not
        find is left out."""
        ...

    def append(
        self,
        session_id: str,
        *messages: Message,
        user_preferences: Mapping[str, object] | None = None,
        metadata: Mapping[str, object] | None = None,
        session_status: str | None = None,
        user_id: str | None = None,
        if_version: int | None = None,
    ) -> SessionInfo:
        """Append 1 to 100 messages, whole or not at all, in the order of arrival at the engine, and
        change in the same atomic step what `update` would change.

        Idempotent by message id: of a batch that was sent again, what comes after its last message
        still in the stored window is added. If that is nothing, nothing is written. Raises
        `SessionNotFoundError`: a write never revives the dead; and `InvalidInputError`, naming the
        message, for one that the window holds with other content (its time does not count) or in
        another order, and for a new one that stands before a stored one: nothing is dropped without
        a word. A session with history takes at most 336,000 bytes at once.
        """
        ...

    def append_and_get(
        self,
        session_id: str,
        *messages: Message,
        user_preferences: Mapping[str, object] | None = None,
        metadata: Mapping[str, object] | None = None,
        session_status: str | None = None,
        user_id: str | None = None,
        if_version: int | None = None,
    ) -> Session:
        """`append`, and the window as that very write left it, in one atomic step."""
        ...

    def rewrite(
        self,
        session_id: str,
        messages: Iterable[Message],
        *,
        if_version: int | None,
        user_id: str | None = None,
        whole: bool = False,
    ) -> Session:
        """Put a new list of messages (at most 6,000) in the window's place: edit, regenerate,
        redact, pop, clear.

        Of a session with history what `get` shows is replaced, by at most as many messages as its
        window holds; where fewer take that place, older ones slide into view. `whole` replaces all
        that is kept.

        With `if_version=None` the last writer wins, over an append acknowledged meanwhile too. If
        the session is one version further and holds exactly these messages, the call has happened
        already, and its result is returned. `message_count` changes by the number given less the
        number that this store's reader saw (`whole`: that was kept). Raises `SessionNotFoundError`.
        """
        ...

    def amend(
        self,
        session_id: str,
        message: Message,
        *,
        user_id: str | None = None,
        if_version: int | None = None,
    ) -> Session:
        """Put `message` in the place of the one with its id in the window: a streamed answer is
        complete, was rated, or is taken back.

        Count and order stay. If it says the same already (its time does not count), nothing is
        written. From then on its id in an `append` is that of a message sent again, whatever the
        content. Raises `SessionNotFoundError`, `MessageNotFoundError` if the window has no such
        message, and `MessageTooLargeError` where bytes bound the window and it would not fit.
        """
        ...

    def list_messages(
        self,
        session_id: str,
        *,
        user_id: str | None = None,
        newest_first: bool = True,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[Message]:
        """One page of all messages that are kept: of a session with history all there ever were,
        of another one its stored window.

        It holds exactly `limit` (1 to 1,000) messages whenever so many follow, unless they are
        larger than 1,000,000 bytes together; one at least. `version` is the session's. The cursor
        is a position: it stays good while messages arrive, in either direction; after a `rewrite`
        positions are used again. Raises `SessionNotFoundError`, and `InvalidCursorError` for a
        cursor that is none, or is another session's.
        """
        ...

    def iter_messages(
        self,
        session_id: str,
        *,
        user_id: str | None = None,
        newest_first: bool = True,
        page_size: int = 100,
    ) -> Iterator[Message]:
        """Walk all pages of `list_messages`, fetching one of `page_size` at a time."""
        cursor: str | None = None
        while True:
            page = self.list_messages(
                session_id,
                user_id=user_id,
                newest_first=newest_first,
                limit=page_size,
                cursor=cursor,
            )
            yield from page.items
            if (cursor := page.next_cursor) is None:
                return

    def update(
        self,
        session_id: str,
        *,
        user_preferences: Mapping[str, object] | None = None,
        metadata: Mapping[str, object] | None = None,
        session_status: str | None = None,
        user_id: str | None = None,
        if_version: int | None = None,
    ) -> SessionInfo:
        """Merge preferences and metadata key by key (None removes a key) and set the status.

        Atomic beside other updates. With nothing to change it renews the ttl, whatever the policy
        says of renewal. Raises `SessionNotFoundError`.
        """
        ...

    def delete(
        self, session_id: str, *, user_id: str | None = None, if_version: int | None = None
    ) -> bool:
        """Remove the session; whether there was a live one (of that user). It removes records that
        can't be read as well."""
        ...

    def list_sessions(
        self,
        user_id: str,
        *,
        newest_first: bool = True,
        limit: int = 20,
        cursor: str | None = None,
        created_from: datetime | None = None,
        created_before: datetime | None = None,
        session_status: str | None = None,
    ) -> Page[SessionInfo]:
        """One page of a user's live sessions, by (`created_at`, `session_id`).

        It holds exactly `limit` (1 to 1,000) matching sessions whenever so many exist, where
        `created_from` <= created < `created_before`. `next_cursor` goes on from there, in either
        direction and under any filter, even when the session it points at is deleted. Raises
        `InvalidCursorError` for a cursor that is none.
        """
        ...

    def iter_sessions(
        self,
        user_id: str,
        *,
        newest_first: bool = True,
        page_size: int = 100,
        created_from: datetime | None = None,
        created_before: datetime | None = None,
        session_status: str | None = None,
    ) -> Iterator[SessionInfo]:
        """Walk all pages of `list_sessions`, fetching one of `page_size` at a time."""
        cursor: str | None = None
        while True:
            page = self.list_sessions(
                user_id,
                newest_first=newest_first,
                limit=page_size,
                cursor=cursor,
                created_from=created_from,
                created_before=created_before,
                session_status=session_status,
            )
            yield from page.items
            if (cursor := page.next_cursor) is None:
                return

    def for_user(self, user_id: str) -> "UserSessions":
        """A view of this store that sees one user's sessions only."""
        from chatstore.user_sessions import UserSessions

        return UserSessions(self, user_id)

    def close(self) -> None:
        """Release what the store opened itself; a second call does nothing. Calls after it raise
        `ConfigurationError`. A store is also a context manager that closes."""
        ...

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()
