"""The async adapter beyond the contract: cancellation, closing, threads and opening."""

import asyncio
import inspect
import threading
from collections.abc import Sequence
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
    aio,
    open_async_store,
)
from chatstore.hooks import PageQuery
from chatstore.records import Body, StoredMessage
from chatstore.writes import Write

SENT = Message(type="user_query", content="once")
PATIENCE = 30
"""Seconds after which a test that hangs fails instead."""


class GatedStore(MemorySessionStore):
    """Appends wait at a gate, before anything is stored, for as long as it is shut."""

    def __init__(self) -> None:
        super().__init__()
        self.arrived = threading.Semaphore(0)
        self.gate = threading.Event()
        self.appends = 0
        self.pages = 0
        self.closes = 0
        self.closed = threading.Event()

    def _append(
        self, write: Write, messages: Sequence[StoredMessage], *, with_window: bool
    ) -> Body:
        self.appends += 1
        self.arrived.release()
        assert self.gate.wait(PATIENCE)
        return super()._append(write, messages, with_window=with_window)

    def _page(self, query: PageQuery) -> Any:
        self.pages += 1
        return super()._page(query)

    def close(self) -> None:
        self.closes += 1
        self.closed.set()
        super().close()

    async def arrival(self) -> None:
        """Until one more append stands at the gate."""
        assert await asyncio.to_thread(self.arrived.acquire, timeout=PATIENCE)


def test_an_append_cancelled_in_its_course_is_stored_once() -> None:
    """A call that runs goes on to its end; the same messages sent again are stored once."""

    async def main() -> None:
        behind = GatedStore()
        async with AsyncSessionStore(behind) as store:
            await store.create("ana", session_id="one")
            task = asyncio.create_task(store.append("one", SENT))
            await behind.arrival()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            behind.gate.set()
            assert (await store.append("one", SENT)).message_count == 1
            assert (await store.get("one")).messages == [SENT]
            assert (await store.get("one")).version == 2

    asyncio.run(main())


def test_a_retry_may_overtake_what_was_cancelled() -> None:
    """The first call is still on its way when the retry is answered: stored once all the same."""

    async def main() -> None:
        behind = GatedStore()
        async with AsyncSessionStore(behind) as store:
            await store.create("ana", session_id="one")
            first = asyncio.create_task(store.append("one", SENT))
            await behind.arrival()
            first.cancel()
            with pytest.raises(asyncio.CancelledError):
                await first
            retries = [asyncio.create_task(store.append("one", SENT)) for _ in range(3)]
            for _ in retries:
                await behind.arrival()
            behind.gate.set()
            await asyncio.gather(*retries)
        assert MemorySessionStore(behind._storage).get("one").message_count == 1

    asyncio.run(main())


def test_an_append_cancelled_before_its_turn_never_happens() -> None:
    """A call that waits for a thread is not begun once it is cancelled."""

    async def main() -> None:
        behind = GatedStore()
        async with AsyncSessionStore(behind, max_workers=1) as store:
            await store.create("ana", session_id="one")
            first = asyncio.create_task(store.append("one", SENT))
            await behind.arrival()
            other = Message(type="user_query", content="never")
            waiting = asyncio.create_task(store.append("one", other))
            await asyncio.sleep(0)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            behind.gate.set()
            await first
            assert (await store.get("one")).messages == [SENT]
            assert behind.appends == 1
            assert (await store.append("one", other)).message_count == 2

    asyncio.run(main())


def test_a_failure_after_cancellation_is_nobodys() -> None:
    """What a cancelled call raises later disturbs neither the loop nor the next call."""

    async def main() -> None:
        complaints: list[dict[str, Any]] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, told: complaints.append(told))
        behind = GatedStore()
        async with AsyncSessionStore(behind) as store:
            task = asyncio.create_task(store.append("missing", SENT))
            await behind.arrival()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            behind.gate.set()
            with pytest.raises(SessionNotFoundError):
                await store.append("missing", SENT)
        assert complaints == []

    asyncio.run(main())


def test_at_most_max_workers_run_at_once() -> None:
    """The loop goes on while calls run; as many as there are threads run at once, no more."""

    async def main() -> None:
        behind = GatedStore()
        async with AsyncSessionStore(behind, max_workers=2) as store:
            await store.create("ana", session_id="one")
            tasks = [
                asyncio.create_task(store.append("one", Message(type="user", content=f"{number}")))
                for number in range(4)
            ]
            await behind.arrival()
            await behind.arrival()
            assert behind.appends == 2
            behind.gate.set()
            await asyncio.gather(*tasks)
            assert (await store.get("one")).message_count == 4

    asyncio.run(main())


@pytest.mark.parametrize("max_workers", [0, -1, True, None, "4"])
def test_max_workers_is_a_count(max_workers: Any) -> None:
    """A number of threads that is none is `InvalidInputError`."""
    with pytest.raises(InvalidInputError, match="max_workers"):
        AsyncSessionStore(MemorySessionStore(), max_workers=max_workers)


def test_close_waits_for_what_is_on_its_way() -> None:
    """`close` lets begun calls end, then closes the store; a cancelled `close` does so as well,
    and calls after it are refused."""

    async def main() -> None:
        behind = GatedStore()
        store = AsyncSessionStore(behind)
        await store.create("ana", session_id="one")
        running = asyncio.create_task(store.append("one", SENT))
        await behind.arrival()
        closing = asyncio.create_task(store.close())
        await asyncio.sleep(0)
        with pytest.raises(ConfigurationError, match="closed"):
            await store.get("one")
        closing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await closing
        assert not await asyncio.to_thread(behind.closed.wait, 0.05)
        assert not running.done()
        behind.gate.set()
        assert (await running).message_count == 1
        await store.close()
        await store.aclose()
        assert behind.closes == 1
        with pytest.raises(ConfigurationError, match="closed"):
            behind.get("one")

    asyncio.run(main())


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
            assert behind.pages == 0
            assert [(await anext(walk)).session_id, (await anext(walk)).session_id] == ["0", "1"]
            assert behind.pages == 1
            assert [each.session_id async for each in walk] == ["2", "3", "4"]
            assert behind.pages == 3
            for size in (0, "2"):
                with pytest.raises(InvalidInputError, match="limit"):
                    await anext(store.iter_sessions("ana", page_size=size))  # type: ignore[arg-type]  # bad on purpose

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


def test_a_store_whose_opening_was_cancelled_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody will get it, so nobody could close it."""
    begun, gate, closed = threading.Event(), threading.Event(), threading.Event()

    class Closing(MemorySessionStore):
        def _close(self) -> None:
            closed.set()

    def open_slowly(*_: object, **__: object) -> MemorySessionStore:
        begun.set()
        assert gate.wait(PATIENCE)
        return Closing()

    monkeypatch.setattr(aio, "open_store", open_slowly)

    async def main() -> None:
        opening = asyncio.create_task(open_async_store("memory://"))
        assert await asyncio.to_thread(begun.wait, PATIENCE)
        opening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await opening
        gate.set()
        assert await asyncio.to_thread(closed.wait, PATIENCE)

    asyncio.run(main())
