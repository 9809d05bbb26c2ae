"""Calls that overlap: each has its turn, and what a cancelled one leaves is either done or not."""

import asyncio
import threading
from typing import Any

import anyio
import pytest
from claude_agent_sdk.types import SessionKey

from both_loops import under_both
from chatstore.integrations.claude_agent_sdk import ClaudeSessionStore
from chatstore.protocol import MaintainedSessionStore

KEY: SessionKey = {"project_key": "-home-ana", "session_id": "s"}


class HeldStore:
    """A store whose appends wait until they are let go."""

    def __init__(self, store: MaintainedSessionStore) -> None:
        self._store = store
        self.has_begun = threading.Event()
        self.may_go = threading.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def append(self, *arguments: Any, **options: Any) -> Any:
        """The store's, later."""
        self.has_begun.set()
        assert self.may_go.wait(30)
        return self._store.append(*arguments, **options)


@under_both
async def test_calls_keep_their_order_beside_a_cancelled_one(
    store: MaintainedSessionStore, user_id: str
) -> None:
    """One that was cancelled in its course goes on to its end before the next; one that waited
    never begins; and a reader after them sees what they left."""
    held: Any = HeldStore(store)
    sessions = ClaudeSessionStore(held, user_id)
    entries: list[Any] = [{"type": "user", "n": number} for number in range(6)]
    held.may_go.set()
    await sessions.append(KEY, entries[:1])
    held.may_go.clear()
    held.has_begun.clear()
    loaded: list[Any] = []

    async def read() -> None:
        loaded.extend(await sessions.load(KEY) or [])

    async with anyio.create_task_group() as tasks:
        scopes = [anyio.CancelScope() for _ in entries]

        async def send(number: int) -> None:
            with scopes[number]:
                await sessions.append(KEY, [entries[number]])

        tasks.start_soon(send, 1)
        await anyio.to_thread.run_sync(held.has_begun.wait)
        for number in (2, 3, 4):
            tasks.start_soon(send, number)
            await anyio.wait_all_tasks_blocked()
        tasks.start_soon(read)
        await anyio.wait_all_tasks_blocked()
        scopes[1].cancel()
        scopes[3].cancel()
        await anyio.wait_all_tasks_blocked()
        held.may_go.set()
    assert loaded == [entries[0], entries[1], entries[2], entries[4]]
    await sessions.append(KEY, [entries[5]])
    assert await sessions.load(KEY) == [entries[n] for n in (0, 1, 2, 4, 5)]


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
@under_both
async def test_a_cancelled_write_that_is_sent_again_is_stored_once(
    store: MaintainedSessionStore, user_id: str
) -> None:
    """By asyncio's own cancellation too, which anyio does not hold off; and without a uuid."""
    held: Any = HeldStore(store)
    held.may_go.set()
    sessions = ClaudeSessionStore(held, user_id)
    await sessions.append(KEY, [{"type": "tag", "uuid": "1"}])
    held.may_go.clear()
    held.has_begun.clear()
    entries: list[Any] = [{"type": "tag"}, {"type": "tag"}, {"type": "user", "uuid": "2"}]
    task = asyncio.create_task(sessions.append(KEY, entries))
    await anyio.to_thread.run_sync(held.has_begun.wait)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    again = asyncio.create_task(sessions.append(KEY, entries))
    await anyio.wait_all_tasks_blocked()
    held.may_go.set()
    await again
    assert await sessions.load(KEY) == [{"type": "tag", "uuid": "1"}, *entries]
