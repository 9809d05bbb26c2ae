"""Every way in which the server or the network fails, as chatstore's own errors."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
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
    ManualClock,
    Message,
    SchemaError,
    Session,
    SessionNotFoundError,
    utc_now,
)
from chatstore_redis import RedisSessionStore, scripts
from chatstore_redis.connection import Connection
from chatstore_redis.scripts import Script
from redis_support.harness import RedisHarness, cluster_url, real_redis, server_url
from redis_support.proxy import LOOPBACK, Command, Fault, Proxy, address
from redis_support.servers import Server, running

Call = Callable[[RedisSessionStore], object]


def message() -> Message:
    return Message(type="user_query", content="x" * 200)


SESSION = Session(
    session_id="chat", user_id="ana", created_at=utc_now(), version=1, messages=[message()]
)

WRITES: dict[str, Call] = {
    "create": lambda store: store.create("ana"),
    "append": lambda store: store.append("chat", message()),
    "append_and_get": lambda store: store.append_and_get("chat", message()),
    "rewrite": lambda store: store.rewrite("chat", [message()], if_version=1),
    "update": lambda store: store.update("chat", metadata={"a": 1}),
    "delete": lambda store: store.delete("chat"),
    "restore": lambda store: store.restore(SESSION, overwrite=True),
}
READS: dict[str, Call] = {
    "get": lambda store: store.get("chat"),
    "get_many": lambda store: store.get_many(["chat"]),
    "list_sessions": lambda store: store.list_sessions("ana"),
    "scan": lambda store: store.scan(),
    "ping": lambda store: store.ping(),
}
MAINTENANCE: dict[str, Call] = {
    "delete_user": lambda store: store.delete_user("ana"),
    "purge_expired": lambda store: store.purge_expired(),
}
CALLS = READS | WRITES | MAINTENANCE


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A server of the test's own, with a session of ana's, on the leg of the real server."""
    server_url()
    with running(tmp_path) as server:
        with redis.Redis(port=server.port) as client:
            RedisSessionStore(client).restore(SESSION)
        yield server


def raised(port: int, call: Call, **options: float) -> ChatStoreError:
    """What a call raises through a client that does not retry."""
    with (
        redis.Redis.from_url(f"redis://{LOOPBACK}:{port}", **options) as client,
        pytest.raises(ChatStoreError) as caught,
    ):
        call(RedisSessionStore(client))
    error = caught.value
    if isinstance(error, BackendError):
        assert error.__cause__ is not None
    return error


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


@pytest.mark.parametrize("name", set(WRITES) | {"delete_user"})
def test_a_replica(server: Server, name: str) -> None:
    """A write to a replica: `BackendUnavailableError`; reads go on."""
    with redis.Redis(port=server.port) as client:
        # A master that nobody is: the replica keeps what it has, and serves it.
        client.replicaof(LOOPBACK, 1)
    assert type(raised(server.port, CALLS[name])) is BackendUnavailableError
    with redis.Redis(port=server.port) as client:
        assert RedisSessionStore(client).get("chat") == SESSION
        assert len(RedisSessionStore(client).list_sessions("ana").items) == 1


@pytest.mark.parametrize(
    "name", ["create", "append", "append_and_get", "rewrite", "update", "restore"]
)
def test_a_full_server(server: Server, name: str) -> None:
    """OOM at maxmemory: `BackendError`, not retryable, and nothing is half written; `delete`
    still works."""
    with redis.Redis(port=server.port) as client:
        store = RedisSessionStore(client)
        before = client.hgetall("chatstore:s:chat")
        server.configure(maxmemory=1, maxmemory_policy="noeviction")
        error = raised(server.port, CALLS[name])
        assert type(error) is BackendError
        assert not error.retryable
        assert "maxmemory" in str(error)
        assert client.hgetall("chatstore:s:chat") == before
        assert len(store.list_sessions("ana").items) == 1
        assert store.delete("chat")


