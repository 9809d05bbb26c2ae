"""LlamaIndex's own store and ours say the same, whatever is asked of them."""

import asyncio
from typing import Any

import pytest
from llama_index.core.storage.chat_store.base_db import MessageStatus

from chatstore import MaintainedSessionStore
from chatstore.integrations.llama_index import SessionChatStore
from programs import Programs
from reference import Reference, shown

PROGRAMS = (
    (0, 200),
    pytest.param(0, 2_000, marks=pytest.mark.long),
    pytest.param(1, 2_000, marks=pytest.mark.long),
)
"""Each a seed and a number of steps."""
CUTS = {"archive_oldest_messages", "delete_oldest_messages"}


async def _compared(
    ours: SessionChatStore, prefix: str, seed: int, steps: int, *, whole_turns: bool
) -> int:
    """Do the same to both and compare every answer; how many messages the rule of turns took."""
    theirs = Reference(table_name="messages")
    try:
        return await _run_program(ours, theirs, prefix, seed, steps, whole_turns=whole_turns)
    finally:
        await theirs.close()


async def _run_program(
    ours: SessionChatStore,
    theirs: Reference,
    prefix: str,
    seed: int,
    steps: int,
    *,
    whole_turns: bool,
) -> int:
    programs = Programs(seed, whole_turns=whole_turns)
    keys = [f"{prefix}-{number}" for number in range(3)]
    has_mark = dict.fromkeys(keys, False)
    taken = 0
    for number in range(steps):
        key = programs.choose.choice(keys)
        roles = [role for _, role, status in await theirs.rows(key) if status == "active"]
        name, arguments = programs.step(roles)
        place = (number, name, arguments[-2:] if name.startswith("get") else arguments[-1:])
        is_cut = name in CUTS
        if name == "delete_message":
            is_cut = arguments == [0]
            expected = await theirs.delete_message(key, await theirs.row_id(key, arguments[0]))
        elif arguments[0] == [] and name == "add_messages":
            expected = None
        else:
            expected = await getattr(theirs, name)(key, *arguments)
        answer = await getattr(ours, name)(key, *arguments)
        assert _plain(answer) == _plain(expected), place
        if name == "archive_oldest_messages" and answer:
            has_mark[key] = True
        elif name == "set_messages" or (name == "delete_messages" and arguments != ["active"]):
            has_mark[key] = False
        is_cut = has_mark[key] or (is_cut and bool(answer))
        taken += await theirs.begin_at_turn(key, is_cut=is_cut)
        if number % 50 == 0:
            assert sorted(await ours.get_keys()) == sorted(await theirs.get_keys()), place
    for key in keys:
        for status in (None, "active", "archived"):
            wanted = None if status is None else MessageStatus(status)
            answer = await ours.get_messages(key, wanted)
            assert shown(answer) == shown(await theirs.get_messages(key, wanted))
            assert await ours.count_messages(key, wanted) == len(answer)
    return taken


def _plain(answer: Any) -> Any:
    if isinstance(answer, list):
        return shown(answer)
    return shown([answer]) if hasattr(answer, "blocks") else answer


@pytest.mark.parametrize(("seed", "steps"), PROGRAMS)
def test_whole_turns(
    store: MaintainedSessionStore, user_id: str, key: str, seed: int, steps: int
) -> None:
    """As long as what is archived or deleted ends with a turn, every answer of 2,000 steps is the
    one that LlamaIndex's own store gives."""
    ours = SessionChatStore(store, user_id=user_id)
    assert asyncio.run(_compared(ours, key, seed, steps, whole_turns=True)) == 0


@pytest.mark.parametrize(("seed", "steps"), PROGRAMS)
def test_any_program(
    store: MaintainedSessionStore, user_id: str, key: str, seed: int, steps: int
) -> None:
    """Whatever 2,000 steps do, every answer is the one of LlamaIndex's own store, once that has
    archived what each cut left of a turn, and the results whose call is gone."""
    ours = SessionChatStore(store, user_id=user_id)
    assert asyncio.run(_compared(ours, key, seed, steps, whole_turns=False)) > 0
