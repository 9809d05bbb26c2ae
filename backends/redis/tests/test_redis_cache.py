"""Redis as a cache: the rules of `chatstore.caching`, in Lua; its key, its lapses and its costs."""

import itertools
from collections.abc import Iterator

import pytest

from chatstore import BackendUnavailableError, ConfigurationError, MemorySessionCache, Message
from chatstore.caching import Marker, Snapshot
from chatstore_contract_tests.cached import OpenedStore
from chatstore_contract_tests.memory import MemoryHarness
from chatstore_redis import RedisSessionCache
from chatstore_redis.cache_url import open_url
from redis_support.cached import RedisCache
from redis_support.harness import RedisHarness, fake_redis, real_redis


@pytest.fixture(params=["fakeredis", "redis"])
def redis(request: pytest.FixtureRequest) -> Iterator[RedisHarness]:
    harness = fake_redis() if request.param == "fakeredis" else real_redis()
    yield harness
    harness.close()


@pytest.fixture
def cache(redis: RedisHarness) -> RedisSessionCache:
    return RedisCache(redis).connect()


ARRIVALS: list[Snapshot | Marker | None] = [
    None,
    *(
        kind
        for life in ("id a", "id b")
        for version in (1, 9, 10)
        for kind in (Snapshot(life, version, b"%d" % version), Marker(life, version))
    ),
]
"""None is a tombstone."""


def test_lua_says_what_the_reference_says(cache: RedisSessionCache) -> None:
    """Whatever two entries come one after the other, Redis shows and refuses what the reference
    does."""
    for number, arrivals in enumerate(itertools.product(ARRIVALS, repeat=2)):
        reference = MemorySessionCache()
        key = f"session {number}"
        for arriving in arrivals:
            refused = []
            for each in (cache, reference):
                if arriving is None:
                    each.bury([key], lapse=100)
                elif isinstance(arriving, Marker):
                    each.mark(key, arriving, lapse=100)
                else:
                    refused.append(each.put({key: arriving}, lapse=100, tombstone_lapse=100))
            assert len(set(refused)) <= 1, arrivals
        assert cache.get([key]) == reference.get([key]), arrivals


def test_lapses_are_the_keys_own(redis: RedisHarness, cache: RedisSessionCache) -> None:
    """An entry lives as long as it was given; a tombstone that a put meets keeps its lapse, and one
    that a put leaves gets the tombstones' own."""
    key = RedisCache(redis).key("a")
    cache.put({"a": Snapshot("id a", 1, b"")}, lapse=50, tombstone_lapse=500)
    assert 49_000 < redis.send("PTTL", key) <= 50_000
    cache.put({"a": Snapshot("id b", 1, b"")}, lapse=50, tombstone_lapse=500)
    assert 499_000 < redis.send("PTTL", key) <= 500_000
    cache.put({"a": Snapshot("id b", 1, b"")}, lapse=50, tombstone_lapse=900)
    assert 499_000 < redis.send("PTTL", key) <= 500_000
    cache.bury(["a"], lapse=70)
    assert 69_000 < redis.send("PTTL", key) <= 70_000


@pytest.mark.parametrize(
    "garbage",
    [
        ("SET", "text"),
        ("RPUSH", "list"),
        ("HSET", "form", "0", "life", "id a", "version", "1", "body", "old"),
        ("HSET", "form", "1", "life", "id a", "version", "many", "body", "x"),
    ],
)
def test_garbage_and_other_forms_are_misses(
    redis: RedisHarness, cache: RedisSessionCache, garbage: tuple[str, ...]
) -> None:
    """What is no snapshot of this form is a miss, alone and among others, and a put leaves a
    tombstone in its place."""
    command, *arguments = garbage
    redis.send(command, RedisCache(redis).key("a"), *arguments)
    good = Snapshot("id b", 1, b"good")
    cache.put({"b": good}, lapse=100, tombstone_lapse=100)
    assert cache.get(["a"]) == {}
    assert cache.get(["a", "b"]) == {"b": good}
    assert cache.put({"a": Snapshot("id a", 2, b"new")}, lapse=100, tombstone_lapse=100) == 1
    assert redis.send("HGETALL", RedisCache(redis).key("a")) in (
        [b"form", b"1"],
        {b"form": b"1"},
    )


def test_a_store_without_its_cache_answers() -> None:
    """Errors of a Redis that is not there are typed, and a store goes on without it."""
    with pytest.raises(BackendUnavailableError):
        open_url("redis://127.0.0.1:1").get(["a"])
    primary = MemoryHarness().open()
    store = OpenedStore(primary, open_url("redis+cluster://127.0.0.1:1"))
    session = store.create("ana", messages=[Message(type="user_query", content="hello")])
    assert store.get(session.session_id) == session
    assert store.stats().errors == 3


def test_a_bad_url_is_refused() -> None:
    """A cache's URL is read when it is opened."""
    with pytest.raises(ConfigurationError):
        open_url("redis://host:port")
