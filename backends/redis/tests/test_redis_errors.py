"""Every way in which the network and other programs fail us, as chatstore's own errors."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from redis.cluster import RedisCluster

from chatstore import (
    BackendAuthError,
    BackendError,
    BackendThrottledError,
    BackendUnavailableError,
    ChatStoreError,
    ConfigurationError,
    SchemaError,
    SessionNotFoundError,
    open_store,
)
from chatstore_redis import RedisSessionStore
from loopback import LOOPBACK
from redis_support.calls import CALLS, SESSION, raised
from redis_support.harness import RedisHarness, cluster_url, real_redis, server_url
from redis_support.proxy import Command, Fault, Proxy, address
from redis_support.servers import Server, form_cluster, running


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A server of the test's own, with a session of ana's, on the leg of the real server."""
    server_url()
    with running(tmp_path) as server:
        with redis.Redis(port=server.port) as client:
            RedisSessionStore(client).restore(SESSION)
        yield server


@pytest.mark.parametrize("name", CALLS)
def test_a_refused_connection(name: str) -> None:
    """Nobody listens there: `BackendUnavailableError`, retryable."""
    with socket.create_server((LOOPBACK, 0)) as listener:
        port = listener.getsockname()[1]
    error = raised(port, CALLS[name])
    assert type(error) is BackendUnavailableError
    assert error.retryable


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("fault", [Fault.RESET, Fault.HANG, Fault.DROP_ANSWER])
def test_a_broken_connection(server: Server, name: str, fault: Fault) -> None:
    """Reset, timed out, or closed without an answer: `BackendUnavailableError`."""

    def judge(command: Command) -> Fault:
        return Fault.NONE if command[0] in (b"CLIENT", b"HELLO") else fault

    with Proxy((LOOPBACK, server.port), judge) as proxy:
        error = raised(proxy.port, CALLS[name], socket_timeout=0.2)
    assert type(error) is BackendUnavailableError


ANSWERS: dict[bytes, type[ChatStoreError]] = {
    b"LOADING Redis is loading the dataset in memory": BackendUnavailableError,
    b"MISCONF Redis is configured to save RDB snapshots": BackendUnavailableError,
    b"NOREPLICAS Not enough good replicas to write.": BackendUnavailableError,
    b"MASTERDOWN Link with MASTER is down": BackendUnavailableError,
    b"CLUSTERDOWN The cluster is down": BackendUnavailableError,
    b"TRYAGAIN Multiple keys request during rehashing of slot": BackendUnavailableError,
    b"BUSY Redis is busy running a script.": BackendUnavailableError,
    b"ERR max number of clients reached": BackendThrottledError,
    b"WRONGPASS invalid username-password pair": BackendAuthError,
    b"NOPERM this user has no permissions to run the 'evalsha' command": BackendAuthError,
    b"NOAUTH Authentication required.": BackendAuthError,
    b"MOVED 1234 127.0.0.1:1": ConfigurationError,
    b"ASK 1234 127.0.0.1:1": ConfigurationError,
    b"ERR something that nobody knows": BackendError,
}


@pytest.mark.parametrize(("answer", "expected"), ANSWERS.items())
@pytest.mark.parametrize("name", ["append", "get", "get_many", "list_sessions", "purge_expired"])
def test_an_error_answer(
    server: Server, name: str, answer: bytes, expected: type[ChatStoreError]
) -> None:
    """Each error of the server's is its typed one, on a script, a command and a pipeline."""

    def judge(command: Command) -> Fault | bytes:
        return Fault.NONE if command[0] in (b"CLIENT", b"HELLO") else b"-" + answer + b"\r\n"

    with Proxy((LOOPBACK, server.port), judge) as proxy:
        assert type(raised(proxy.port, CALLS[name])) is expected


@pytest.mark.parametrize("name", sorted({*CALLS} - {"ping", "scan", "create", "purge_expired"}))
def test_a_foreign_key_in_a_sessions_place(server: Server, name: str) -> None:
    """WRONGTYPE: `SchemaError`, and the foreign key is left as it is, by `delete` too."""
    with redis.Redis(port=server.port) as client:
        client.set("chatstore:s:chat", "foreign")
        assert type(raised(server.port, CALLS[name])) is SchemaError
        assert client.get("chatstore:s:chat") == b"foreign"


@pytest.mark.parametrize("name", ["create", "list_sessions", "delete_user"])
def test_a_foreign_key_in_an_indexs_place(server: Server, name: str) -> None:
    """The same where a user's index should be."""
    with redis.Redis(port=server.port) as client:
        client.set("chatstore:u:ana", "foreign")
        assert type(raised(server.port, CALLS[name])) is SchemaError
        assert client.get("chatstore:u:ana") == b"foreign"


@pytest.mark.parametrize("name", ["scan", "purge_expired"])
def test_walks_pass_over_foreign_keys(server: Server, name: str) -> None:
    """`scan` and `purge_expired` look at keys of the right type alone."""
    with redis.Redis(port=server.port) as client:
        client.set("chatstore:s:foreign", "foreign")
        client.set("chatstore:u:foreign", "foreign")
        client.hset("chatstore:s:a:b", "foreign", "1")
        CALLS[name](RedisSessionStore(client))
        assert client.exists("chatstore:s:foreign", "chatstore:u:foreign", "chatstore:s:a:b") == 3


def test_a_pool_that_is_used_up(server: Server) -> None:
    """A store with no connection left: `BackendThrottledError`."""
    with open_store(f"redis://{LOOPBACK}:{server.port}?max_connections=1") as store:
        assert isinstance(store, RedisSessionStore)
        (node,) = store.engine.deployment.servers.masters().values()
        taken = node.take()
        with pytest.raises(BackendThrottledError):
            store.get("chat")
        node.give_back(taken)
        store.get("chat")


def test_one_node_of_a_cluster() -> None:
    """A plain client of a cluster's node meets MOVED: `ConfigurationError`, which says what to
    open."""
    host, port = address(cluster_url())
    with redis.Redis(host, port) as client:
        store = RedisSessionStore(client)
        refusals: list[str] = []
        for number in range(20):
            try:
                store.get(f"{number}")
            except SessionNotFoundError:
                continue
            except ConfigurationError as error:
                refusals.append(str(error))
    assert refusals
    assert all("redis+cluster://" in refusal for refusal in refusals)


def test_a_cluster_that_went_away(tmp_path: Path) -> None:
    """A cluster client whose nodes are gone: `BackendUnavailableError`."""
    cluster_url()
    with running(tmp_path, ("--cluster-enabled", "yes")) as node:
        form_cluster(node)
        with RedisCluster(LOOPBACK, node.port) as cluster:
            store = RedisSessionStore(cluster)
            store.create("ana", session_id="chat")
            node.stop()
            for name in ("get", "append", "get_many", "list_sessions", "purge_expired"):
                with pytest.raises(BackendUnavailableError):
                    CALLS[name](store)


def test_another_librarys_error_shows() -> None:
    """An exception that is not the driver's is a defect, and is not hidden."""
    harness: RedisHarness = real_redis()
    store = harness.open()
    assert store.engine.translate_error(ValueError("ours"), None) is None
    harness.close()
