"""Many turns while answers are lost and callers are cancelled: every item is there once."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Any, cast

import pytest
import scripted
from agents import TResponseInputItem
from faults import FaultyStore
from sessions import Make, items_of

from chatstore import ChatStoreError, MaintainedSessionStore
from chatstore.integrations.openai_agents import ChatStoreSession

pytestmark = pytest.mark.anyio

TURNS = int(os.environ.get("CHATSTORE_TURNS", "100"))


@pytest.fixture
def faulty(store: MaintainedSessionStore) -> FaultyStore:
    """The store, with faults."""
    return FaultyStore(store, TURNS, lost=0.05, cancelled=0.02)


async def survives(faulty: FaultyStore, call: Callable[[], Awaitable[object]]) -> bool:
    """Whether a call came to its end, in a task that may be cancelled."""
    loop = asyncio.get_running_loop()
    task = asyncio.ensure_future(call())
    faulty.cancel = lambda: loop.call_soon_threadsafe(task.cancel)
    try:
        await task
    except (ChatStoreError, asyncio.CancelledError):
        return False
    finally:
        faulty.cancel = None
    return True


def session_over(faulty: FaultyStore, make: Make) -> ChatStoreSession:
    """A session over the store with faults."""
    plain = make()
    store = cast("MaintainedSessionStore", faulty)
    return ChatStoreSession(plain.session_id, store, user_id=plain._user_id)


async def add(faulty: FaultyStore, make: Make, items: list[TResponseInputItem]) -> None:
    """Add items by a new object."""
    await session_over(faulty, make).add_items(items)


async def test_turns_that_are_taken_back_and_run_again(faulty: FaultyStore, make: Make) -> None:
    """An application that takes back what an agent's broken turn left, item by item, and runs it
    again, has every turn once in the end. On the way no result is there without its call."""
    session = session_over(faulty, make)
    for number in range(TURNS):
        before = scripted.expected(range(number))[-1:]
        while not await survives(faulty, partial(scripted.turn, session, number, limit=9)):
            tail = scripted.told(await make().get_items(limit=scripted.ITEMS_OF_A_TURN + 1))
            begun = tail[tail.index(before[0]) + 1 :] if before else tail
            assert begun == scripted.expected(range(number, number + 1))[: len(begun)]
            while scripted.told(await make().get_items(limit=1)) != before:
                with suppress(ChatStoreError):
                    await session.pop_item()
    assert scripted.told(await make().get_items()) == scripted.expected(range(TURNS))
    assert min(faulty.faults.values()) > 0


async def test_items_that_are_added_until_it_succeeds(faulty: FaultyStore, make: Make) -> None:
    """An application that adds the same items again until nobody objects has them once, in order,
    even equal ones in a row, and by objects that are made anew each time."""
    everything: list[Any] = []
    for number in range(TURNS):
        items = items_of(
            {"role": "user", "content": "yes"},
            {"type": "function_call_output", "output": f"{number}" * (number % 20_000)},
        )
        while not await survives(faulty, partial(add, faulty, make, items)):
            pass
        everything += items
    assert await make().get_items() == everything
    assert min(faulty.faults.values()) > 0
