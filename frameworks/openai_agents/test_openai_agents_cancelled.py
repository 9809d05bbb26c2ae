"""Callers who are cancelled while they write: what they find then, and what a resend does."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from chatstore import BackendUnavailableError, MemorySessionStore, RetentionPolicy
from chatstore.integrations.openai_agents import ChatStoreSession
from sessions import said

PATIENCE = 30
"""Seconds after which a test that hangs fails instead."""


class GatedStore(MemorySessionStore):
    """Writes wait at a gate, before anything is stored, for as long as it is shut."""

    def __init__(self) -> None:
        super().__init__(policy=RetentionPolicy(max_messages=50, keep_history=True))
        self.gate = threading.Event()
        self.gate.set()
        self.arrived = threading.Semaphore(0)
        self.is_lossy = False
        for name in ("append", "create", "rewrite"):
            setattr(self, name, self._gated(getattr(self, name)))

    def _gated(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def gated(*arguments: Any, **options: Any) -> Any:
            self.arrived.release()
            assert self.gate.wait(PATIENCE)
            result = call(*arguments, **options)
            if self.is_lossy:
                raise BackendUnavailableError("no answer")
            return result

        return gated

    async def cancel_in_its_course(self, call: Awaitable[Any]) -> None:
        """Begin a call, and cancel it, twice, while its write is held up."""
        while self.arrived.acquire(blocking=False):
            pass
        self.gate.clear()
        task = asyncio.ensure_future(call)
        await asyncio.to_thread(self.arrived.acquire, timeout=PATIENCE)
        for _ in range(2):
            task.cancel()
            await asyncio.sleep(0)
        assert not task.done()
        self.gate.set()
        with pytest.raises(asyncio.CancelledError):
            await task


@pytest.fixture
def gated() -> GatedStore:
    """Such a store, its gate open."""
    return GatedStore()


@pytest.fixture
def session(gated: GatedStore) -> ChatStoreSession:
    """A session over it."""
    return ChatStoreSession("chat", gated, user_id="ana")


async def test_what_was_added_is_there_and_sent_again_is_there_once(
    gated: GatedStore, session: ChatStoreSession
) -> None:
    """A caller who was cancelled finds the items, all of them, and an application that then adds
    the same ones, by another object of that session, adds nothing. After that they are new ones."""
    await session.add_items(said("a"))
    await gated.cancel_in_its_course(session.add_items(said("b", "c")))
    assert await session.get_items() == said("a", "b", "c")
    again = ChatStoreSession("chat", gated, user_id="ana")
    await again.add_items(said("b", "c"))
    assert await session.get_items() == said("a", "b", "c")
    await again.add_items(said("b", "c"))
    assert await session.get_items() == said("a", "b", "c", "b", "c")


async def test_what_was_popped_is_gone(gated: GatedStore, session: ChatStoreSession) -> None:
    """One item, and no more."""
    await session.add_items(said("a", "b", "c"))
    await gated.cancel_in_its_course(session.pop_item())
    assert await session.get_items() == said("a", "b")


async def test_what_was_cleared_is_gone(gated: GatedStore, session: ChatStoreSession) -> None:
    """And what is added then is there."""
    await session.add_items(said("a", "b", "c"))
    await gated.cancel_in_its_course(session.clear_session())
    await session.add_items(said("d"))
    assert await session.get_items() == said("d")


async def test_what_was_replaced_is_there_before_what_is_added_next(
    gated: GatedStore, session: ChatStoreSession
) -> None:
    """The framework compacts, and is cancelled."""
    await session.add_items(said("a", "b", "c"))
    snapshot = await session._get_compaction_snapshot(2)
    assert snapshot is not None
    await gated.cancel_in_its_course(snapshot.replace_suffix(0, said("short")))
    await session.add_items(said("d"))
    assert await session.get_items() == said("a", "short", "d")


async def test_what_was_added_popped_and_added_is_there(
    gated: GatedStore, session: ChatStoreSession
) -> None:
    """The framework rolls back what a cancelled call added, and runs the turn again: its items are
    new ones, not those that are gone."""
    await gated.cancel_in_its_course(session.add_items(said("a", "b")))
    assert await session.pop_item() == said("b")[0]
    assert await session.pop_item() == said("a")[0]
    await session.add_items(said("a", "b"))
    assert await session.get_items() == said("a", "b")


async def test_an_error_that_nobody_waits_for_is_no_noise(
    gated: GatedStore, session: ChatStoreSession
) -> None:
    """A write that fails after its caller was cancelled is not reported to the loop; what the
    caller adds then is stored once."""
    await session.add_items(said("a"))
    noise: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: noise.append(context))
    gated.is_lossy = True
    await gated.cancel_in_its_course(session.add_items(said("b")))
    gated.is_lossy = False
    await session.add_items(said("b"))
    assert await session.get_items() == said("a", "b")
    assert noise == []


async def test_closing_waits_for_what_is_on_its_way(
    gated: GatedStore, session: ChatStoreSession
) -> None:
    """What was begun before is stored when `close` is through."""
    gated.gate.clear()
    adding = asyncio.ensure_future(session.add_items(said("a")))
    await asyncio.to_thread(gated.arrived.acquire, timeout=PATIENCE)
    closing = asyncio.ensure_future(session.close())
    await asyncio.sleep(0)
    assert not closing.done()
    gated.gate.set()
    await closing
    assert [message.type for message in gated.get("chat").messages] == ["user"]
    await adding
