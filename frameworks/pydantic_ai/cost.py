"""What a turn costs: `python cost.py [URL]` prints calls to the store, and milliseconds.

A turn loads the conversation's newest 20 messages, or all, and saves four more. Beside it stands the
framework's own store, which keeps everything in the process's memory and asks nobody.
"""

import asyncio
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

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

from chatstore.integrations.conversations import open_conversation_store
from chatstore.integrations.pydantic_ai import ChatStoreConversationStore
from chatstore.models import new_id
from chatstore.protocol import SessionStore

LENGTHS = (10, 1_000, 10_000)
TURNS = 20
CALLS = ("get", "list_messages", "append", "create", "update", "list_sessions")


def turn(number: int) -> list[ModelMessage]:
    """A prompt, a tool's call and result, an answer."""
    call_id = f"call-{number}"
    return [
        ModelRequest(parts=[UserPromptPart(f"Which film is number {number}?")]),
        ModelResponse(parts=[ToolCallPart("find_film", {"number": number}, call_id)]),
        ModelRequest(parts=[ToolReturnPart("find_film", {"title": "Heat" * 20}, call_id)]),
        ModelResponse(parts=[TextPart("It is Heat, a heist film. " * 8)]),
    ]


def counted(store: SessionStore, calls: Counter[str]) -> None:
    """Count a store's calls."""

    def counting(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def counted_call(*arguments: Any, **options: Any) -> Any:
            calls[name] += 1
            return call(*arguments, **options)

        return counted_call

    for name in CALLS:
        setattr(store, name, counting(name, getattr(store, name)))


async def measured(
    store: ConversationStore, length: int, limit: int | None, calls: Counter[str]
) -> str:
    """What a turn costs in a conversation of so many messages: calls, and median milliseconds."""
    filled = Conversation(conversation_id=new_id())
    while len(filled.messages) < length:
        filled.messages += turn(len(filled.messages))
    await store.save(filled)
    calls.clear()
    times = []
    for number in range(TURNS):
        began = time.perf_counter()
        loaded = await store.load(filled.conversation_id, limit=limit)
        assert loaded is not None
        loaded.messages = [*loaded.messages, *turn(number)]
        await store.save(loaded)
        times.append((time.perf_counter() - began) * 1_000)
    return f"{calls.total() / TURNS:4.1f} calls {statistics.median(times):7.1f} ms"


async def main(url: str) -> None:
    """Print a row for each length."""
    calls = Counter[str]()
    with open_conversation_store(url, ttl=timedelta(hours=1)) as store:
        counted(store, calls)
        ours = ChatStoreConversationStore(store, user_id=new_id())
        for limit in (20, None):
            for length in LENGTHS:
                taken = await measured(ours, length, limit, calls)
                theirs = await measured(InMemoryConversationStore(), length, limit, Counter())
                loaded = "all" if limit is None else f"last {limit}"
                print(f"{loaded:8} of {length:6,} messages: {taken}; theirs {theirs}")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else f"sqlite:///{folder}/chat.db"))
