"""Every state in which a server refuses a call: a replica, full, locked, busy."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from chatstore import (
    BackendAuthError,
    BackendError,
    BackendUnavailableError,
    ChatStoreError,
    ManualClock,
    utc_now,
)
from chatstore_redis import RedisSessionStore, scripts
from chatstore_redis.scripts import Script
from loopback import LOOPBACK
from redis_support.calls import CALLS, SESSION, WRITES, message, raised
from redis_support.harness import server_url
from redis_support.servers import Server, running


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A server of the test's own, with a session of ana's, on the leg of the real server."""
    server_url()
    with running(tmp_path) as server:
        with redis.Redis(port=server.port) as client:
            RedisSessionStore(client).restore(SESSION)
        yield server


@pytest.mark.parametrize("name", [*WRITES, "delete_user"])
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
    "name",
    [name for name in WRITES if name != "delete"],
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


def test_a_script_is_killed(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """A script that an operator kills has written nothing, and is `BackendUnavailableError`; so is
    a call that finds the server busy with it."""
    server.configure(lua_time_limit=20)
    endless = Script(b"while true do end")
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
