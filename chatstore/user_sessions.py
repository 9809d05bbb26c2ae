"""`UserSessions`: a store seen through one user's eyes."""

from collections.abc import Iterable, Iterator
from typing import Unpack

from chatstore.fields import (
    Listing,
    ListingFilter,
    MessageListing,
    SessionChanges,
    SessionFields,
)
from chatstore.models import Message, Page, Session, SessionInfo
from chatstore.protocol import SessionStore, require_store
from chatstore.record.limits import require_id


class UserSessions:
    """The sessions of one user. Each method is the store's of that name with the ownership check
    always on: whatever belongs to somebody else does not exist here. Raises `ConfigurationError`
    for a store that is none, and `InvalidInputError` for a user's id that is none."""

    def __init__(self, store: SessionStore, user_id: str) -> None:
        require_store("store", store, SessionStore)
        self.store = store
        self.user_id = require_id("user_id", user_id)

    def create(self, *, session_id: str | None = None, **fields: Unpack[SessionFields]) -> Session:
        """`SessionStore.create` for this user."""
        return self.store.create(self.user_id, session_id=session_id, **fields)

    def get(self, session_id: str, *, last: int | None = None) -> Session:
        """`SessionStore.get` for this user."""
        return self.store.get(session_id, user_id=self.user_id, last=last)

    def get_or_create(self, session_id: str, **fields: Unpack[SessionFields]) -> Session:
        """`SessionStore.get_or_create` for this user."""
        return self.store.get_or_create(session_id, user_id=self.user_id, **fields)

    def get_many(self, session_ids: Iterable[str]) -> list[Session]:
        """`SessionStore.get_many` for this user."""
        return self.store.get_many(session_ids, user_id=self.user_id)

    def append(
        self,
        session_id: str,
        *messages: Message,
        if_version: int | None = None,
        **changes: Unpack[SessionChanges],
    ) -> SessionInfo:
        """`SessionStore.append` for this user."""
        return self.store.append(
            session_id, *messages, user_id=self.user_id, if_version=if_version, **changes
        )

    def append_and_get(
        self,
        session_id: str,
        *messages: Message,
        if_version: int | None = None,
        **changes: Unpack[SessionChanges],
    ) -> Session:
        """`SessionStore.append_and_get` for this user."""
        return self.store.append_and_get(
            session_id, *messages, user_id=self.user_id, if_version=if_version, **changes
        )

    def rewrite(
        self,
        session_id: str,
        messages: Iterable[Message],
        *,
        if_version: int | None,
        whole: bool = False,
    ) -> Session:
        """`SessionStore.rewrite` for this user."""
        return self.store.rewrite(
            session_id, messages, if_version=if_version, user_id=self.user_id, whole=whole
        )

    def amend(self, session_id: str, message: Message, *, if_version: int | None = None) -> Session:
        """`SessionStore.amend` for this user."""
        return self.store.amend(session_id, message, user_id=self.user_id, if_version=if_version)

    def list_messages(self, session_id: str, **listing: Unpack[MessageListing]) -> Page[Message]:
        """`SessionStore.list_messages` for this user."""
        return self.store.list_messages(session_id, user_id=self.user_id, **listing)

    def iter_messages(
        self, session_id: str, *, newest_first: bool = True, page_size: int = 100
    ) -> Iterator[Message]:
        """`SessionStore.iter_messages` for this user."""
        return self.store.iter_messages(
            session_id, user_id=self.user_id, newest_first=newest_first, page_size=page_size
        )

    def update(
        self, session_id: str, *, if_version: int | None = None, **changes: Unpack[SessionChanges]
    ) -> SessionInfo:
        """`SessionStore.update` for this user."""
        return self.store.update(session_id, user_id=self.user_id, if_version=if_version, **changes)

    def delete(self, session_id: str, *, if_version: int | None = None) -> bool:
        """`SessionStore.delete` for this user."""
        return self.store.delete(session_id, user_id=self.user_id, if_version=if_version)

    def list_sessions(self, **listing: Unpack[Listing]) -> Page[SessionInfo]:
        """`SessionStore.list_sessions` for this user."""
        return self.store.list_sessions(self.user_id, **listing)

    def iter_sessions(
        self, *, page_size: int = 100, **listing: Unpack[ListingFilter]
    ) -> Iterator[SessionInfo]:
        """`SessionStore.iter_sessions` for this user."""
        return self.store.iter_sessions(self.user_id, page_size=page_size, **listing)
