"""`AsyncSessionStore`: any store, awaited. Its calls run in a pool of threads of its own."""

import asyncio
import functools
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from itertools import islice
from threading import Lock
from types import TracebackType
from typing import Any, Concatenate, Generic, ParamSpec, Self, TypeVar, overload

from chatstore.clock import Clock, utc_now
from chatstore.errors import ConfigurationError, InvalidInputError
from chatstore.models import SessionInfo
from chatstore.opening import open_store
from chatstore.policy import RetentionPolicy
from chatstore.protocol import MaintainedSessionStore
from chatstore.scoped import UserSessions

MAX_WORKERS = 16
"""How many calls run at once unless the caller says otherwise; further ones wait their turn."""

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


class _Threads:
    """A pool of threads that calls are awaited from, and its end."""

    def __init__(self, max_workers: int) -> None:
        if type(max_workers) is not int or max_workers < 1:
            raise InvalidInputError("max_workers", "1 or more", repr(max_workers))
        self._pool = ThreadPoolExecutor(max_workers, thread_name_prefix="chatstore")
        self._end: Future[None] | None = None
        # Nothing is submitted to a pool that is being shut, by whichever loop's thread.
        self._lock = Lock()

    async def run(self, call: Callable[[], Result]) -> Result:
        """Run `call` in a thread, in the caller's context. When the waiting task is cancelled, a
        call that has not begun never does, and one that has runs to its end."""
        with self._lock:
            if self._end is not None:
                raise ConfigurationError("this store is closed; open another")
            running = self._pool.submit(copy_context().run, call)
        return await asyncio.wrap_future(running)

    async def close(self, finish: Callable[[], None]) -> None:
        """Wait for the calls that were begun, then run `finish`, once. It goes on to its end even
        if the task that waits here is cancelled."""
        with self._lock:
            if self._end is None:
                # The pool can't wait for itself, and no loop must.
                self._end = _in_thread(functools.partial(self._finish, finish))
            end = self._end
        await asyncio.shield(asyncio.wrap_future(end))

    def _finish(self, finish: Callable[[], None]) -> None:
        self._pool.shutdown(wait=True)
        finish()


class _Awaited:
    """What the store and a user's view of it have in common: a synchronous twin, and threads."""

    def __init__(self, twin: Any, threads: _Threads) -> None:
        self._twin = twin
        self._threads = threads


class _Call(Generic[Arguments, Result]):
    """A method that is a coroutine here: same name, same arguments, same result."""

    def __init__(self, method: Callable[Concatenate[Any, Arguments], Result]) -> None:
        self._name = method.__name__
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

        @functools.wraps(method)
        async def call(*arguments: Arguments.args, **options: Arguments.kwargs) -> Result:
            return await instance._threads.run(functools.partial(method, *arguments, **options))

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

    create = _Call(UserSessions.create)
    get = _Call(UserSessions.get)
    get_or_create = _Call(UserSessions.get_or_create)
    get_many = _Call(UserSessions.get_many)
    append = _Call(UserSessions.append)
    append_and_get = _Call(UserSessions.append_and_get)
    rewrite = _Call(UserSessions.rewrite)
    update = _Call(UserSessions.update)
    delete = _Call(UserSessions.delete)
    list_sessions = _Call(UserSessions.list_sessions)
    iter_sessions = _Walk(UserSessions.iter_sessions)

    @property
    def user_id(self) -> str:
        """The one user."""
        user_id: str = self._twin.user_id
        return user_id


class AsyncSessionStore(_Awaited):
    """`store`, awaited: each method is a coroutine of the same name, arguments, result and errors.

    At most `max_workers` calls run at once, each in a thread; further ones wait. The store must be
    safe to share between threads, as all of chatstore's are. One adapter may serve several event
    loops.

    When a task that waits for a write is cancelled, or its time is up, the write happens once or
    not at all, and may still be on its way: send the same messages again, they are stored once.
    `close` waits for what is on its way.
    """

    def __init__(self, store: MaintainedSessionStore, *, max_workers: int = MAX_WORKERS) -> None:
        super().__init__(store, _Threads(max_workers))
        self.store = store

    create = _Call(MaintainedSessionStore.create)
    get = _Call(MaintainedSessionStore.get)
    get_or_create = _Call(MaintainedSessionStore.get_or_create)
    get_many = _Call(MaintainedSessionStore.get_many)
    append = _Call(MaintainedSessionStore.append)
    append_and_get = _Call(MaintainedSessionStore.append_and_get)
    rewrite = _Call(MaintainedSessionStore.rewrite)
    update = _Call(MaintainedSessionStore.update)
    delete = _Call(MaintainedSessionStore.delete)
    list_sessions = _Call(MaintainedSessionStore.list_sessions)
    iter_sessions = _Walk(MaintainedSessionStore.iter_sessions)
    ping = _Call(MaintainedSessionStore.ping)
    delete_user = _Call(MaintainedSessionStore.delete_user)
    purge_expired = _Call(MaintainedSessionStore.purge_expired)
    scan = _Call(MaintainedSessionStore.scan)
    restore = _Call(MaintainedSessionStore.restore)

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


async def open_async_store(
    url: str | None = None,
    *,
    policy: RetentionPolicy | None = None,
    clock: Clock = utc_now,
    max_workers: int = MAX_WORKERS,
) -> AsyncSessionStore:
    """`open_store`, in a thread since opening may wait for a disk or a network, and awaited:
    `async with await open_async_store("sqlite:///chat.db") as store`. Raises what `open_store`
    does. A store whose opening was cancelled is closed when it comes."""
    opened = _in_thread(functools.partial(open_store, url, policy=policy, clock=clock))
    try:
        store = await asyncio.wrap_future(opened)
    except asyncio.CancelledError:
        opened.add_done_callback(_close_unwanted)
        raise
    return AsyncSessionStore(store, max_workers=max_workers)


def _in_thread(call: Callable[[], Result]) -> Future[Result]:
    """Run `call` in a thread of its own."""
    thread = ThreadPoolExecutor(1, thread_name_prefix="chatstore")
    running = thread.submit(call)
    thread.shutdown(wait=False)
    return running


def _close_unwanted(opened: Future[MaintainedSessionStore]) -> None:
    if not opened.cancelled() and opened.exception() is None:
        opened.result().close()
