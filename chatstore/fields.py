"""The arguments that calls have in common, by name: what passes a call on passes these on whole.

`chatstore.protocol` is the reference for them; here they only have their types.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TypedDict

from chatstore.models import Message


class SessionFields(TypedDict, total=False):
    """What a new session is made of: `create`, `get_or_create`."""

    messages: Iterable[Message]
    user_preferences: Mapping[str, object] | None
    metadata: Mapping[str, object] | None
    session_status: str


class Changes(TypedDict, total=False):
    """What `update` changes."""

    user_preferences: Mapping[str, object] | None
    metadata: Mapping[str, object] | None
    session_status: str | None


class Conditions(TypedDict, total=False):
    """What a write asks of the session: its owner, and its version."""

    user_id: str | None
    if_version: int | None


class ConditionalChanges(Changes, Conditions, total=False):
    """What `update` changes, and on which condition."""


class Filters(TypedDict, total=False):
    """Which of a user's sessions a listing shows, and in which order."""

    newest_first: bool
    created_from: datetime | None
    created_before: datetime | None
    session_status: str | None


class Listing(Filters, total=False):
    """One page of a listing: `list_sessions`."""

    limit: int
    cursor: str | None


class Walk(Filters, total=False):
    """All pages of a listing: `iter_sessions`."""

    page_size: int
