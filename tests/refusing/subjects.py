"""What takes arguments from a caller before there is a store, and arguments that are right."""

import asyncio
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from fakeredis import FakeRedis

from chatstore import (
    AsyncSessionStore,
    CachedSessionStore,
    ManualClock,
    MemorySessionCache,
    MemorySessionStore,
    RetentionPolicy,
    UserSessions,
    open_async_store,
    open_store,
)
from chatstore_dynamodb import DynamoDBSessionStore
from chatstore_redis import RedisSessionCache, RedisSessionStore
from chatstore_sql import SQLSessionStore, create_sqlite_engine

Use = Callable[[Any], object]


@dataclass(frozen=True)
class Subject:
    """Something that takes arguments, right ones for it, and what is done with what it makes."""

    make: Callable[..., Any]
    right: Callable[[], Mapping[str, Any]]
    use: Use

    @property
    def name(self) -> str:
        """As a test's failure names it."""
        return self.make.__qualname__

    @property
    def parameters(self) -> list[str]:
        """All that can be given."""
        return [
            name
            for name, parameter in inspect.signature(self.make).parameters.items()
            if parameter.kind is not parameter.VAR_KEYWORD
        ]


def use_store(store: Any) -> None:
    """Two calls, each of which may be refused; and the end."""
    try:
        store.create("ana", session_id="one")
        store.get("one")
    finally:
        store.close()


def use_async_store(store: Any) -> None:
    """The same, awaited."""

    async def main() -> None:
        opened = await store if inspect.isawaitable(store) else store
        async with opened:
            await opened.create("ana", session_id="one")
            await opened.get("one")

    asyncio.run(main())


def use_cache(cache: Any) -> None:
    """One call."""
    cache.get(["one"])
    cache.close()


def nothing(_: object) -> None:
    """What is made is all."""


def subjects(folder: Path, client: Any) -> list[Subject]:
    """All of them; `client` is one of DynamoDB with a table."""
    return [
        Subject(MemorySessionStore, dict, use_store),
        Subject(
            CachedSessionStore,
            lambda: {"primary": MemorySessionStore(), "cache": MemorySessionCache()},
            use_store,
        ),
        Subject(AsyncSessionStore, lambda: {"store": MemorySessionStore()}, use_async_store),
        Subject(MemorySessionCache, dict, use_cache),
        Subject(RetentionPolicy, dict, nothing),
        Subject(ManualClock, dict, lambda clock: clock()),
        Subject(ManualClock().advance, lambda: {"by": timedelta(1)}, nothing),
        Subject(
            UserSessions,
            lambda: {"store": MemorySessionStore(), "user_id": "ana"},
            lambda view: view.list_sessions(),
        ),
        Subject(open_store, lambda: {"url": "memory://"}, use_store),
        Subject(open_async_store, lambda: {"url": "memory://"}, use_async_store),
        Subject(create_sqlite_engine, lambda: {"path": folder / "x.db"}, _use_engine),
        Subject(SQLSessionStore, lambda: {"engine": create_sqlite_engine(":memory:")}, use_store),
        Subject(RedisSessionStore, lambda: {"client": FakeRedis()}, use_store),
        Subject(RedisSessionCache, lambda: {"client": FakeRedis()}, use_cache),
        Subject(
            DynamoDBSessionStore, lambda: {"client": client, "table_name": "sessions"}, use_store
        ),
        Subject(
            DynamoDBSessionStore.connect,
            lambda: {"table_name": "sessions", "region": "eu-west-1"},
            use_store,
        ),
    ]


def _use_engine(engine: Any) -> None:
    use_store(SQLSessionStore(engine))
    engine.dispose()
