"""Stores from URLs."""

import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
import redis

from chatstore import (
    BackendAuthError,
    BackendUnavailableError,
    ConfigurationError,
    RetentionPolicy,
    SessionNotFoundError,
    open_store,
)
from loopback import LOOPBACK
from redis_support.harness import cluster_url, server_url
from redis_support.proxy import address
from redis_support.servers import running
from redis_support.watching import are_closed, connections


def test_open_store_opens_a_server() -> None:
    """`redis://` gives a store with the policy, under the prefix, that closes its own client."""
    policy = RetentionPolicy(max_messages=3)
    with open_store(f"{server_url()}?prefix=one&socket_timeout=2", policy=policy) as one:
        assert one.policy == policy
        one.ping()
        one.delete_user("ana")
        session = one.create("ana")
        with open_store(f"{server_url()}?prefix=two") as two:
            assert two.get_many([session.session_id]) == []
        assert one.delete_user("ana") == 1
    with pytest.raises(ConfigurationError, match="closed"):
        one.ping()


@pytest.mark.parametrize("deployment", [server_url, cluster_url])
def test_an_opened_store_closes_its_client(deployment: Callable[[], str]) -> None:
    """`close` leaves no connection behind."""
    url, name = deployment(), f"closing-{uuid.uuid4()}"
    with open_store(f"{url}?client_name={name}") as store:
        store.get_many(list("abcdefgh"))
        assert connections(url, name) != set()
    assert are_closed(url, name)


def test_open_store_opens_a_cluster() -> None:
    """`redis+cluster://` names any one node of a cluster."""
    with open_store(f"{cluster_url()}?prefix=one") as store:
        store.ping()
        ids = [store.create("ana").session_id for _ in range(10)]
        assert len(store.get_many(ids)) == 10
        assert store.delete_user("ana") == 10


def test_a_database_is_chosen_by_number() -> None:
    """`/1` is another database than `/0`."""
    host, port = address(server_url())
    with (
        open_store(f"redis://{host}:{port}/1?prefix=numbered") as one,
        open_store(f"redis://{host}:{port}/0?prefix=numbered") as zero,
    ):
        session = one.create("ana")
        with pytest.raises(SessionNotFoundError):
            zero.get(session.session_id)
        assert one.delete_user("ana") == 1


@pytest.mark.parametrize(
    "url",
    [
        "redis://localhost?unknown=1",
        "redis://localhost?decode_responses=yes",
        "redis://localhost/name",
        "redis://localhost/1/2",
        "redis://localhost:port",
        "redis://localhost:99999",
        "redis://[::1",
        "redis://localhost?socket_timeout=soon",
        "redis://localhost?prefix=",
        "redis+cluster://localhost/1",
        "redis+cluster://localhost:port",
        "redis+cluster://localhost?max_connections=many",
    ],
)
def test_a_bad_url_is_refused(url: str) -> None:
    """A URL that can't be read is `ConfigurationError`, which shows no password."""
    with pytest.raises(ConfigurationError) as caught:
        open_store(url.replace("://", "://user:hidden-word@"))
    assert "hidden-word" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_no_server_there() -> None:
    """A server that is not there shows at the first call; a cluster's at opening."""
    with open_store(f"redis://:hidden-word@{LOOPBACK}:1") as store:
        with pytest.raises(BackendUnavailableError) as caught:
            store.ping()
        assert "hidden-word" not in str(caught.value)
    with pytest.raises(BackendUnavailableError) as caught:
        open_store(f"redis+cluster://:hidden-word@{LOOPBACK}:1")
    assert "hidden-word" not in str(caught.value)


def test_a_server_is_no_cluster() -> None:
    """`redis+cluster://` of a plain server says what to open instead."""
    with pytest.raises(ConfigurationError, match="redis://"):
        open_store(server_url().replace("redis://", "redis+cluster://").removesuffix("/0"))


def test_passwords_are_decoded(tmp_path: Path) -> None:
    """User and password come from the URL, percent-encoded; a wrong one is `BackendAuthError`."""
    server_url()
    with running(tmp_path) as server:
        with redis.Redis(port=server.port) as client:
            client.acl_setuser(
                "chat:user", enabled=True, passwords=["+p@ss/w:rd"], commands=["+@all"], keys=["*"]
            )
            client.acl_setuser("default", enabled=False)
        where = f"{LOOPBACK}:{server.port}"
        with open_store(f"redis://chat%3Auser:p%40ss%2Fw%3Ard@{where}") as store:
            store.ping()
        with (
            open_store(f"redis://chat%3Auser:wrong@{where}") as store,
            pytest.raises(BackendAuthError),
        ):
            store.ping()
