"""`AsyncSessionStore`: any store, awaited. Its calls run in a pool of threads of its own."""

import asyncio
from concurrent.futures import Future
from types import TracebackType
from typing import NoReturn, Self, overload

from chatstore.aio.calls import Awaited, Call, Walk, first, named, restored
from chatstore.aio.threads import Threads, in_thread
from chatstore.cache.breaker import CacheStats
from chatstore.cache.store import CachedSessionStore
from chatstore.clock import Clock, utc_now
from chatstore.opening import open_store
from chatstore.policy import RetentionPolicy
from chatstore.protocol import MaintainedSessionStore, require_store
from chatstore.runtime.forks import refuse_pickling
from chatstore.user_sessions import UserSessions

MAX_WORKERS = 16
"""How many calls run at once unless the caller says otherwise; further ones wait their turn."""


class AsyncUserSessions(Awaited):
    """The sessions of one user: `UserSessions`, awaited."""

    create = Call(UserSessions.create, writes_to=named)
    get = Call(UserSessions.get)
    get_or_create = Call(UserSessions.get_or_create, writes_to=first)
    get_many = Call(UserSessions.get_many)
    append = Call(UserSessions.append, writes_to=first)
    append_and_get = Call(UserSessions.append_and_get, writes_to=first)
    rewrite = Call(UserSessions.rewrite, writes_to=first)
    amend = Call(UserSessions.amend, writes_to=first)
    list_messages = Call(UserSessions.list_messages)
    iter_messages = Walk(UserSessions.iter_messages)
    update = Call(UserSessions.update, writes_to=first)
    delete = Call(UserSessions.delete, writes_to=first)
    list_sessions = Call(UserSessions.list_sessions)
    iter_sessions = Walk(UserSessions.iter_sessions)

    @property
    def user_id(self) -> str:
        """The one user."""
        user_id: str = self._twin.user_id
        return user_id


class AsyncSessionStore(Awaited):
    """`store`, awaited: each method is a coroutine of the same name, arguments, result and errors.

    At most `max_workers` calls run at once, each in a thread; further ones wait, which is part of
    the store's deadline for a call. The store must be safe to share between threads, as all of
    chatstore's are. One adapter may serve several event loops of one process.

    Writes to one session take effect in the order in which they were called here. When a task that
    waits for a write is cancelled, or its time is up, the write happens once or not at all, and may
    still be on its way: send the same messages again, they are stored once. `close` waits for what
    is on its way. Raises `ConfigurationError` for a store that is none.
    """

    def __init__(self, store: MaintainedSessionStore, *, max_workers: int = MAX_WORKERS) -> None:
        require_store("store", store)
        super().__init__(store, Threads(max_workers))
        self.store = store

    def __repr__(self) -> str:
        return f"<{type(self).__name__} over {self.store!r}>"

    def __reduce__(self) -> NoReturn:
        raise refuse_pickling("asynchronous store")

    create = Call(MaintainedSessionStore.create, writes_to=named)
    get = Call(MaintainedSessionStore.get)
    get_or_create = Call(MaintainedSessionStore.get_or_create, writes_to=first)
    get_many = Call(MaintainedSessionStore.get_many)
    append = Call(MaintainedSessionStore.append, writes_to=first)
    append_and_get = Call(MaintainedSessionStore.append_and_get, writes_to=first)
    rewrite = Call(MaintainedSessionStore.rewrite, writes_to=first)
    amend = Call(MaintainedSessionStore.amend, writes_to=first)
    list_messages = Call(MaintainedSessionStore.list_messages)
    iter_messages = Walk(MaintainedSessionStore.iter_messages)
    update = Call(MaintainedSessionStore.update, writes_to=first)
    delete = Call(MaintainedSessionStore.delete, writes_to=first)
    list_sessions = Call(MaintainedSessionStore.list_sessions)
    iter_sessions = Walk(MaintainedSessionStore.iter_sessions)
    ping = Call(MaintainedSessionStore.ping)
    delete_user = Call(MaintainedSessionStore.delete_user)
    purge_expired = Call(MaintainedSessionStore.purge_expired)
    scan = Call(MaintainedSessionStore.scan)
    restore = Call(MaintainedSessionStore.restore, writes_to=restored)

    @property
    def policy(self) -> RetentionPolicy:
        """The store's policy."""
        return self.store.policy

    def for_user(self, user_id: str) -> AsyncUserSessions:
        """A view of this store that sees one user's sessions only."""
        return AsyncUserSessions(self.store.for_user(user_id), self._threads)

    async def close(self) -> None:
        """Wait for the calls on their way, then close the store; a second call waits for the same.
        Calls after it raise `ConfigurationError`. It is done even if the waiting task is
        cancelled. An `AsyncSessionStore` is also an asynchronous context manager that closes."""
        await self._threads.close(self.store.close)

    aclose = close

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()


class AsyncCachedSessionStore(AsyncSessionStore):
    """A cached store, awaited."""

    def __init__(self, store: CachedSessionStore, *, max_workers: int = MAX_WORKERS) -> None:
        super().__init__(store, max_workers=max_workers)
        self._cached = store

    async def stats(self) -> CacheStats:
        """`CachedSessionStore.stats`."""
        return self._cached.stats()


@overload
async def open_async_store(
    url: str | None = None,
    *,
    policy: RetentionPolicy | None = None,
    clock: Clock = utc_now,
    cache: None = None,
    max_staleness: float | None = None,
    max_workers: int = MAX_WORKERS,
) -> AsyncSessionStore: ...


@overload
async def open_async_store(
    url: str | None = None,
    *,
    policy: RetentionPolicy | None = None,
    clock: Clock = utc_now,
    cache: str,
    max_staleness: float | None = None,
    max_workers: int = MAX_WORKERS,
) -> AsyncCachedSessionStore: ...


async def open_async_store(
    url: str | None = None,
    *,
    policy: RetentionPolicy | None = None,
    clock: Clock = utc_now,
    cache: str | None = None,
    max_staleness: float | None = None,
    max_workers: int = MAX_WORKERS,
) -> AsyncSessionStore:
    """`open_store`, in a thread since opening may wait for a disk or a network, and awaited:
    `async with await open_async_store("sqlite:///chat.db") as store`. Raises what `open_store`
    does. A store whose opening was cancelled is closed when it comes."""

    def opening() -> MaintainedSessionStore:
        return open_store(url, policy=policy, clock=clock, cache=cache, max_staleness=max_staleness)

    opened = in_thread(opening)
    try:
        store = await asyncio.wrap_future(opened)
    except asyncio.CancelledError:
        opened.add_done_callback(_close_unwanted)
        raise
    try:
        if isinstance(store, CachedSessionStore):
            return AsyncCachedSessionStore(store, max_workers=max_workers)
        return AsyncSessionStore(store, max_workers=max_workers)
    except BaseException:
        store.close()
        raise


def _close_unwanted(opened: Future[MaintainedSessionStore]) -> None:
    if not opened.cancelled() and opened.exception() is None:
        opened.result().close()
