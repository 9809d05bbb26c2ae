"""Many turns with tools while answers are lost and callers are cancelled."""

import asyncio
import random

import pytest
from llama_index.core.base.llms.types import ToolCallBlock
from llama_index.core.llms import ChatMessage, TextBlock
from llama_index.core.storage.chat_store.base_db import MessageStatus

from chatstore.integrations.llama_index import SessionChatStore
from lost_answers import lossy_store
from persistent_callers import persistently
from whole_turns import KINDS, Step, Turn, assert_no_orphans, assert_whole, number_in, turn

MOST_ACTIVE = 60


def new_messages(said: Turn) -> list[ChatMessage]:
    """A turn's messages."""
    call = ToolCallBlock(tool_call_id=said.call_id, tool_name="find", tool_kwargs={})
    return [
        ChatMessage(role="user", content=said.question),
        ChatMessage(role="assistant", blocks=[TextBlock(text=said.call_id), call]),
        ChatMessage(
            role="tool",
            content=said.tool_result,
            additional_kwargs={"tool_call_id": said.call_id},
        ),
        ChatMessage(role="assistant", content=said.answer),
    ]


def steps(found: list[ChatMessage]) -> list[Step]:
    """What these messages are."""
    kinds = dict(zip(("question", "call", "result", "answer"), KINDS, strict=True))
    texts = [str(message.content) for message in found]
    return [Step(kinds[text.replace("-", " ").split()[0]], number_in(text)) for text in texts]


async def manage_queue(ours: SessionChatStore, key: str) -> None:
    """What a Memory does after it added: archive the oldest turns if there is too much."""
    active = await ours.get_messages(key)
    assert_no_orphans(steps(active))
    assert active[0].role == "user"
    if len(active) > MOST_ACTIVE:
        await ours.archive_oldest_messages(key, MOST_ACTIVE // 2)


@pytest.mark.parametrize(
    ("turns", "lost", "cancelled"),
    [
        (50, 0.05, 0.05),
        pytest.param(1_000, 0.05, 0.0, marks=pytest.mark.long),
        pytest.param(1_000, 0.0, 0.2, marks=pytest.mark.long),
        pytest.param(1_000, 0.05, 0.05, marks=pytest.mark.long),
    ],
)
def test_nothing_is_lost(
    store_url: str, user_id: str, key: str, turns: int, lost: float, cancelled: float
) -> None:
    """With some of the answers lost, or some callers cancelled at any moment, or both, and each
    caller asking again until it is answered: nothing is lost, doubled or out of order, and what is
    handed out as active always begins at a turn."""
    dice = random.Random(7)  # noqa: S311  no secret, and the same each time

    async def run(ours: SessionChatStore) -> None:
        for number in range(turns):
            question, *rest = new_messages(turn(number))
            for call in (
                lambda question=question: ours.add_message(key, question),
                lambda: manage_queue(ours, key),
                lambda rest=rest: ours.add_messages(key, rest),
                lambda: manage_queue(ours, key),
            ):
                await persistently(call, dice, cancel=cancelled)
        everything = await persistently(lambda: ours.get_messages(key, None), dice, cancel=0)
        assert_whole(steps(everything), turns)
        archived = await persistently(
            lambda: ours.get_messages(key, MessageStatus.ARCHIVED), dice, cancel=0
        )
        active = await persistently(lambda: ours.get_messages(key), dice, cancel=0)
        assert archived + active == everything
        assert len(active) <= MOST_ACTIVE

    with lossy_store(store_url, share=lost) as lossy:
        asyncio.run(run(SessionChatStore(lossy.store, user_id=user_id)))
        assert (lossy.lost > turns / 20) == (lost > 0)
