"""A store whose appends can be held up."""

import asyncio
import threading
from typing import Any

from chatstore import (
    MemorySessionStore,
    Message,
)
from chatstore.engine.query import MessageQuery, PageQuery
from chatstore.memory import MemoryEngine
from chatstore.record.stored import Stored

SENT = Message(type="user_query", content="once")
PATIENCE = 30
"""Seconds after which a test that hangs fails instead."""


class GatedEngine(MemoryEngine):
    """Appends wait at a gate, before anything is stored, for as long as it is shut."""

    def __init__(self) -> None:
        super().__init__()
        self.arrived = threading.Semaphore(0)
        self.gate = threading.Event()
        self.appends = 0
        self.pages = 0

    def append(self, *arguments: Any, **options: Any) -> Stored:
        self.appends += 1
        self.arrived.release()
        assert self.gate.wait(PATIENCE)
        return super().append(*arguments, **options)

    def page(self, query: PageQuery) -> Any:
        self.pages += 1
        return super().page(query)

    def messages(self, query: MessageQuery) -> Any:
        self.pages += 1
        return super().messages(query)


class GatedStore(MemorySessionStore):
    """A store over such an engine."""

    engine: GatedEngine  # pyright: ignore[reportIncompatibleVariableOverride]  it is set once

    def __init__(self) -> None:
        super().__init__(GatedEngine())
        self.closes = 0
        self.closed = threading.Event()

    def close(self) -> None:
        self.closes += 1
        self.closed.set()
        super().close()

    async def arrival(self) -> None:
        """Until one more append stands at the gate."""
        assert await asyncio.to_thread(self.engine.arrived.acquire, timeout=PATIENCE)
