"""Forks: a store over what was inherited works, even if a thread of the parent was in the middle of
a call; what was opened before is refused, and nothing of the parent's is touched."""

import os
import signal
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import redis
from redis.cluster import RedisCluster

from chatstore import ConfigurationError, Message, RetentionPolicy
from chatstore.cache.protocol import Snapshot
from chatstore_redis import RedisSessionCache, RedisSessionStore
from chatstore_redis.client_settings import Client
from chatstore_redis.harness import RedisHarness, close_client
from redis_support.harness import real_cluster, real_redis, server_url
from redis_support.proxy import Command, Fault, Proxy, address

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork"),
    # What Python warns of is what these tests are about.
    pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning"),
]

SECONDS_OF_A_CHILD = 60
CHILDREN = int(os.environ.get("CHATSTORE_TEST_FORKS", "4"))
EVERYTHING = RetentionPolicy(max_messages=None)


def forked(work: Callable[[], None]) -> int:
    """A child that does the work; its exit status is 0 if it succeeded."""
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        # A child that hangs must not outlive the test.
        signal.alarm(SECONDS_OF_A_CHILD)
        work()
        status = 0
    except BaseException:  # noqa: BLE001  it must not come back into the parent's test
        traceback.print_exc()
    finally:
        os._exit(status)


def have_succeeded(children: list[int]) -> bool:
    return [os.waitpid(child, 0)[1] for child in children] == [0] * len(children)


def message() -> Message:
    return Message(type="user_query", content="x")


@pytest.fixture(params=["redis", "redis-cluster"])
def harness(request: pytest.FixtureRequest) -> Iterator[RedisHarness]:
    harness = real_redis() if request.param == "redis" else real_cluster()
    yield harness
    harness.close()


@contextmanager
def writing(harness: RedisHarness, client: Client) -> Iterator[None]:
    """Threads that write through stores over the client, and through the client itself."""
    is_over = threading.Event()

    def write(number: int) -> None:
        with RedisSessionStore(client, prefix=harness.prefix) as store:
            session_id = store.create("busy").session_id
            while not is_over.is_set():
                store.append(session_id, message())
                client.get(harness.keys.cached(f"{number}"))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        is_over.set()
        for thread in threads:
            thread.join()


def test_children_of_a_process_that_writes(harness: RedisHarness) -> None:
    """Each child opens its own store over the inherited client and writes 20 messages: all are
    there."""
    client = harness.connect()
    parent = harness.open(policy=EVERYTHING)
    ids = [parent.create("ana").session_id for _ in range(CHILDREN)]
    with writing(harness, client):
        children: list[int] = []
        for session_id in ids:

            def work(session_id: str = session_id) -> None:
                store = RedisSessionStore(client, prefix=harness.prefix, policy=EVERYTHING)
                for _ in range(20):
                    store.append(session_id, message())
                assert store.get(session_id).message_count == 20
                cache = RedisSessionCache(client, prefix=harness.prefix, deadline=10)
                cache.put(
                    {session_id: Snapshot("id a", 1, b"x")},
                    asked_at=time.monotonic(),
                    lapse=9,
                    wrote=True,
                )
                assert cache.get([session_id])[session_id].body == b"x"

            children.append(forked(work))
        assert have_succeeded(children)
    assert [parent.get(each).message_count for each in ids] == [20] * CHILDREN


def test_a_lock_that_was_held_and_an_answer_that_waits(harness: RedisHarness) -> None:
    """The inherited client's locks are held for ever, and its connections have unread answers: the
    child's own store and cache work."""
    client = harness.connect()
    session_id = harness.open(policy=EVERYTHING).create("ana").session_id
    pools = (
        [node.redis_connection.connection_pool for node in client.get_nodes()]  # type: ignore[no-untyped-call,unused-ignore]
        if isinstance(client, RedisCluster)
        else [client.connection_pool]
    )
    held = [each for pool in pools for each in (pool._lock, pool._fork_lock)]
    if isinstance(client, RedisCluster):
        held.append(client.nodes_manager._lock)
    taken = []
    for pool in pools:
        connection = pool.get_connection()
        connection.send_command("PING")
        pool.release(connection)
        taken.append(connection)
    is_held, is_over = threading.Event(), threading.Event()

    def hold() -> None:
        for lock in held:
            lock.acquire()
        is_held.set()
        is_over.wait()
        for lock in held:
            lock.release()

    def work() -> None:
        store = RedisSessionStore(client, prefix=harness.prefix, policy=EVERYTHING)
        for _ in range(5):
            store.append(session_id, message())
        assert store.get(session_id).message_count == 5
        store.ping()
        store.close()
        assert RedisSessionCache(client, prefix=harness.prefix, deadline=10).get(["a"]) == {}

    holder = threading.Thread(target=hold)
    holder.start()
    assert is_held.wait(20)
    try:
        assert have_succeeded([forked(work)])
    finally:
        is_over.set()
        holder.join()
    for connection in taken:
        connection.disconnect()


def test_what_was_opened_before_is_the_parents(harness: RedisHarness) -> None:
    """In a child an inherited store or cache is refused at once; closing it there closes nothing of
    the parent's."""
    client = harness.connect()
    store = RedisSessionStore(client, prefix=harness.prefix)
    cache = RedisSessionCache(client, prefix=harness.prefix, deadline=10)
    session_id = store.create("ana").session_id
    cache.bury(["a"], lapse=9)

    def work() -> None:
        for call in (
            store.ping,
            lambda: store.get(session_id),
            lambda: cache.get(["a"]),
            lambda: cache.bury(["a", "b"], lapse=1),
        ):
            with pytest.raises(ConfigurationError, match="before the process was forked"):
                call()
        store.close()
        cache.close()

    assert have_succeeded([forked(work)])
    assert store.get(session_id).session_id == session_id
    assert cache.get(["a"]) == {}
    store.close()
    cache.close()


def test_a_fork_in_the_middle_of_a_call() -> None:
    """The child gets nothing of what a thread of the parent is waiting for, and the parent gets its
    own answer."""
    harness = real_redis()
    is_asked, go_on = threading.Event(), threading.Event()

    def judge(command: Command) -> Fault:
        if command[0] == b"EVALSHA" and not go_on.is_set():
            is_asked.set()
            go_on.wait(20)
        return Fault.NONE

    with Proxy(address(server_url()), judge) as proxy:
        go_on.set()
        client = redis.Redis("127.0.0.1", proxy.port)
        store = RedisSessionStore(client, prefix=harness.prefix)
        for session_id in ("parents", "childs"):
            store.create("ana", session_id=session_id)
        go_on.clear()
        got: list[str] = []
        reader = threading.Thread(target=lambda: got.append(store.get("parents").session_id))
        reader.start()
        assert is_asked.wait(20)

        def work() -> None:
            with redis.Redis.from_url(server_url()) as own:
                direct = RedisSessionStore(own, prefix=harness.prefix)
                assert direct.get("childs").session_id == "childs"

        assert have_succeeded([forked(work)])
        go_on.set()
        reader.join(20)
        assert got == ["parents"]
        store.close()
        close_client(client)
    harness.close()
