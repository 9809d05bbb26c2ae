"""What operators use, on the same object as callers."""

from collections.abc import Iterable
from typing import Protocol

from chatstore.models import Message, Page, Session
from chatstore.protocol.sessions import SessionStore
from chatstore.runtime.options import require_methods


class Maintenance(Protocol):
    """What operators need of a store."""

    def ping(self) -> None:
        """Return if the engine answers and holds what chatstore needs; raise a `BackendError` if
        not."""
        ...

    def delete_user(self, user_id: str) -> int:
        """Erase everything of one user, expired and unreadable records and index entries too; how
        many live sessions that were."""
        ...

    def purge_expired(self) -> int:
        """Reclaim what has expired; how many records this call removed itself."""
        ...

    def scan(self, *, limit: int = 100, cursor: str | None = None) -> Page[Session]:
        """Live sessions of all users with their windows, each at least once over the pages until
        `next_cursor` is None. Order, cursor and how full a page is (at most `limit`, 1 to 1,000)
        are the backend's own."""
        ...

    def restore(
        self, session: Session, *, history: Iterable[Message] = (), overwrite: bool = False
    ) -> None:
        """Write a record exactly as it was, times and version too; it is neither trimmed nor
        renewed.

        `history`: of a session that keeps it, the messages before those in `session`, oldest first,
        as many as its `message_count` says; they are read as they are written, however many. Raises
        `SessionExistsError` if a live session has the id and `overwrite` is false.
        """
        ...


class MaintainedSessionStore(SessionStore, Maintenance, Protocol):
    """Both protocols on one object: what `open_store` returns and what the contract tests."""


def require_store(argument: str, store: object, *protocols: type) -> None:
    """Raise `ConfigurationError` unless `store` has the methods of these protocols, both by
    default, and none of them is to be awaited."""
    names = [
        name
        for protocol in protocols or (SessionStore, Maintenance)
        for name, member in vars(protocol).items()
        if callable(member) and not name.startswith("_")
    ]
    require_methods(argument, store, names, "a synchronous store, such as open_store returns")
