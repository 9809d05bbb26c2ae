"""The async adapter when calls are cancelled or it is closed: stored once, or not at all."""

import asyncio
import threading
from typing import Any

import pytest

from chatstore import (
    AsyncSessionStore,
    ConfigurationError,
    MemorySessionStore,
    Message,
    SessionNotFoundError,
    open_async_store,
)
from chatstore.aio import store as aio
from chatstore.memory import MemoryEngine

from .gated import PATIENCE, SENT, GatedStore


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
            behind.engine.gate.set()
            assert (await store.append("one", SENT)).message_count == 1
            assert (await store.get("one")).messages == [SENT]
            assert (await store.get("one")).version == 2

    asyncio.run(main())


def test_a_retry_waits_for_what_was_cancelled() -> None:
    """The first call is still on its way when it is sent again: the retry begins when that has
    ended, and finds it stored."""

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
            # What begins can be seen to begin only if it does: another session's turn comes.
            await store.create("ana", session_id="other")
            assert behind.engine.appends == 1
            behind.engine.gate.set()
            await asyncio.gather(*retries)
        assert MemorySessionStore(behind.engine.storage).get("one").message_count == 1

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
            behind.engine.gate.set()
            await first
            assert (await store.get("one")).messages == [SENT]
            assert behind.engine.appends == 1
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
            behind.engine.gate.set()
            with pytest.raises(SessionNotFoundError):
                await store.append("missing", SENT)
        assert complaints == []

    asyncio.run(main())


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
        behind.engine.gate.set()
        assert (await running).message_count == 1
        await store.close()
        await store.aclose()
        assert behind.closes == 1
        with pytest.raises(ConfigurationError, match="closed"):
            behind.get("one")

    asyncio.run(main())


def test_an_opening_that_was_cancelled_may_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then there is nothing to close, and nobody to tell."""
    begun, gate = threading.Event(), threading.Event()
    others = {*threading.enumerate()}

    def fail_slowly(*_: object, **__: object) -> MemorySessionStore:
        begun.set()
        assert gate.wait(PATIENCE)
        raise ConfigurationError("no such store")

    monkeypatch.setattr(aio, "open_store", fail_slowly)

    async def main() -> None:
        told: list[object] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
        opening = asyncio.create_task(open_async_store("memory://"))
        assert await asyncio.to_thread(begun.wait, PATIENCE)
        opening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await opening
        gate.set()
        for thread in {*threading.enumerate()} - others:
            if thread.name.startswith("chatstore"):
                await asyncio.to_thread(thread.join, PATIENCE)
        assert told == []

    asyncio.run(main())


def test_a_store_whose_opening_was_cancelled_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody will get it, so nobody could close it."""
    begun, gate, closed = threading.Event(), threading.Event(), threading.Event()

    class Closing(MemoryEngine):
        def close(self) -> None:
            closed.set()

    def open_slowly(*_: object, **__: object) -> MemorySessionStore:
        begun.set()
        assert gate.wait(PATIENCE)
        return MemorySessionStore(Closing())

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
