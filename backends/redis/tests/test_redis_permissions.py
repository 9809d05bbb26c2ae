"""What a user of the server's ACL must be allowed: what the README lists, and `ping` misses all of
it."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from redis.cluster import RedisCluster

from chatstore import (
    BackendAuthError,
    BackendUnavailableError,
    ConfigurationError,
    Message,
    RetentionPolicy,
    open_store,
)
from chatstore.cache.protocol import Marker, Snapshot
from chatstore_redis import RedisSessionCache, RedisSessionStore
from chatstore_redis.cache_url import open_url as open_cache
from loopback import LOOPBACK
from redis_support.calls import CALLS, SESSION
from redis_support.harness import cluster_url, server_url
from redis_support.proxy import address
from redis_support.servers import Server, form_cluster, running

README = (Path(__file__).parent.parent / "README.md").read_text("utf-8")
SECTION = README.split("## Permissions")[1].split("\n## ")[0]


def listed(title: str) -> list[str]:
    """The rules in the row of the README's table that begins with `title`."""
    row = next(line for line in SECTION.splitlines() if line.startswith(f"| {title}"))
    return re.findall(r"\+[a-z|]+", row.replace("\\|", "|"))


ALWAYS = listed("always")
WALKS = listed("`scan`")
CACHE = listed("a cache")
CLUSTER = listed("a cluster")
OPTIONS = listed("`client_name`")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server_url()
    with running(tmp_path) as server:
        yield server


def allow(server: Server, *rules: str) -> None:
    """Make a user who may do that alone."""
    with redis.Redis(port=server.port) as client:
        client.execute_command("ACL", "DELUSER", "chat")
        client.execute_command(
            *("ACL", "SETUSER", "chat", "on", ">secret", "~chatstore:*", "-@all", *rules)
        )


def url(server: Server, rest: str = "/0") -> str:
    return f"redis://chat:secret@{LOOPBACK}:{server.port}{rest}"


def test_the_readme_lists_what_is_needed(server: Server) -> None:
    """With the README's rules every call works, whatever the URL's options; without any one of
    them, something does not, and `ping` or the option says so."""
    allow(server, *ALWAYS, *WALKS)
    with open_store(url(server)) as store:
        assert isinstance(store, RedisSessionStore)
        store.ping()
        store.restore(SESSION)
        for call in CALLS.values():
            store.restore(SESSION, overwrite=True)
            call(store)
        store.restore(SESSION, overwrite=True)
        assert store.append("chat", *[Message(type="t", content="x") for _ in range(30)])
        store.delete("chat")
    keeping = RetentionPolicy(keep_history=True)
    with open_store(url(server), policy=keeping) as store:
        # So much is not written in one request.
        many = [Message(type="t", content="x" * 1_000) for _ in range(600)]
        assert store.create("ana", messages=many).message_count == 600
    allow(server, *ALWAYS, *OPTIONS)
    with open_store(url(server, "/1?client_name=x&health_check_interval=1&protocol=3")) as store:
        store.ping()
        store.create("ana")


def test_ping_misses_each_permission(server: Server) -> None:
    """Without any one of the commands that every store needs, `ping` is `BackendAuthError`."""
    for missing in ALWAYS:
        allow(server, *(rule for rule in ALWAYS if rule != missing))
        with open_store(url(server)) as store, pytest.raises(BackendAuthError):
            store.ping()
    allow(server, *ALWAYS)
    with open_store(url(server, "/0?prefix=other")) as store, pytest.raises(BackendAuthError):
        store.ping()
    with redis.Redis(port=server.port) as client:
        assert client.dbsize() == 0


def test_the_rules_of_walks_and_options(server: Server) -> None:
    """What some calls and options alone need is missed by these alone."""
    allow(server, *ALWAYS)
    with open_store(url(server)) as store:
        store.ping()
        for call in (store.scan, store.purge_expired):
            with pytest.raises(BackendAuthError):
                call()
    for rest, missing in (
        ("/1", "+select"),
        ("/0?client_name=x", "+client|setname"),
    ):
        assert missing in OPTIONS
        allow(server, *ALWAYS, *(rule for rule in OPTIONS if rule != missing))
        with open_store(url(server, rest)) as store, pytest.raises(BackendAuthError):
            store.ping()


