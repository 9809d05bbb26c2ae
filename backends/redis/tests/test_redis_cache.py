"""Redis as a cache: the rules of `chatstore.caching`, in Lua; its key, its lapses and its costs."""

import itertools
import uuid
from collections.abc import Iterator

import pytest

from chatstore import BackendUnavailableError, ConfigurationError, MemorySessionCache, Message
from chatstore.caching import Marker, Snapshot
from chatstore_contract_tests.cached import OpenedStore
from chatstore_contract_tests.memory import MemoryHarness
from chatstore_redis import RedisSessionCache
from chatstore_redis.cache_url import open_url
from redis_support.cached import RedisCache
from redis_support.harness import RedisHarness, cluster_url, fake_redis, real_redis
from redis_support.watching import are_closed, connections


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


@pytest.mark.parametrize("session_ids", [["a"], ["a", "b"]])
def test_a_redis_that_is_not_there(session_ids: list[str]) -> None:
    """Its errors are typed, of one command and of a pipeline: no session passes for missing."""
    cache = open_url("redis://127.0.0.1:1")
    for call in (
        lambda: cache.get(session_ids),
        lambda: cache.bury(session_ids, lapse=1),
    ):
        with pytest.raises(BackendUnavailableError) as raised:
            call()
        assert raised.value.__cause__ is not None


def test_anothers_error_shows(cache: RedisSessionCache) -> None:
    """An exception that is not the driver's is a defect of the caller's, here an id that is no
    text, and is not hidden behind a typed one."""
    with pytest.raises(UnicodeEncodeError):
        cache.get(["\ud800"])


def test_an_opened_cache_has_one_client() -> None:
    """A cache in a cluster makes its client at the first call, keeps it, and closes it; one that
    was never asked has none to close."""
    url, name = cluster_url(), f"cache-{uuid.uuid4()}"
    cache = open_url(f"{url}?client_name={name}")
    cache.close()
    assert connections(url, name) == set()
    cache.bury(["a"], lapse=1)
    made = connections(url, name)
    assert made != set()
    for _ in range(3):
        assert cache.get(["a"]) == {}
    assert connections(url, name) == made
    cache.close()
    assert are_closed(url, name)


def test_a_store_without_its_cache_answers() -> None:
    """A store goes on without a cache that is not there."""
    primary = MemoryHarness().open()
    store = OpenedStore(primary, open_url("redis+cluster://127.0.0.1:1"))
    session = store.create("ana", messages=[Message(type="user_query", content="hello")])
    assert store.get(session.session_id) == session
    assert store.stats().errors == 3


def test_a_bad_url_is_refused() -> None:
    """A cache's URL is read when it is opened."""
    with pytest.raises(ConfigurationError):
        open_url("redis://host:port")
