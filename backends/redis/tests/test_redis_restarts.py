"""What goes unnoticed: forgotten scripts, a restart, a slot on the move."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import redis
from redis.backoff import ConstantBackoff
from redis.cluster import RedisCluster
from redis.crc import key_slot
from redis.retry import Retry

from chatstore import Message, RetentionPolicy
from chatstore_redis import RedisSessionStore
from redis_support.harness import RedisHarness, cluster_url, real_cluster, server_url
from redis_support.migrating import migrate_slot
from redis_support.servers import running

UNLIMITED = RetentionPolicy(max_messages=None)


def message(number: int) -> Message:
    return Message(message_id=f"{number}", type="user_query", content="x" * 100)


@pytest.fixture
def cluster() -> Iterator[RedisHarness]:
    harness = real_cluster()
    yield harness
    harness.close()


def test_a_restart_between_two_calls(tmp_path: Path) -> None:
    """Between any two calls the server may forget its scripts, or stop and start again: with AOF
    and `appendfsync always` nothing is lost, and with redis-py's retries nothing is noticed."""
    server_url()
    with running(tmp_path, ("--appendonly", "yes", "--appendfsync", "always")) as server:
        # redis-py below 6 retries only if it is told to.
        client = redis.Redis("127.0.0.1", server.port, retry=Retry(ConstantBackoff(0.05), 3))
        store = RedisSessionStore(client, policy=UNLIMITED)
        store.create("ana", session_id="chat")
        for number in range(12):
            if number % 4 == 1:
                client.script_flush()
            if number % 4 == 3:
                server.stop()
                server.start()
            calls: list[Callable[[Message], object]] = [
                lambda given: store.append("chat", given),
                lambda given: store.append_and_get("chat", given),
                lambda given: store.rewrite(
                    "chat", [*store.get("chat").messages, given], if_version=None
                ),
            ]
            calls[number % 3](message(number))
            assert store.update("chat", metadata={"last": number}).metadata == {"last": number}
            server.stop()
            server.start()
            assert len(store.list_sessions("ana").items) == 1
            client.script_flush()
            store.create("ana", session_id=f"{number}")
            client.script_flush()
            assert store.delete(f"{number}")
        session = store.get("chat")
        assert [each.message_id for each in session.messages] == [f"{n}" for n in range(12)]
        assert session.version == 25
        client.close()


def test_scripts_are_forgotten_on_every_node(cluster: RedisHarness) -> None:
    """SCRIPT FLUSH on every node of a cluster goes unnoticed."""
    store = cluster.open(policy=UNLIMITED)
    ids = [store.create("ana").session_id for _ in range(12)]
    execute: Any = cluster.client.execute_command
    for number in range(3):
        execute("SCRIPT FLUSH", target_nodes=RedisCluster.PRIMARIES)
        for session_id in ids:
            assert store.append(session_id, message(number)).message_count == number + 1


def test_a_slot_moves_during_appends(cluster: RedisHarness) -> None:
    """A slot that migrates there and back during a run of appends by several clients loses and
    doubles nothing."""
    store = cluster.open(policy=UNLIMITED)
    session_id = store.create("ana", messages=[message(-1)]).session_id
    slot = key_slot(cluster.keys.session(session_id))
    is_over = threading.Event()
    sent: list[list[str]] = [[], [], []]
    errors: list[BaseException] = []

    def append(writer: int) -> None:
        client = cluster.open(policy=UNLIMITED)
        try:
            while not (is_over.is_set() and len(sent[writer]) >= 50) and len(sent[writer]) < 2_000:
                message_id = f"{writer}.{len(sent[writer])}"
                client.append(session_id, Message(message_id=message_id, type="t", content="x"))
                sent[writer].append(message_id)
        except BaseException as error:  # noqa: BLE001  the test shows it
            errors.append(error)

    threads = [threading.Thread(target=append, args=(writer,)) for writer in range(3)]
    for thread in threads:
        thread.start()
    moves = 0
    try:
        for _ in range(6):
            migrate_slot(cluster_url(), slot)
            moves += 1
            written = sum(map(len, sent))
            for _ in range(1_000):
                if errors or sum(map(len, sent)) >= written + 30:
                    break
                time.sleep(0.005)
    finally:
        is_over.set()
        for thread in threads:
            thread.join(60)
    assert not errors
    assert moves == 6
    session = store.get(session_id)
    stored = [each.message_id for each in session.messages]
    assert sorted(stored) == sorted(["-1", *(each for ids in sent for each in ids)])
    for writer, ids in enumerate(sent):
        assert [each for each in stored if each.startswith(f"{writer}.")] == ids
    assert session.message_count == len(stored) == session.version


def test_each_call_meets_a_moved_slot(cluster: RedisHarness) -> None:
    """A client that knows only where the slots were finds every session after they moved: alone,
    in a pipeline, in a listing and in a scan."""
    store = cluster.open()
    ids = [store.create("ana", messages=[message(1)]).session_id for _ in range(6)]
    for session_id in ids:
        migrate_slot(cluster_url(), key_slot(cluster.keys.session(session_id)))
    migrate_slot(cluster_url(), key_slot(cluster.keys.index("ana")))
    assert len(store.get_many(ids)) == 6
    assert len(store.list_sessions("ana").items) == 6
    assert all(store.get(session_id).message_count == 1 for session_id in ids)
    found: set[str] = set()
    cursor = None
    for _ in range(100):
        page = store.scan(limit=3, cursor=cursor)
        found |= {session.session_id for session in page.items}
        if (cursor := page.next_cursor) is None:
            break
    assert found == set(ids)
    assert store.delete_user("ana") == 6


def test_a_clusters_url_names_any_node() -> None:
    """The environment's URL is in `open_store`'s own form."""
    assert urlsplit(cluster_url()).scheme == "redis+cluster"
