"""Redis as a cache: the rules of `chatstore.cache.protocol` in Lua, its key, lapses and costs."""

import itertools
import random
import time
import uuid
from collections.abc import Iterator

import pytest

from chatstore import BackendUnavailableError, ConfigurationError, MemorySessionCache, Message
from chatstore.cache.protocol import FORMAT, Marker, Snapshot
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
    """Whatever three messages come one after the other, each asked for just now, long ago or too
    long ago, and by a writer or a reader, Redis shows and refuses what the reference does."""
    chance = random.Random(19)  # noqa: S311 - chance, not secrecy
    every = list(itertools.product(ARRIVALS, repeat=3))
    for number, arrivals in enumerate(chance.sample(every, 400)):
        reference = MemorySessionCache()
        key = f"session {number}"
        for arriving in arrivals:
            now, refused = time.monotonic(), []
            asked_at = now - chance.choice([0, 0, 30, 49, 51])
            wrote = chance.random() < 0.5
            for each in (cache, reference):
                if arriving is None:
                    each.bury([key], lapse=100)
                elif isinstance(arriving, Marker):
                    each.mark(key, arriving, lapse=100)
                else:
                    refused.append(
                        each.put({key: arriving}, asked_at=asked_at, lapse=100, wrote=wrote)
                    )
            assert len(set(refused)) <= 1, (arrivals, now - asked_at, wrote)
        assert cache.get([key]) == reference.get([key]), arrivals


def test_lapses_are_the_keys_own(redis: RedisHarness, cache: RedisSessionCache) -> None:
    """A snapshot lapses by the server's clock, counted from its question; a tombstone that a read's
    put meets keeps its lapse, and one that is left has a whole one."""
    key = RedisCache(redis).key("a")

    def put(life: str, *, age: float, wrote: bool = False) -> int:
        snapshots = {"a": Snapshot(life, 1, b"")}
        return cache.put(snapshots, asked_at=time.monotonic() - age, lapse=500, wrote=wrote)

    assert put("id a", age=50) == 0
    assert 400_000 < redis.send("PTTL", key) <= 450_000
    assert put("id b", age=0) == 1
    assert 450_000 < redis.send("PTTL", key) <= 500_000
    redis.send("PEXPIRE", key, 70_000)
    assert put("id b", age=100) == 1
    assert redis.send("PTTL", key) <= 70_000
    assert put("id b", age=100, wrote=True) == 1
    assert redis.send("PTTL", key) > 70_000
    cache.bury(["a"], lapse=70)
    assert 50_000 < redis.send("PTTL", key) <= 70_000


@pytest.mark.parametrize(
    "garbage",
    [
        ("SET", "text"),
        ("RPUSH", "list"),
        ("HSET", "form", "0", "life", "id a", "version", "1", "body", "old"),
        ("HSET", "form", f"{FORMAT}", "life", "id a", "version", "many", "body", "x"),
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
    now = time.monotonic()
    cache.put({"b": good}, asked_at=now, lapse=100, wrote=False)
    assert cache.get(["a"]) == {}
    assert cache.get(["a", "b"]) == {"b": good}
    assert cache.put({"a": Snapshot("id a", 2, b"")}, asked_at=now, lapse=100, wrote=True) == 1
    assert redis.send("HMGET", RedisCache(redis).key("a"), "form", "life") == [b"%d" % FORMAT, None]
    assert redis.send("HEXISTS", RedisCache(redis).key("a"), "since") == 1


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
