"""Every kind of client that a caller may have: the store connects as the client would, and leaves
the client as it was."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import fakeredis
import pytest
import redis
from redis.backoff import NoBackoff
from redis.cluster import RedisCluster
from redis.exceptions import ConnectionError as LostConnectionError
from redis.retry import Retry
from redis.sentinel import Sentinel

from chatstore import BackendUnavailableError, Message
from chatstore_redis import RedisSessionCache, RedisSessionStore
from chatstore_redis.client_settings import ClusterSettings, ServerSettings, settings_of
from loopback import LOOPBACK
from redis_support.harness import cluster_url, server_url
from redis_support.servers import Server, running

WAITING_POOL: Any = redis.BlockingConnectionPool


class CountingPool(redis.ConnectionPool):
    """A caller's own kind of pool."""

    made = 0

    def make_connection(self) -> Any:
        type(self).made += 1
        return super().make_connection()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server_url()
    folder = tmp_path_factory.mktemp("server")
    with running(folder, ("--unixsocket", str(folder / "socket"))) as server:
        yield server


CLIENTS: dict[str, Callable[[Server, Path], redis.Redis]] = {
    "plain": lambda server, _: redis.Redis(LOOPBACK, server.port),
    "from a URL": lambda server, _: redis.Redis.from_url(f"redis://{LOOPBACK}:{server.port}/3"),
    "a pool that waits": lambda server, _: redis.Redis(
        connection_pool=WAITING_POOL(host=LOOPBACK, port=server.port, max_connections=2, timeout=5)
    ),
    "another pool": lambda server, _: redis.Redis(
        connection_pool=CountingPool(host=LOOPBACK, port=server.port)
    ),
    "a Unix socket": lambda _, socket: redis.Redis(unix_socket_path=str(socket)),
    "one connection": lambda server, _: redis.Redis(
        LOOPBACK, server.port, single_connection_client=True
    ),
    "texts": lambda server, _: redis.Redis(LOOPBACK, server.port, decode_responses=True),
    "another encoding": lambda server, _: redis.Redis(
        LOOPBACK, server.port, encoding="utf-16", protocol=2
    ),
    "protocol 3": lambda server, _: redis.Redis(LOOPBACK, server.port, protocol=3),
    "protocol 2": lambda server, _: redis.Redis(LOOPBACK, server.port, protocol=2),
    "a name": lambda server, _: redis.Redis(
        LOOPBACK, server.port, client_name="n", health_check_interval=1
    ),
    "fakeredis": lambda *_: fakeredis.FakeRedis(server=fakeredis.FakeServer()),
}


def use(client: redis.Redis) -> None:
    """Call everything that a deployment must allow."""
    with RedisSessionStore(client, prefix="kinds") as store:
        store.ping()
        session = store.create("ana")
        store.append(session.session_id, Message(type="t", content="ä"))
        assert store.get(session.session_id).message_count == 1
        assert len(store.list_sessions("ana").items) == 1
        assert len(store.scan().items) == 1
        assert store.delete_user("ana") == 1
    cache = RedisSessionCache(client, prefix="kinds", deadline=5)
    cache.bury(["a", "b"], lapse=1)
    assert cache.get(["a", "b"]) == {}
    cache.close()


@pytest.mark.parametrize("name", CLIENTS)
def test_a_client(server: Server, tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    """A store and a cache work as the client would; its settings, its pool and its connections stay
    as they were."""
    socket = next(tmp_path_factory.getbasetemp().glob("server*/socket"))
    client = CLIENTS[name](server, socket)
    pool = client.connection_pool
    before = dict(pool.connection_kwargs)
    use(client)
    assert client.connection_pool is pool
    assert dict(pool.connection_kwargs) == before
    assert client.ping()
    client.close()


def test_whose_connections_wait_in_the_store(server: Server, tmp_path: Path) -> None:
    """A connection is kept ready between two requests unless its pool has to see to it then: the
    caller's own kind of pool, one that others wait for, one whose credentials change."""
    see_to = {"a pool that waits", "another pool"}
    for name, make in CLIENTS.items():
        with make(server, tmp_path) as client:
            settings = settings_of(client)
            assert isinstance(settings, ServerSettings)
            assert settings.has_plain_pool == (name not in see_to), name
    provider: Any = redis.UsernamePasswordCredentialProvider("chat", "secret")
    with redis.Redis(LOOPBACK, server.port, credential_provider=provider) as client:
        settings = settings_of(client)
        assert isinstance(settings, ServerSettings)
        assert not settings.has_plain_pool
    with RedisCluster.from_url(cluster_url().replace("redis+cluster", "redis")) as cluster:
        nodes = settings_of(cluster)
        assert isinstance(nodes, ClusterSettings)
        assert nodes.node.has_plain_pool


@pytest.mark.parametrize("waits", [False, True])
def test_a_connection_that_the_server_closed(server: Server, waits: bool) -> None:
    """A connection that the server closed between two calls is made anew, though the client sends
    nothing twice: what is about to be used is looked at first."""
    make = WAITING_POOL if waits else redis.ConnectionPool
    never = Retry(NoBackoff(), 0)
    pool = make(host=LOOPBACK, port=server.port, max_connections=1, retry=never)
    with (
        redis.Redis(connection_pool=pool) as client,
        redis.Redis(port=server.port) as operator,
        RedisSessionStore(client, prefix="closed") as store,
    ):
        session_id = store.create("ana").session_id
        for _ in range(3):
            # Another test's client may not have been seen to go yet.
            assert operator.client_kill_filter(_type="normal", skipme=True) >= 1
            operator.ping()
            assert store.get(session_id).session_id == session_id
        assert store.delete(session_id)


@contextmanager
def sentinel(folder: Path, master: Server) -> Iterator[Any]:
    """Sentinel's client, of a Sentinel that watches over one master."""
    (folder / "sentinel.conf").write_text(
        f"sentinel monitor mymaster {LOOPBACK} {master.port} 1\n", "utf-8"
    )
    with running(folder, ("--sentinel",), first=[str(folder / "sentinel.conf")]) as watcher:
        make: Any = Sentinel
        made = make([(LOOPBACK, watcher.port)], socket_timeout=2)
        for _ in range(1_000):
            try:
                made.discover_master("mymaster")
                break
            except LostConnectionError:
                time.sleep(0.01)
        yield made
        for each in made.sentinels:
            each.close()


def test_sentinels_master(server: Server, tmp_path: Path) -> None:
    """A store over what `master_for` returns asks Sentinel for itself; a name that Sentinel does
    not know stays retryable."""
    with sentinel(tmp_path, server) as watched:
        client = watched.master_for("mymaster", password=None)
        use(client)
        assert repr(RedisSessionStore(client)) == (
            "<RedisSessionStore redis sentinel service 'mymaster', open>"
        )
        unknown = watched.master_for("unknown")
        with (
            RedisSessionStore(unknown, deadline=1) as store,
            pytest.raises(BackendUnavailableError),
        ):
            store.ping()
