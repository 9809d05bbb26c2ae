"""Every kind of store and of cache, opened before a fork, and what a child opens itself."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import fakeredis
from moto import mock_aws

import legs
from chatstore import MaintainedSessionStore, open_store
from chatstore.cache.memory import MemorySessionCache
from chatstore.cache.protocol import SessionCache
from chatstore_contract_tests import Harness
from chatstore_contract_tests.namespaces import find_namespace
from chatstore_dynamodb import DynamoDBSessionStore
from chatstore_dynamodb.client import new_client
from chatstore_dynamodb.schema.definition import TableDefinition
from chatstore_redis import RedisSessionCache, RedisSessionStore
from chatstore_redis.cache_url import open_url as open_redis_cache
from chatstore_redis.harness import RedisHarness
from chatstore_sql import SQLSessionStore, create_sqlite_engine

Opening = Callable[[], MaintainedSessionStore]


@dataclass(frozen=True)
class Opened:
    """A store that the parent opened, and the ways in which a child may open one."""

    store: MaintainedSessionStore
    own: tuple[Opening, ...]
    """By a URL, and with the client or engine that was inherited."""
    is_shared: bool = True
    """Whether the child's own store is on the same data."""
    takes_threads: bool = True
    """Whether the engine serves many threads at once: an emulator need not."""


Kind = Callable[[Path], AbstractContextManager[Opened]]


@contextmanager
def memory(_directory: Path) -> Iterator[Opened]:
    """The reference store."""
    with open_store("memory://") as store:
        yield Opened(store, (lambda: open_store("memory://"),), is_shared=False)


@contextmanager
def sqlite_file(directory: Path) -> Iterator[Opened]:
    """A file, by its URL and by an engine."""
    engine = create_sqlite_engine(directory / "chat.db", synchronous="normal")
    url = f"sqlite:///{directory / 'chat.db'}?synchronous=normal"
    with open_store(url) as store:
        yield Opened(store, (lambda: open_store(url), lambda: SQLSessionStore(engine)))
    engine.dispose()


@contextmanager
def sqlite_engine(directory: Path) -> Iterator[Opened]:
    """A store on an engine that the application made."""
    engine = create_sqlite_engine(directory / "chat.db", synchronous="normal")
    url = f"sqlite:///{directory / 'chat.db'}?synchronous=normal"
    with SQLSessionStore(engine) as store:
        yield Opened(store, (lambda: SQLSessionStore(engine), lambda: open_store(url)))
    engine.dispose()


@contextmanager
def sqlite_memory(_directory: Path) -> Iterator[Opened]:
    """A database in memory."""
    engine = create_sqlite_engine(":memory:")
    with SQLSessionStore(engine) as store:
        own = (lambda: open_store("sqlite://"), lambda: SQLSessionStore(engine))
        yield Opened(store, own, is_shared=False)
    engine.dispose()


@contextmanager
def fake_redis(_directory: Path) -> Iterator[Opened]:
    """Redis in this process: a child has a copy of the server, and of its locks."""
    with RedisSessionStore(fakeredis.FakeRedis()) as store:

        def own() -> MaintainedSessionStore:
            return RedisSessionStore(fakeredis.FakeRedis(server=fakeredis.FakeServer()))

        yield Opened(store, (own,), is_shared=False)


@contextmanager
def moto(_directory: Path) -> Iterator[Opened]:
    """DynamoDB in this process: a child has a copy of it."""
    with mock_aws():
        client = new_client(region="eu-west-1")
        client.create_table(**TableDefinition("forks").create_table)
        with DynamoDBSessionStore(client, "forks") as store:
            yield Opened(store, (), is_shared=False, takes_threads=False)


def live(leg: str) -> Kind:
    """A real engine, in a namespace of its own."""

    @contextmanager
    def opened(_directory: Path) -> Iterator[Opened]:
        url = legs.url_of(leg)
        with find_namespace(url)(url, f"forks-{uuid.uuid4().hex}") as fresh:
            harness = fresh()
            with store_on_client(harness) as store:
                yield Opened(store, (harness.open, lambda: store_on_client(harness)))
            harness.close()

    return opened


def store_on_client(harness: Harness) -> MaintainedSessionStore:
    """A store on the harness's one client: a child has inherited it."""
    if isinstance(harness, RedisHarness):
        return RedisSessionStore(harness.client, prefix=harness.prefix)
    return harness.open()


KINDS: dict[str, Kind] = {
    "memory": memory,
    "sqlite-file": sqlite_file,
    "sqlite-engine": sqlite_engine,
    "sqlite-memory": sqlite_memory,
    "fakeredis": fake_redis,
    "moto": moto,
    "redis": live("redis"),
    "redis-cluster": live("redis-cluster"),
    "dynamodb": live("dynamodb"),
    "postgresql": live("postgresql"),
    "pgbouncer": live("pgbouncer"),
}

OpenCache = Callable[[], SessionCache]


def redis_cache() -> SessionCache:
    """The cache on a Redis in this process."""
    return RedisSessionCache(fakeredis.FakeRedis(server=fakeredis.FakeServer()))


def real_redis_cache() -> SessionCache:
    """The cache on the real server."""
    url = legs.url_of("redis")
    return open_redis_cache(f"{url}?prefix=forks-{uuid.uuid4().hex}")


CACHES: dict[str, OpenCache] = {
    "memory": MemorySessionCache,
    "fakeredis": redis_cache,
    "redis": real_redis_cache,
}
