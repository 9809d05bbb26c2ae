"""1,000 turns with tools while answers are lost and callers give up: nothing lost, nothing doubled,
nothing out of order."""

import asyncio
import random

import pytest
from pydantic_ai import Agent, ModelMessage, UsageLimits
from pydantic_ai.conversation import Conversation
from pydantic_ai.conversation_store import ConversationConflict
from pydantic_ai.messages import ModelResponse, ToolCallPart, ToolReturnPart
from pydantic_ai.models.function import AgentInfo, FunctionModel

from chatstore import BackendError
from chatstore.integrations.pydantic_ai import ChatStoreConversationStore
from chatstore.models import new_id
from chatstore.protocol import SessionStore
from lost_answers import lossy_store
from scripted import answer, told
from sides import OpenStore

pytest_plugins = ["fresh"]
LOST = 0.05
CANCELLED = 0.1
WINDOW = 10
"""How many messages a turn is given: a turn has four, so it begins in the middle of one."""

NO_LIMIT = UsageLimits(request_limit=None)
"""The framework counts a conversation's requests, and stops at 50 unless it is told."""


def whole_calls(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
    """The script, which as a provider's service refuses an answer to a call that it can't see."""
    called: set[str] = set()
    for message in messages:
        for part in message.parts:
            if isinstance(part, ToolCallPart):
                called.add(part.tool_call_id)
            if isinstance(part, ToolReturnPart):
                assert part.tool_call_id in called, "an orphaned tool result was handed out"
    return answer(messages, info)


class GivenUpError(Exception):
    """The caller was cancelled."""


class Caller:
    """A user whose turns are repeated until they are known to be stored."""

    def __init__(self, store: SessionStore, seed: int) -> None:
        self.id = new_id()
        self.store = ChatStoreConversationStore(store, user_id=self.id)
        self.chance = random.Random(seed)  # noqa: S311  no secret
        self.given_up = 0
        self.agent = Agent(FunctionModel(whole_calls))

        @self.agent.tool_plain
        def find_film(text: str) -> str:
            """Find a film."""
            return f"film for {text}"

    async def turn(self, prompt: str) -> None:
        """One turn, from the newest messages."""
        loaded = await self.store.load(self.id, limit=WINDOW)
        loaded = loaded or Conversation(conversation_id=self.id)
        if prompt in told(loaded.messages):
            return
        result = await self.agent.run(prompt, conversation=loaded, usage_limits=NO_LIMIT)
        save = asyncio.ensure_future(self.store.save(result))
        if self.chance.random() < CANCELLED:
            for _ in range(self.chance.randrange(12)):
                await asyncio.sleep(0)
            save.cancel()
        await asyncio.wait({save})
        if save.cancelled():
            raise GivenUpError
        save.result()

    async def converse(self, turns: int) -> None:
        """So many turns, one after the other."""
        for number in range(turns):
            while True:
                try:
                    await self.turn(f"prompt {number}")
                    break
                except (ConversationConflict, BackendError, GivenUpError):
                    self.given_up += 1


@pytest.mark.parametrize("turns", [30, pytest.param(500, marks=pytest.mark.long)])
async def test_turns_whose_answers_are_lost_and_whose_callers_give_up(
    turns: int, store_url: str, open_store: OpenStore
) -> None:
    """Whose save was cancelled or failed loads again, and sees the turn, or does it again: each
    turn of two users is there once, whole and in order, and no model was handed a tool's result
    without its call."""
    with lossy_store(store_url, share=LOST) as lossy:
        callers = [Caller(lossy.store, seed) for seed in range(2)]
        await asyncio.gather(*(caller.converse(turns) for caller in callers))
        assert lossy.lost > turns * LOST
    for caller in callers:
        loaded = await ChatStoreConversationStore(open_store(), user_id=caller.id).load(caller.id)
        assert loaded is not None
        assert told(loaded.messages) == [f"prompt {number}" for number in range(turns)]
        assert [message.kind for message in loaded.messages] == ["request", "response"] * 2 * turns
        assert loaded.usage.tool_calls == turns
    assert sum(caller.given_up for caller in callers) > turns * CANCELLED / 4
