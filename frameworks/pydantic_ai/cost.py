"""What a turn costs with our store, and with pydantic-ai's: `scripts/frameworks --costs`."""

import asyncio
from pathlib import Path

from pydantic_ai.conversation import Conversation
from pydantic_ai.conversation_store import ConversationStore, InMemoryConversationStore
from pydantic_ai.messages import (
    ModelMessage,
    ModelRequest,
    ModelResponse,
    TextPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)

from chatstore import MaintainedSessionStore
from chatstore.integrations.pydantic_ai import ChatStoreConversationStore
from chatstore.models import new_id
from cost_subject import Subject

THEIRS = "InMemoryConversationStore"
SHOWN = 20
"""How many messages the model is shown: an application that lets a conversation grow to 10,000
loads its newest ones."""


def theirs(_folder: Path) -> Subject:
    """The framework's own store, in the process's memory."""
    return _subject(InMemoryConversationStore())


def ours(store: MaintainedSessionStore, user_id: str) -> Subject:
    """Ours over a store, which whoever opened it closes."""
    return _subject(ChatStoreConversationStore(store, user_id=user_id))


def _subject(store: ConversationStore) -> Subject:
    runner = asyncio.Runner()
    conversation_id = new_id()

    async def add(messages: list[ModelMessage]) -> None:
        loaded = await store.load(conversation_id, limit=SHOWN)
        loaded = loaded or Conversation(conversation_id=conversation_id)
        loaded.messages = [*loaded.messages, *messages]
        await store.save(loaded)

    def grow(count: int) -> None:
        if count:
            runner.run(add((_turn() * (count // 4 + 1))[:count]))

    return Subject(grow, lambda: runner.run(add(_turn())), runner.close)


def _turn() -> list[ModelMessage]:
    call_id = new_id()
    return [
        ModelRequest(parts=[UserPromptPart("Which film is it?")]),
        ModelResponse(parts=[ToolCallPart("find_film", {"about": "a heist"}, call_id)]),
        ModelRequest(parts=[ToolReturnPart("find_film", {"title": "Heat" * 20}, call_id)]),
        ModelResponse(parts=[TextPart("It is Heat, a heist film. " * 8)]),
    ]
