"""Each call ends by its deadline, whatever the server does, and leaves nothing behind that could be
taken for another call's answer."""

import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial

import pytest
import redis
from redis.backoff import ConstantBackoff
from redis.retry import Retry

from chatstore import BackendError, BackendUnavailableError, ChatStoreError, Message, open_store
from chatstore_redis import RedisSessionCache, RedisSessionStore
from chatstore_redis.cache_url import open_url as open_cache
from loopback import LOOPBACK
from redis_support.calls import CALLS
from redis_support.failing import Behaviour, FailingServer, answers, closes, drips, hangs, maps_to
from redis_support.harness import real_redis, server_url
from redis_support.proxy import Command, Fault, Proxy, address

DEADLINE = 0.15
"""For calls that are to fail."""
AMPLE = 1.0
"""For those of which some are to succeed, on a busy machine too."""
TOO_LONG = 3.0
"""Far more than the deadline, for a busy machine; and less than any time-out of redis-py's."""

FAILURES: dict[str, Behaviour] = {
    "hangs": hangs,
    "drips": drips,
    "closes": closes,
    "is loading": answers(b"-LOADING Redis is loading the dataset in memory\r\n"),
    "is slowly loading": answers(b"-LOADING Redis is loading\r\n", seconds=0.1),
    "takes no writes": answers(b"-MISCONF Redis is configured to save\r\n"),
    "knows no script": answers(b"-NOSCRIPT No matching script\r\n"),
}


@contextmanager
def patient_store(port: int) -> Iterator[RedisSessionStore]:
    """A store over a client that would try for ever."""
    retry = Retry(ConstantBackoff(0.05), -1)
    with (
        redis.Redis(LOOPBACK, port, retry=retry, socket_timeout=60) as client,
        RedisSessionStore(client, deadline=DEADLINE) as store,
    ):
        yield store


@contextmanager
def opened_store(port: int) -> Iterator[RedisSessionStore]:
    """A store that a URL opened."""
    with open_store(f"redis://{LOOPBACK}:{port}?deadline={DEADLINE}") as store:
        assert isinstance(store, RedisSessionStore)
        yield store


def seconds(call: Callable[[], object], error: type[ChatStoreError] = BackendError) -> float:
    """How long a call takes that fails."""
    began = time.monotonic()
    with pytest.raises(error):
        call()
    return time.monotonic() - began


def require_end(store: RedisSessionStore, names: Iterable[str]) -> None:
    """Fail unless each of these calls fails in time, all at once: they wait most of the time."""
    calls = {name: partial(CALLS[name], store) for name in names}
    with ThreadPoolExecutor(len(calls)) as pool:
        took = dict(zip(calls, pool.map(seconds, calls.values()), strict=True))
    assert {name: each for name, each in took.items() if each >= TOO_LONG} == {}


@pytest.mark.parametrize("opener", [patient_store, opened_store])
@pytest.mark.parametrize("failure", FAILURES)
def test_a_server_that_fails(
    opener: Callable[[int], AbstractContextManager[RedisSessionStore]], failure: str
) -> None:
    """Each call on a server that fails in this way is a `BackendError` by its deadline."""
    with FailingServer(FAILURES[failure]) as server, opener(server.port) as store:
        require_end(store, CALLS)


def test_nobody_listens() -> None:
    """A client that would try for ever ends by the deadline, and says who refused."""
    with socket.create_server((LOOPBACK, 0)) as listener:
        port = listener.getsockname()[1]
    with patient_store(port) as store, pytest.raises(BackendUnavailableError) as caught:
        store.get("chat")
    assert f"{LOOPBACK}:{port}" in str(caught.value)


@pytest.mark.parametrize("failure", ["hangs", "drips", "closes", "TRYAGAIN", "MOVED", "ASK"])
def test_a_cluster_that_fails(failure: str) -> None:
    """A cluster whose map can be had and whose nodes hang, drip or send on for ever."""
    with ExitStack() as stack:
        if failure in FAILURES:
            node = stack.enter_context(FailingServer(FAILURES[failure]))
            seed = stack.enter_context(FailingServer(maps_to(node.port, b"-ERR\r\n")))
        else:
            text = f"-{failure} 1 {LOOPBACK}:{{port}}\r\n".encode()
            seed = stack.enter_context(FailingServer(maps_to(None, text)))
        url = f"redis+cluster://{LOOPBACK}:{seed.port}?deadline={AMPLE / 3}&protocol=2"
        store = stack.enter_context(open_store(url))
        assert isinstance(store, RedisSessionStore)
        walks = {"scan", "purge_expired"} if failure not in FAILURES else set[str]()
        require_end(store, CALLS.keys() - walks)
        cache = open_cache(url)
        assert seconds(lambda: cache.get(["a", "b"])) < TOO_LONG
        cache.close()


