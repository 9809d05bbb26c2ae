"""chatstore keeps the chat sessions of bots and agents, and behaves the same on every backend."""

from chatstore.base import BaseSessionStore
from chatstore.cached import CachedSessionStore
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
    MessageTooLargeError,
    SchemaError,
    SessionExistsError,
    SessionNotFoundError,
    VersionConflictError,
)
from chatstore.guarded_cache import CacheStats
from chatstore.memory import MemorySessionStore, MemoryStorage
from chatstore.memory_cache import MemorySessionCache
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
from chatstore.scoped import UserSessions

__all__ = [
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
    "open_store",
    "utc_now",
]
