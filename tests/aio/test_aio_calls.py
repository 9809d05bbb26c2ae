"""The async adapter beyond the contract: threads, loops, pages, methods and opening."""

import asyncio
import copy
import inspect
import pickle
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

import pytest

from chatstore import (
    AsyncSessionStore,
    AsyncUserSessions,
    ConfigurationError,
    InvalidInputError,
    MaintainedSessionStore,
    MemorySessionStore,
    Message,
    SessionNotFoundError,
    UserSessions,
    open_async_store,
)

from .gated import SENT, GatedStore


def test_at_most_max_workers_run_at_once() -> None:
    """The loop goes on while calls run; as many as there are threads run at once, no more."""

    async def main() -> None:
        behind = GatedStore()
        async with AsyncSessionStore(behind, max_workers=2) as store:
            for number in range(4):
                await store.create("ana", session_id=f"{number}")
            tasks = [asyncio.create_task(store.append(f"{number}", SENT)) for number in range(4)]
            await behind.arrival()
            await behind.arrival()
            assert behind.engine.appends == 2
            behind.engine.gate.set()
            await asyncio.gather(*tasks)
            assert behind.engine.appends == 4

    asyncio.run(main())


@pytest.mark.parametrize("store", [None, "memory://", MemorySessionStore, object()])
def test_what_is_awaited_is_a_store(store: Any) -> None:
    """Anything but a synchronous store is refused at once, another adapter too."""
    with pytest.raises(ConfigurationError, match="must be a synchronous store"):
        AsyncSessionStore(store)
    with pytest.raises(ConfigurationError, match="must be a synchronous store"):
        AsyncSessionStore(AsyncSessionStore(MemorySessionStore()))  # type: ignore[arg-type]  # bad on purpose


def test_an_adapter_stays_in_its_process() -> None:
    """It can't be pickled or copied, and says what to send instead."""
    store = AsyncSessionStore(MemorySessionStore())
    for send in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(ConfigurationError, match="send its URL"):
            send(store)


@pytest.mark.parametrize("max_workers", [0, -1, True, None, "4"])
def test_max_workers_is_a_count(max_workers: Any) -> None:
    """A number of threads that is none is `InvalidInputError`."""
    with pytest.raises(InvalidInputError, match="max_workers"):
        AsyncSessionStore(MemorySessionStore(), max_workers=max_workers)


def test_one_adapter_serves_several_loops() -> None:
    """Calls from different event loops, one after the other, share the store."""
    store = AsyncSessionStore(MemorySessionStore())
    asyncio.run(store.create("ana", session_id="one"))
    assert asyncio.run(store.append("one", SENT)).message_count == 1
    asyncio.run(store.close())
    asyncio.run(store.close())


def test_iter_sessions_asks_for_a_page_when_it_is_wanted() -> None:
    """One call for each page, none ahead; a bad page size is the store's own error."""

    async def main() -> None:
        behind = GatedStore()
        async with AsyncSessionStore(behind) as store:
            for number in range(5):
                await store.create("ana", session_id=f"{number}")
            walk = store.iter_sessions("ana", page_size=2, newest_first=False)
            assert behind.engine.pages == 0
            assert [(await anext(walk)).session_id, (await anext(walk)).session_id] == ["0", "1"]
            assert behind.engine.pages == 1
            assert [each.session_id async for each in walk] == ["2", "3", "4"]
            assert behind.engine.pages == 3
            for size in (0, "2"):
                with pytest.raises(InvalidInputError, match="limit"):
                    await anext(store.iter_sessions("ana", page_size=size))  # type: ignore[arg-type]  # bad on purpose

    asyncio.run(main())


def test_iter_messages_asks_for_a_page_when_it_is_wanted() -> None:
    """The same for the messages of a session, in either order, and for one user."""

    async def main() -> None:
        behind = GatedStore()
        behind.engine.gate.set()
        async with AsyncSessionStore(behind) as store:
            messages = [Message(type="user_query", content=f"{number}") for number in range(5)]
            await store.create("ana", session_id="one", messages=messages)
            walk = store.iter_messages("one", page_size=2, newest_first=False)
            assert behind.engine.pages == 0
            assert [await anext(walk), await anext(walk)] == messages[:2]
            assert behind.engine.pages == 1
            assert [each async for each in walk] == messages[2:]
            assert behind.engine.pages == 3
            mine = store.for_user("ana")
            assert [each async for each in mine.iter_messages("one")] == messages[::-1]
            with pytest.raises(InvalidInputError, match="limit"):
                await anext(store.iter_messages("one", page_size=0))
            with pytest.raises(SessionNotFoundError):
                await anext(store.for_user("ben").iter_messages("one"))

    asyncio.run(main())


def test_a_users_view_is_awaited_too() -> None:
    """`for_user` sees one user's sessions only, and shares the store's threads and its end."""

    async def main() -> None:
        async with AsyncSessionStore(MemorySessionStore()) as store:
            await store.create("ben", session_id="his")
            mine = store.for_user("ana")
            assert mine.user_id == "ana"
            await mine.create(session_id="hers")
            assert [each.session_id async for each in mine.iter_sessions()] == ["hers"]
            with pytest.raises(SessionNotFoundError):
                await mine.append("his", SENT)
        with pytest.raises(ConfigurationError, match="closed"):
            await mine.get("hers")

    asyncio.run(main())


@pytest.mark.parametrize(
    ("awaited", "twin"),
    [(AsyncSessionStore, MaintainedSessionStore), (AsyncUserSessions, UserSessions)],
)
def test_no_method_is_missing(awaited: type, twin: type) -> None:
    """Every public method has a namesake with the same words."""
    for name in vars(twin).keys() | dir(twin):
        method = getattr(twin, name, None)
        if not name.startswith("_") and callable(method):
            assert hasattr(awaited, name), name
            if name not in ("close", "for_user"):
                assert getattr(awaited, name).__doc__ == method.__doc__


def test_a_method_is_known_as_a_coroutine() -> None:
    """Tools that ask see coroutine functions with the store's own signatures."""
    store = AsyncSessionStore(MemorySessionStore())
    assert inspect.iscoroutinefunction(store.append)
    assert inspect.signature(store.append) == inspect.signature(store.store.append)


def test_the_callers_context_goes_along() -> None:
    """Context variables, such as a trace's id, are seen in the thread."""
    variable: ContextVar[int] = ContextVar("variable", default=1999)

    async def main() -> None:
        behind = MemorySessionStore(clock=lambda: datetime(variable.get(), 1, 1, tzinfo=UTC))
        async with AsyncSessionStore(behind) as store:
            variable.set(2026)
            assert (await store.create("ana")).created_at.year == 2026

    asyncio.run(main())


def test_open_async_store_opens_by_url() -> None:
    """`open_async_store` takes and raises what `open_store` does."""

    async def main() -> None:
        async with await open_async_store("memory://", max_workers=1) as store:
            session = await store.create("ana")
            assert await store.get(session.session_id) == session
        with pytest.raises(ConfigurationError, match="memory"):
            await open_async_store("mongodb://host")

    asyncio.run(main())


def test_open_async_store_opens_a_cache_too() -> None:
    """With a cache it takes `open_store`'s arguments for that, and the counters can be read."""

    async def main() -> None:
        opened = await open_async_store("memory://", cache="memory://", max_staleness=5.0)
        async with opened as store:
            session = await store.create("ana")
            assert await store.get(session.session_id) == session
            assert (await store.stats()).hits == 1
        with pytest.raises(ConfigurationError, match="closed"):
            await store.get(session.session_id)

    asyncio.run(main())
