"""What a turn costs with our chat store, and with LlamaIndex's: `scripts/frameworks --costs`."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from uuid import uuid4

from llama_index.core.base.llms.types import ToolCallBlock
from llama_index.core.llms import ChatMessage
from llama_index.core.memory import Memory
from llama_index.core.storage.chat_store.base_db import AsyncDBChatStore

from chatstore import MaintainedSessionStore
from chatstore.integrations.llama_index import SessionChatStore
from cost_subject import Subject
from reference import Reference

THEIRS = "SQLAlchemyChatStore"
MOST_ACTIVE = 40
"""How many messages are in use; a Memory keeps as many as its token limit allows."""

_BATCH = 400


def theirs(folder: Path) -> Subject:
    """The framework's own store, in a file."""
    url = f"sqlite+aiosqlite:///{folder}/theirs.db"
    store = Reference(table_name="messages", async_database_uri=url)
    return _subject(store, store.close)


def ours(store: MaintainedSessionStore, user_id: str) -> Subject:
    """Our chat store over a store."""

    async def nothing() -> None:
        """Whoever opened the store closes it."""

    return _subject(SessionChatStore(store, user_id=user_id), nothing)


def _subject(store: AsyncDBChatStore, close: Callable[[], Awaitable[None]]) -> Subject:
    loop = asyncio.new_event_loop()
    key = f"chat-{uuid4()}"
    words = MOST_ACTIVE // 4 * sum(len(_text(message).split()) for message in _turn())
    memory = Memory.from_defaults(
        session_id=key,
        chat_store=store,
        token_limit=words,
        chat_history_token_ratio=1.0,
        token_flush_size=1,
        tokenizer_fn=str.split,
    )

    async def grow(count: int) -> None:
        messages = _turn() * (count // 4 + 1)
        for start in range(0, count, _BATCH):
            await store.add_messages(key, messages[start : min(count, start + _BATCH)])
            active = await store.count_messages(key)
            await store.archive_oldest_messages(key, max(0, active - MOST_ACTIVE))

    async def turn() -> None:
        question, *rest = _turn()
        # As an agent does: the question, what the model is shown, and all that came of it.
        await memory.aput(question)
        await memory.aget()
        await memory.aput_messages(rest)

    async def end() -> None:
        await close()
        await loop.shutdown_default_executor()

    def closed() -> None:
        loop.run_until_complete(end())
        loop.close()

    return Subject(
        grow=lambda count: loop.run_until_complete(grow(count)),
        turn=lambda: loop.run_until_complete(turn()),
        close=closed,
    )


def _text(message: ChatMessage) -> str:
    return message.content or ""


def _turn() -> list[ChatMessage]:
    call = ToolCallBlock(tool_call_id="call_1", tool_name="find", tool_kwargs={"year": 2004})
    return [
        ChatMessage(role="user", content="Which film is this from?"),
        ChatMessage(role="assistant", blocks=[call]),
        ChatMessage(
            role="tool",
            content="The Incredibles, 2004",
            additional_kwargs={"tool_call_id": "call_1"},
        ),
        ChatMessage(role="assistant", content="It is from The Incredibles."),
    ]