def test_a_cluster_that_hangs_at_opening() -> None:
    """Opening ends by the deadline too."""
    with FailingServer(hangs) as server:
        url = f"redis+cluster://{LOOPBACK}:{server.port}?deadline={DEADLINE}"
        assert seconds(lambda: open_store(url)) < TOO_LONG


@pytest.mark.parametrize("scheme", ["redis", "redis+cluster", "rediss"])
@pytest.mark.parametrize("failure", FAILURES)
def test_a_cache_before_a_server_that_fails(scheme: str, failure: str) -> None:
    """A cache's request ends by its own, shorter deadline."""
    with FailingServer(FAILURES[failure]) as server:
        cache = open_cache(f"{scheme}://{LOOPBACK}:{server.port}")
        calls: Sequence[Callable[[], object]] = (
            lambda: cache.get(["a"]),
            lambda: cache.get(["a", "b"]),
            lambda: cache.bury(["a"], lapse=1),
            lambda: cache.bury(["a", "b"], lapse=1),
        )
        with ThreadPoolExecutor(len(calls)) as pool:
            assert max(pool.map(partial(seconds, error=ChatStoreError), calls)) < TOO_LONG
        cache.close()


def test_a_tls_handshake_that_drips() -> None:
    """The handshake ends by the deadline as well."""
    with FailingServer(drips) as server, FailingServer(hangs) as silent:
        for port in (server.port, silent.port):
            with open_store(f"rediss://{LOOPBACK}:{port}?deadline={DEADLINE}") as store:
                began = time.monotonic()
                with pytest.raises(ChatStoreError):
                    store.get("chat")
                assert time.monotonic() - began < TOO_LONG


@pytest.mark.parametrize("name", ["get", "append_and_get", "get_many", "list_sessions"])
def test_an_answer_that_comes_too_late(name: str) -> None:
    """A call that was broken off leaves no answer behind: the next one gets its own."""
    harness = real_redis()
    is_slow = threading.Event()
    go_on = threading.Event()

    def judge(command: Command) -> Fault:
        if is_slow.is_set() and command[0] in (b"EVALSHA", b"ZRANGE"):
            go_on.wait(20)
        return Fault.NONE

    with (
        Proxy(address(server_url()), judge) as proxy,
        redis.Redis(LOOPBACK, proxy.port, retry=Retry(ConstantBackoff(0), 0)) as client,
    ):
        store = RedisSessionStore(client, prefix=harness.prefix, deadline=AMPLE)
        with store:
            for session_id in ("chat", "other"):
                store.create("ana", session_id=session_id)
            store.append("other", Message(type="t", content="x"))
            is_slow.set()
            with pytest.raises(BackendUnavailableError, match="no answer within"):
                CALLS[name](store)
            is_slow.clear()
            go_on.set()
            for _ in range(3):
                assert store.get("other").session_id == "other"
                assert [each.session_id for each in store.get_many(["chat"])] == ["chat"]
    harness.close()


def test_a_pool_that_is_used_up_for_long() -> None:
    """Waiting for a free connection ends by the deadline."""
    pool = redis.BlockingConnectionPool.from_url(server_url(), max_connections=1, timeout=60)
    with redis.Redis(connection_pool=pool) as client:
        with RedisSessionStore(client, deadline=AMPLE) as store:
            store.ping()
            (node,) = store.engine.deployment.servers.masters().values()
            taken = node.take()
            assert seconds(lambda: store.get("chat")) < TOO_LONG
            node.give_back(taken)
            store.ping()
        cache = RedisSessionCache(client, deadline=AMPLE)
        assert cache.get(["a"]) == {}
        cache.close()
    pool.disconnect()
