"""The same stores for code that awaits."""

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
    "open_async_store",
]