def test_a_caches_rules(server: Server) -> None:
    """A cache works with its own row of rules, and with none of them left out."""

    def use(cache: RedisSessionCache) -> None:
        snapshot = Snapshot("id a", 1, b"")
        cache.put({"a": snapshot}, asked_at=time.monotonic(), lapse=9, wrote=True)
        cache.put({"a": Snapshot("id b", 1, b"")}, asked_at=time.monotonic(), lapse=9, wrote=True)
        cache.put({"b": snapshot, "c": snapshot}, asked_at=time.monotonic(), lapse=9, wrote=True)
        cache.mark("d", Marker("id a", 1), lapse=9)
        cache.bury(["e"], lapse=9)
        cache.get(["a"])
        cache.get(["a", "b"])

    rules = CACHE
    for missing in (None, *rules):
        allow(server, *(rule for rule in rules if rule != missing))
        with redis.Redis(port=server.port) as client:
            client.flushdb()
            client.script_flush()
        cache = open_cache(url(server, "/0?deadline=5"))
        if missing is None:
            use(cache)
        else:
            with pytest.raises(BackendAuthError):
                use(cache)
        cache.close()


def test_a_clusters_rules(tmp_path: Path) -> None:
    """In a cluster `CLUSTER SLOTS` is needed besides, and nothing else."""
    cluster_url()
    with running(tmp_path, ("--cluster-enabled", "yes")) as node:
        form_cluster(node)
        where = url(node, "").replace("redis://", "redis+cluster://")
        allow(node, *ALWAYS)
        with pytest.raises(BackendAuthError):
            open_store(where)
        allow(node, *ALWAYS, *WALKS, *CLUSTER)
        with open_store(where) as store:
            store.ping()
            store.create("ana")
            assert len(store.list_sessions("ana").items) == 1
            assert len(store.scan().items) == 1


@pytest.mark.parametrize("command", ["EVALSHA", "EVAL", "ZADD", "HINCRBY", "HSET", "EXPIRE"])
@pytest.mark.parametrize("name", ["", "another"])
def test_ping_misses_a_renamed_command(tmp_path: Path, command: str, name: str) -> None:
    """A server that lacks a command, or has another name for it: `ping` is `ConfigurationError`."""
    server_url()
    with (
        running(tmp_path, ("--rename-command", command, name)) as server,
        open_store(f"redis://{LOOPBACK}:{server.port}") as store,
        pytest.raises(ConfigurationError, match="lacks a command"),
    ):
        store.ping()


def test_ping_of_one_node_of_a_cluster() -> None:
    """`redis://` of one of several masters is refused by `ping`, which says what to open."""
    with RedisCluster(*address(cluster_url())) as cluster:
        masters = [(node.host, node.port) for node in cluster.get_primaries()]
    for host, port in masters:
        with (
            open_store(f"redis://{host}:{port}") as store,
            pytest.raises(ConfigurationError, match=r"redis\+cluster://"),
        ):
            store.ping()


def test_ping_of_a_replica_and_of_a_server_that_takes_no_writes(server: Server) -> None:
    """`ping` is refused where no write would be taken, and takes it back when they are again."""
    with open_store(f"redis://{LOOPBACK}:{server.port}") as store:
        store.ping()
        server.configure(min_replicas_to_write=1)
        with pytest.raises(BackendUnavailableError, match="replicas"):
            store.ping()
        server.configure(min_replicas_to_write=0)
        store.ping()
        with redis.Redis(port=server.port) as client:
            client.execute_command("REPLICAOF", LOOPBACK, 1)
            with pytest.raises(BackendUnavailableError, match="replica"):
                store.ping()
            client.execute_command("REPLICAOF", "NO", "ONE")
        store.ping()
