"""Many turns while answers are lost and callers are cancelled: every item is there once."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import Any

import pytest
from agents import TResponseInputItem

import scripted
from chatstore import ChatStoreError
from chatstore.integrations.openai_agents import ChatStoreSession
from lost_answers import LossyStore, lossy_store
from sessions import Make, items_of

_LONGEST_WAIT = 0.02
"""Seconds after which a caller who is to be cancelled is."""

pytestmark = pytest.mark.parametrize("turns", [60, pytest.param(1_000, marks=pytest.mark.long)])


@pytest.fixture
def lossy(store_url: str) -> Iterator[LossyStore]:
    """The store, one in twenty of whose answers is lost."""
    with lossy_store(store_url) as found:
        yield found


async def survives(dice: random.Random, call: Callable[[], Awaitable[object]]) -> bool:
    """Whether a call came to its end: its answers may be lost, and its caller be cancelled."""
    task = asyncio.ensure_future(call())
    if dice.random() < 0.2:
        await asyncio.wait([task], timeout=dice.random() * _LONGEST_WAIT)
        task.cancel()
    try:
        await task
    except (ChatStoreError, asyncio.CancelledError):
        return False
    return True


def session_over(lossy: LossyStore, make: Make) -> ChatStoreSession:
    """A session over the store that loses answers."""
    plain = make()
    return ChatStoreSession(plain.session_id, lossy.store, user_id=plain._user_id)


async def add(lossy: LossyStore, make: Make, items: list[TResponseInputItem]) -> None:
    """Add items by a new object."""
    await session_over(lossy, make).add_items(items)


async def test_turns_that_are_taken_back_and_run_again(
    lossy: LossyStore, make: Make, turns: int
) -> None:
    """An application that takes back what an agent's broken turn left, item by item, and runs it
    again, has every turn once in the end. On the way no result is there without its call."""
    dice = random.Random(turns)  # noqa: S311  no secret
    session = session_over(lossy, make)
    for number in range(turns):
        before = scripted.expected(range(number))[-1:]
        while not await survives(dice, partial(scripted.turn, session, number, limit=9)):
            tail = scripted.told(await make().get_items(limit=scripted.ITEMS_OF_A_TURN + 1))
            begun = tail[tail.index(before[0]) + 1 :] if before else tail
            assert begun == scripted.expected(range(number, number + 1))[: len(begun)]
            while scripted.told(await make().get_items(limit=1)) != before:
                with suppress(ChatStoreError):
                    await session.pop_item()
    assert scripted.told(await make().get_items()) == scripted.expected(range(turns))
    assert lossy.lost > 0


async def test_items_that_are_added_until_it_succeeds(
    lossy: LossyStore, make: Make, turns: int
) -> None:
    """An application that adds the same items again until nobody objects has them once, in order,
    even equal ones in a row, and by objects that are made anew each time."""
    dice = random.Random(turns)  # noqa: S311  no secret
    everything: list[Any] = []
    for number in range(turns):
        items = items_of(
            {"role": "user", "content": "yes"},
            {"type": "function_call_output", "output": f"{number}" * (number % 20_000)},
        )
        while not await survives(dice, partial(add, lossy, make, items)):
            pass
        everything += items
    assert await make().get_items() == everything
    assert lossy.lost > 0
