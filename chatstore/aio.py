"""`AsyncSessionStore`: any store, awaited. Its calls run in a pool of threads of its own."""

import asyncio
import functools
import inspect
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping, Sequence
from concurrent.futures import Future
from itertools import islice
from types import TracebackType
from typing import Any, Concatenate, Generic, NoReturn, ParamSpec, Self, TypeVar, overload

from chatstore.cached import CachedSessionStore
from chatstore.clock import Clock, utc_now
from chatstore.errors import ConfigurationError
from chatstore.forks import refuse_pickling
from chatstore.guarded_cache import CacheStats
from chatstore.models import SessionInfo
from chatstore.opening import open_store
from chatstore.policy import RetentionPolicy
from chatstore.protocol import MaintainedSessionStore
from chatstore.scoped import UserSessions
from chatstore.threads import Threads, in_thread

MAX_WORKERS = 16
"""How many calls run at once unless the caller says otherwise; further ones wait their turn."""

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


class _Awaited:
    """What the store and a user's view of it have in common: a synchronous twin, and threads."""

    def __init__(self, twin: Any, threads: Threads) -> None:
        self._twin = twin
        self._threads = threads


_SessionOf = Callable[[Sequence[object], Mapping[str, object]], object]
"""From a call's arguments to the id of the session that it writes to."""


def _first(arguments: Sequence[object], options: Mapping[str, object]) -> object:
    return arguments[0] if arguments else options.get("session_id")


def _named(arguments: Sequence[object], options: Mapping[str, object]) -> object:
    return options.get("session_id")


def _restored(arguments: Sequence[object], options: Mapping[str, object]) -> object:
    session = arguments[0] if arguments else options.get("session")
    return getattr(session, "session_id", None)


class _Call(Generic[Arguments, Result]):
    """A method that is a coroutine here: same name, same arguments, same result."""

    def __init__(
        self,
        method: Callable[Concatenate[Any, Arguments], Result],
        *,
        writes_to: "_SessionOf | None" = None,
    ) -> None:
        self._name = method.__name__
        self._writes_to = writes_to
        self.__doc__ = method.__doc__

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...

    @overload
    def __get__(
        self, instance: _Awaited, owner: type
    ) -> Callable[Arguments, Coroutine[Any, Any, Result]]: ...

    def __get__(self, instance: _Awaited | None, owner: type) -> Any:
        if instance is None:
            return self
        method: Callable[Arguments, Result] = getattr(instance._twin, self._name)
        writes_to = self._writes_to

        @functools.wraps(method)
        async def call(*arguments: Arguments.args, **options: Arguments.kwargs) -> Result:
            session_id = writes_to(arguments, options) if writes_to is not None else None
            return await instance._threads.run(
                functools.partial(method, *arguments, **options),
                # What is no id is for the store to refuse.
                session_id=str.__str__(session_id) if isinstance(session_id, str) else None,
            )

        return call


class _Walk(Generic[Arguments]):
    """`iter_sessions` as an asynchronous iterator: one call in a thread for each page."""

    def __init__(
        self, method: Callable[Concatenate[Any, Arguments], Iterator[SessionInfo]]
    ) -> None:
        self.__doc__ = method.__doc__

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...

    @overload
    def __get__(
        self, instance: _Awaited, owner: type
    ) -> Callable[Arguments, AsyncIterator[SessionInfo]]: ...

    def __get__(self, instance: _Awaited | None, owner: type) -> Any:
        if instance is None:
            return self
        method: Callable[Arguments, Iterator[SessionInfo]] = instance._twin.iter_sessions

        @functools.wraps(method)
        async def walk(
            *arguments: Arguments.args, **options: Arguments.kwargs
        ) -> AsyncIterator[SessionInfo]:
            sessions = method(*arguments, **options)
            size = options.get("page_size", 100)
            # A size that is none is for the store to refuse, at the first step.
            page_size = size if isinstance(size, int) and size > 0 else 1
            while found := await instance._threads.run(lambda: list(islice(sessions, page_size))):
                for session in found:
                    yield session

        return walk


class AsyncUserSessions(_Awaited):
    """The sessions of one user: `UserSessions`, awaited."""

    create = _Call(UserSessions.create, writes_to=_named)
    get = _Call(UserSessions.get)
    get_or_create = _Call(UserSessions.get_or_create, writes_to=_first)
    get_many = _Call(UserSessions.get_many)
    append = _Call(UserSessions.append, writes_to=_first)
    append_and_get = _Call(UserSessions.append_and_get, writes_to=_first)
    rewrite = _Call(UserSessions.rewrite, writes_to=_first)
    update = _Call(UserSessions.update, writes_to=_first)
    delete = _Call(UserSessions.delete, writes_to=_first)
    list_sessions = _Call(UserSessions.list_sessions)
    iter_sessions = _Walk(UserSessions.iter_sessions)

    @property
    def user_id(self) -> str:
        """The one user."""
        user_id: str = self._twin.user_id
        return user_id


class AsyncSessionStore(_Awaited):
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
        _require_store(store)
        super().__init__(store, Threads(max_workers))
        self.store = store

    def __repr__(self) -> str:
        return f"<{type(self).__name__} over {self.store!r}>"

    def __reduce__(self) -> NoReturn:
        raise refuse_pickling("asynchronous store")

    create = _Call(MaintainedSessionStore.create, writes_to=_named)
    get = _Call(MaintainedSessionStore.get)
    get_or_create = _Call(MaintainedSessionStore.get_or_create, writes_to=_first)
    get_many = _Call(MaintainedSessionStore.get_many)
    append = _Call(MaintainedSessionStore.append, writes_to=_first)
    append_and_get = _Call(MaintainedSessionStore.append_and_get, writes_to=_first)
    rewrite = _Call(MaintainedSessionStore.rewrite, writes_to=_first)
    update = _Call(MaintainedSessionStore.update, writes_to=_first)
    delete = _Call(MaintainedSessionStore.delete, writes_to=_first)
    list_sessions = _Call(MaintainedSessionStore.list_sessions)
    iter_sessions = _Walk(MaintainedSessionStore.iter_sessions)
    ping = _Call(MaintainedSessionStore.ping)
    delete_user = _Call(MaintainedSessionStore.delete_user)
    purge_expired = _Call(MaintainedSessionStore.purge_expired)
    scan = _Call(MaintainedSessionStore.scan)
    restore = _Call(MaintainedSessionStore.restore, writes_to=_restored)

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
    opened = in_thread(
        functools.partial(
            open_store, url, policy=policy, clock=clock, cache=cache, max_staleness=max_staleness
        )
    )
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


def _require_store(store: object) -> None:
    """Raise `ConfigurationError` unless `store` has a store's methods, none of them awaited."""
    for name, member in vars(AsyncSessionStore).items():
        if isinstance(member, _Call | _Walk):
            method = getattr(store, name, None)
            if not callable(method) or inspect.iscoroutinefunction(method):
                raise ConfigurationError(
                    f"store must be a synchronous store, such as open_store returns, and not "
                    f"{type(store).__name__}: it has no method {name}"
                )


def _close_unwanted(opened: Future[MaintainedSessionStore]) -> None:
    if not opened.cancelled() and opened.exception() is None:
        opened.result().close()