def test_a_full_server_replaces_no_expired_record(server: Server) -> None:
    """Nor is the expired record that a `create` would replace harmed."""
    clock = ManualClock()
    with redis.Redis(port=server.port) as client:
        store = RedisSessionStore(client, clock=clock)
        store.create("ben", session_id="old")
        clock.now = utc_now()
        client.zadd("chatstore:u:ana", {"filler": 0})
        server.configure(maxmemory=1, maxmemory_policy="noeviction")
        before = client.hgetall("chatstore:s:old")
        with pytest.raises(BackendError):
            store.restore(SESSION.model_copy(update={"session_id": "old"}))
        assert client.hgetall("chatstore:s:old") == before


@pytest.mark.parametrize("name", CALLS)
def test_a_password_is_asked_for(server: Server, name: str) -> None:
    """NOAUTH: `BackendAuthError`, which shows no credentials."""
    server.configure(requirepass="secret-of-the-server")
    assert type(raised(server.port, CALLS[name])) is BackendAuthError


def test_a_wrong_password(server: Server) -> None:
    """WRONGPASS: `BackendAuthError`, and no error shows the password."""
    server.configure(requirepass="secret-of-the-server")
    with redis.Redis.from_url(f"redis://:wrong-one@{LOOPBACK}:{server.port}") as client:
        with pytest.raises(BackendAuthError) as caught:
            RedisSessionStore(client).get("chat")
        assert "wrong-one" not in str(caught.value)
        assert "secret" not in str(caught.value)


@pytest.mark.parametrize("name", set(CALLS) - {"ping", "scan", "create", "purge_expired"})
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


def test_a_script_is_killed(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """A script that an operator kills has written nothing, and is `BackendUnavailableError`; so is
    a call that finds the server busy with it."""
    server.configure(lua_time_limit=20)
    endless = Script(b"while true do end", b"0" * 40)
    errors: list[ChatStoreError] = []
    with redis.Redis(port=server.port) as client:
        before = client.hgetall("chatstore:s:chat")
        with monkeypatch.context() as patch:
            patch.setattr(scripts, "APPEND", endless)
            writer = threading.Thread(
                target=lambda: errors.append(raised(server.port, WRITES["append"]))
            )
            writer.start()
            busy = raised_until_busy(server.port)
            client.script_kill()
            writer.join(20)
        assert type(busy) is BackendUnavailableError
        assert [type(error) for error in errors] == [BackendUnavailableError]
        assert client.hgetall("chatstore:s:chat") == before
        assert scripts.APPEND is not endless
        assert RedisSessionStore(client).append("chat", message()).version == 2


def raised_until_busy(port: int) -> ChatStoreError:
    """What `get` raises once the server is busy with a script."""
    for _ in range(1_000):
        with redis.Redis.from_url(f"redis://{LOOPBACK}:{port}") as client:
            try:
                RedisSessionStore(client).get("chat")
            except BackendUnavailableError as error:
                return error
    raise AssertionError("the server never was busy")


def test_a_pool_that_is_used_up(server: Server) -> None:
    """A client with no connection left: `BackendThrottledError`."""
    with redis.Redis.from_url(f"redis://{LOOPBACK}:{server.port}", max_connections=1) as client:
        taken = client.connection_pool.get_connection()
        with pytest.raises(BackendThrottledError):
            RedisSessionStore(client).get("chat")
        client.connection_pool.release(taken)


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


def form_cluster(node: Server) -> None:
    """Make a cluster of one node, and wait until it serves."""
    with redis.Redis(port=node.port) as client:
        connection = Connection(client)
        connection.send("CLUSTER", "ADDSLOTS", *range(16_384))
        for _ in range(1_000):
            if b"cluster_state:ok" in connection.send("CLUSTER", "INFO"):
                return
            time.sleep(0.01)
    raise TimeoutError("the cluster does not serve")


def test_another_librarys_error_shows() -> None:
    """An exception that is not the driver's is a defect, and is not hidden."""
    harness: RedisHarness = real_redis()
    store = harness.open()
    assert store._translate(ValueError("ours"), None) is None
    harness.close()
