"""Many writers at once, and answers that are lost on the way."""

import contextlib
import multiprocessing
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor

import pytest
import redis

from chatstore import (
    BackendUnavailableError,
    MemorySessionStore,
    Message,
    RetentionPolicy,
    SessionExistsError,
)
from chatstore_redis import RedisSessionStore, session_writer
from redis_support.harness import RedisHarness, real_redis, server_url
from redis_support.proxy import Command, Fault, Proxy, address
from redis_support.writers import append_all

UNLIMITED = RetentionPolicy(max_messages=None)


@pytest.fixture
def harness() -> Iterator[RedisHarness]:
    harness = real_redis()
    yield harness
    harness.close()


@pytest.mark.parametrize("max_messages", [10, None])
def test_processes_and_threads_lose_nothing(
    harness: RedisHarness, max_messages: int | None
) -> None:
    """800 appends by 4 processes of 4 threads: all acknowledged, counted, and the window holds
    exactly the newest, each writer's in the order in which it wrote them."""
    store = harness.open(policy=RetentionPolicy(max_messages=max_messages))
    session_id = store.create("ana").session_id
    acknowledged = written_by_many(harness, session_id, max_messages)
    session = store.get(session_id)
    assert len(set(acknowledged)) == session.message_count == 800
    assert session.version == 801
    window = [message.message_id for message in session.messages]
    assert len(window) == len(set(window)) == (max_messages or 800)
    assert set(window) <= set(acknowledged)
    for own in by_writer(window).values():
        # Of each writer the newest are kept: no gap, and none newer than the newest kept.
        assert own == list(range(50 - len(own), 50))


def test_processes_and_threads_lose_nothing_of_a_history(harness: RedisHarness) -> None:
    """The same to a session with history, by writers who know of none: every message is there once,
    each writer's in the order in which it wrote them, and the window has the newest."""
    store = harness.open(policy=RetentionPolicy(max_messages=5, keep_history=True))
    session_id = store.create("ana").session_id
    acknowledged = written_by_many(harness, session_id, 10)
    pages = store.iter_messages(session_id, newest_first=False, page_size=70)
    there = [message.message_id for message in pages]
    assert len(there) == len(set(there)) == 800
    assert set(there) == set(acknowledged)
    assert all(own == list(range(50)) for own in by_writer(there).values())
    session = store.get(session_id)
    assert [message.message_id for message in session.messages] == there[-5:]
    assert (session.message_count, session.version) == (800, 801)


def written_by_many(harness: RedisHarness, session_id: str, max_messages: int | None) -> list[str]:
    """The ids of 800 messages that 4 processes of 4 threads have appended."""
    _, port = address(server_url())
    with ProcessPoolExecutor(4, multiprocessing.get_context("spawn")) as pool:
        runs = [
            pool.submit(append_all, port, harness.prefix, session_id, process, max_messages)
            for process in range(4)
        ]
        return [message_id for run in runs for message_id in run.result(120)]


def by_writer(message_ids: list[str]) -> dict[str, list[int]]:
    """The numbers of each writer's messages, in order."""
    numbers: dict[str, list[int]] = defaultdict(list)
    for message_id in message_ids:
        writer, _, number = message_id.rpartition(".")
        numbers[writer].append(int(number))
    return numbers


class Dropping:
    """Lets the server carry out every script, and drops every second answer."""

    def __init__(self) -> None:
        self.dropped = 0
        self._scripts = 0

    def __call__(self, command: Command) -> Fault:
        if command[0] in (b"EVALSHA", b"ZADD"):
            self._scripts += 1
            if self._scripts % 2:
                self.dropped += 1
                return Fault.DROP_ANSWER
        return Fault.NONE


def retrying(port: int) -> redis.Redis:
    """A client that sends a command again after a lost answer."""
    return redis.Redis("127.0.0.1", port)


def single(port: int) -> redis.Redis:
    """A client that does not."""
    return redis.Redis.from_url(f"redis://127.0.0.1:{port}")


