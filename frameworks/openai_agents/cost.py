"""What a turn costs with our session, and with the framework's own."""

import asyncio
import uuid
from collections.abc import Callable
from pathlib import Path

from agents import SQLiteSession, TResponseInputItem
from agents.memory import Session

from chatstore import MaintainedSessionStore
from chatstore.integrations.openai_agents import ChatStoreSession
from cost_subject import Subject

THEIRS = "SQLiteSession"
SHOWN = 20
"""How many items the model is shown: the limit in the settings of an application."""

_BATCH = 400


def theirs(folder: Path) -> Subject:
    """The framework's own session, in a file."""
    session = SQLiteSession("chat", folder / "theirs.db")
    return _subject(session, session.close)


def ours(store: MaintainedSessionStore, user_id: str) -> Subject:
    """Our session over a store."""
    return _subject(ChatStoreSession(f"chat-{uuid.uuid4()}", store, user_id=user_id), lambda: None)


def _subject(session: Session, close: Callable[[], None]) -> Subject:
    loop = asyncio.new_event_loop()

    def grow(count: int) -> None:
        items = _turn() * (count // 4 + 1)
        for start in range(0, count, _BATCH):
            loop.run_until_complete(session.add_items(items[start : min(count, start + _BATCH)]))

    async def turn() -> None:
        question, *rest = _turn()
        await session.get_items(SHOWN)
        # As the runner does: the question, then what the model and the tool gave, as they came.
        await session.add_items([question])
        await session.add_items(rest[:2])
        await session.add_items(rest[2:])

    def closed() -> None:
        close()
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()

    return Subject(grow, lambda: loop.run_until_complete(turn()), closed)


def _turn() -> list[TResponseInputItem]:
    return [
        {"role": "user", "content": "Which film is this from?"},
        {"type": "function_call", "call_id": "1", "name": "find", "arguments": '{"year": 2004}'},
        {"type": "function_call_output", "call_id": "1", "output": "The Incredibles, 2004"},
        {"role": "assistant", "content": "It is from The Incredibles."},
    ]
