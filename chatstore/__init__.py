"""chatstore keeps the chat sessions of bots and agents, and behaves the same on every backend."""

from typing import TYPE_CHECKING

from chatstore.cache.breaker import CacheStats
from chatstore.cache.memory import MemorySessionCache
from chatstore.cache.store import CachedSessionStore
from chatstore.clock import Clock, ManualClock, utc_now
from chatstore.errors import (
    BackendAuthError,
    BackendError,
    BackendThrottledError,
    BackendUnavailableError,
    ChatStoreError,
    ConfigurationError,
    CorruptSessionError,
    InvalidCursorError,
    InvalidInputError,
    MessageNotFoundError,
    MessageTooLargeError,
    SchemaError,
    SessionExistsError,
    SessionNotFoundError,
    VersionConflictError,
)
from chatstore.memory import MemorySessionStore, MemoryStorage
from chatstore.models import (
    ExtractedFilters,
    JsonObject,
    Message,
    Page,
    Session,
    SessionInfo,
    YearRange,
)
from chatstore.opening import open_store
from chatstore.policy import RetentionPolicy
from chatstore.protocol import MaintainedSessionStore, Maintenance, SessionStore
from chatstore.store.base import BaseSessionStore
from chatstore.user_sessions import UserSessions

if TYPE_CHECKING:
    from chatstore.aio.store import (
        AsyncCachedSessionStore,
        AsyncSessionStore,
        AsyncUserSessions,
        open_async_store,
    )

__all__ = [
    "AsyncCachedSessionStore",
    "AsyncSessionStore",
    "AsyncUserSessions",
    "BackendAuthError",
    "BackendError",
    "BackendThrottledError",
    "BackendUnavailableError",
    "BaseSessionStore",
    "CacheStats",
    "CachedSessionStore",
    "ChatStoreError",
    "Clock",
    "ConfigurationError",
    "CorruptSessionError",
    "ExtractedFilters",
    "InvalidCursorError",
    "InvalidInputError",
    "JsonObject",
    "MaintainedSessionStore",
    "Maintenance",
    "ManualClock",
    "MemorySessionCache",
    "MemorySessionStore",
    "MemoryStorage",
    "Message",
    "MessageNotFoundError",
    "MessageTooLargeError",
    "Page",
    "RetentionPolicy",
    "SchemaError",
    "Session",
    "SessionExistsError",
    "SessionInfo",
    "SessionNotFoundError",
    "SessionStore",
    "UserSessions",
    "VersionConflictError",
    "YearRange",
    "open_async_store",
    "open_store",
    "utc_now",
]

_ASYNCHRONOUS = frozenset(
    {"AsyncCachedSessionStore", "AsyncSessionStore", "AsyncUserSessions", "open_async_store"}
)


def __getattr__(name: str) -> object:
    # asyncio takes 20 ms to import: whoever does not await does not pay for it.
    if name in _ASYNCHRONOUS:
        from chatstore import aio

        return getattr(aio, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