@pytest.mark.parametrize("connect", [retrying, single])
def test_a_lost_answer_stores_a_message_once(
    harness: RedisHarness, connect: Callable[[int], redis.Redis]
) -> None:
    """200 appends whose answers get lost, sent again by redis-py or by the caller: each stored
    once."""
    session_id = harness.open(policy=UNLIMITED).create("ana").session_id
    judge = Dropping()
    sent: list[str] = []
    errors = 0
    with Proxy(address(server_url()), judge) as proxy, connect(proxy.port) as client:
        store = RedisSessionStore(client, prefix=harness.prefix, policy=UNLIMITED)
        for number in range(200):
            message = Message(message_id=f"{number}", type="user_query", content="x")
            sent.append(message.message_id)
            for _ in range(10):
                with contextlib.suppress(BackendUnavailableError):
                    store.append(session_id, message)
                    break
                errors += 1
    session = harness.open(policy=UNLIMITED).get(session_id)
    assert [message.message_id for message in session.messages] == sent
    assert session.message_count == 200
    assert session.version == 201
    assert judge.dropped >= 199
    assert errors == (judge.dropped if connect is single else 0)


@pytest.mark.parametrize("connect", [retrying, single])
def test_a_lost_answer_creates_a_session_once(
    harness: RedisHarness, connect: Callable[[int], redis.Redis]
) -> None:
    """`create` sent again by the driver finds its own session, and `get_or_create` sent again by
    the caller does."""
    with (
        Proxy(address(server_url()), Dropping()) as proxy,
        connect(proxy.port) as client,
    ):
        store = RedisSessionStore(client, prefix=harness.prefix)
        for number in range(20):
            session_id = f"chat {number}"
            if connect is retrying:
                assert store.create("ana", session_id=session_id).version == 1
            for _ in range(10):
                with contextlib.suppress(BackendUnavailableError):
                    assert store.get_or_create(session_id, user_id="ana").version == 1
                    break
            with contextlib.suppress(BackendUnavailableError), pytest.raises(SessionExistsError):
                store.create("ana", session_id=session_id)
    page = harness.open().list_sessions("ana", limit=100)
    assert sorted(item.session_id for item in page.items) == sorted(
        f"chat {number}" for number in range(20)
    )


@pytest.mark.parametrize("connect", [retrying, single])
def test_a_lost_answer_rewrites_once(
    harness: RedisHarness, connect: Callable[[int], redis.Redis]
) -> None:
    """`rewrite` sent again finds its own result."""
    given = [Message(type="user_query", content="x")]
    session_id = harness.open().create("ana").session_id
    with (
        Proxy(address(server_url()), Dropping()) as proxy,
        connect(proxy.port) as client,
    ):
        store = RedisSessionStore(client, prefix=harness.prefix)
        for _ in range(10):
            with contextlib.suppress(BackendUnavailableError):
                assert store.rewrite(session_id, given, if_version=1).messages == given
                break
    session = harness.open().get(session_id)
    assert session.version == 2
    assert session.message_count == 1


def test_a_lost_answer_restores_once(
    harness: RedisHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A `restore` in pieces whose last request is sent again finds its own result, and a live
    session that it may not replace is still there."""
    monkeypatch.setattr(session_writer, "PIECE_BYTES", 500)
    keeping = RetentionPolicy(max_messages=2, keep_history=True)
    source = MemorySessionStore(policy=keeping)
    given = [Message(type="user_query", content=f"{number}") for number in range(50)]
    session = source.create("ana", session_id="chat", messages=given)
    with (
        Proxy(address(server_url()), Dropping()) as proxy,
        retrying(proxy.port) as client,
    ):
        store = RedisSessionStore(client, prefix=harness.prefix, policy=keeping)
        for overwrite in (False, True):
            store.restore(session, history=given[:-2], overwrite=overwrite)
            assert list(store.iter_messages("chat", newest_first=False)) == given
        store.append("chat", given[0].model_copy(update={"message_id": "new"}))
        with pytest.raises(SessionExistsError):
            store.restore(session, history=given[:-2])
    assert harness.open().get("chat").message_count == 51
    assert {key for key in harness.all_keys() if b":t:" in key} == set()
