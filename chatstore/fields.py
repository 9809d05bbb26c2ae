"""The keyword arguments that several calls share. `protocol/` writes them out and says what each
means; whatever passes them on names them by these types."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TypedDict

from chatstore.models import Message


class SessionFields(TypedDict, total=False):
    """What `create` and `get_or_create` take for a new session."""

    messages: Iterable[Message]
    user_preferences: Mapping[str, object] | None
    metadata: Mapping[str, object] | None
    session_status: str


class SessionChanges(TypedDict, total=False):
    """What `update` changes."""

    user_preferences: Mapping[str, object] | None
    metadata: Mapping[str, object] | None
    session_status: str | None


class Conditions(TypedDict, total=False):
    """What a write asks of the session: its owner, and its version."""

    user_id: str | None
    if_version: int | None


class Appending(Conditions, SessionChanges, total=False):
    """What an append takes beside its messages."""


class MessageListing(TypedDict, total=False):
    """One page of a session's messages."""

    newest_first: bool
    limit: int
    cursor: str | None


class ListingFilter(TypedDict, total=False):
    """Which of a user's sessions are listed, and in which order."""

    newest_first: bool
    created_from: datetime | None
    created_before: datetime | None
    session_status: str | None


class Listing(ListingFilter, total=False):
    """One page of a listing."""

    limit: int
    cursor: str | None
