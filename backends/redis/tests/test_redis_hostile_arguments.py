"""Every argument of a constructor, and every client, with hostile values: refused at once by an
error that shows no password, or of use."""

import asyncio
import re
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from unittest.mock import MagicMock

import fakeredis
import pytest
import redis
import redis.asyncio
from hypothesis import given
from hypothesis import strategies as st
from redis.sentinel import Sentinel

from chatstore import BackendUnavailableError, ChatStoreError, ConfigurationError
from chatstore_redis import RedisSessionCache, RedisSessionStore
from redis_support.harness import server_url
from redis_support.hostile import SECRET
from redis_support.proxy import address
from sweeps import sweep


class _OtherPool(redis.ConnectionPool):
    def __init__(self) -> None:
        super().__init__(host="localhost")


async def _asyncio_client() -> Any:
    return redis.asyncio.Redis()


def sentinel() -> Any:
    make: Any = Sentinel
    return make([("localhost", 1)])


WRONG_CLASS: Any = dict

BAD_CLIENTS: dict[str, Callable[[], object]] = {
    "None": lambda: None,
    "a URL": lambda: f"redis://:{SECRET}@localhost",
    "bytes": lambda: b"redis://localhost",
    "an int": lambda: 7,
    "a class": lambda: redis.Redis,
    "asyncio's": lambda: asyncio.run(_asyncio_client()),
    "asyncio's pool": lambda: redis.asyncio.ConnectionPool(),
    "fakeredis for asyncio": lambda: fakeredis.FakeAsyncRedis(),
    "a pool": lambda: redis.ConnectionPool(),
    "a connection": lambda: redis.Connection(),  # type: ignore[no-untyped-call]  # redis-py's
    "a pipeline": lambda: redis.Redis().pipeline(),
    "Sentinel": sentinel,
    "Sentinel's replicas": lambda: sentinel().slave_for("mymaster"),
    "a mock": lambda: MagicMock(spec=redis.Redis),
    "an unknown mock": MagicMock,
    "another pool": lambda: redis.Redis(connection_pool=_OtherPool()),
    "a wrong connection class": lambda: redis.Redis(
        connection_pool=redis.ConnectionPool(connection_class=WRONG_CLASS)
    ),
}


@pytest.mark.parametrize("kind", [RedisSessionStore, RedisSessionCache])
@pytest.mark.parametrize("name", BAD_CLIENTS)
def test_what_is_no_client(kind: Callable[..., object], name: str) -> None:
    """Anything but a client of redis-py's that waits is refused at once, and the error says what to
    give."""
    with pytest.raises(ConfigurationError) as caught:
        kind(BAD_CLIENTS[name]())
    assert re.search(
        "redis.Redis|redis.ConnectionPool|redis.Connection|master_for", str(caught.value)
    )
    assert SECRET not in str(caught.value)


hostile_objects = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.binary(max_size=5),
    st.lists(st.integers(), max_size=2),
    st.just(object()),
)


@sweep(200)
@given(
    st.sampled_from(["prefix", "deadline"]),
    hostile_objects,
    st.sampled_from([RedisSessionStore, RedisSessionCache]),
)
def test_an_argument(name: str, value: object, kind: Callable[..., Any]) -> None:
    """Any value of an argument is refused at once by an error of ours, or of use."""
    server = fakeredis.FakeServer()
    client = fakeredis.FakeRedis(server=server)
    try:
        made = kind(client, **{name: value})
    except ChatStoreError as error:
        refusal = str(error)
        assert name in refusal
    else:
        # A deadline may be too short for anything, and then says so.
        with suppress(BackendUnavailableError):
            made.ping() if kind is RedisSessionStore else made.get(["a"])
    assert client.dbsize() == 0


OPTIONS_OF_CLIENTS: dict[str, Any] = {
    "socket_timeout": (-1, 0, "x", float("nan"), 1e300, None, [], True),
    "socket_connect_timeout": (-1, "x", float("nan"), 1e300, None, []),
    "socket_read_size": (-1, 0, "x"),
    "encoding": ("utf-16", "no such", None),
    "health_check_interval": (-1, 1),
    "client_name": ("a b", "x" * 300, 7),
    "username": ("nobody", 7),
    "password": (SECRET, 7, "\ud800"),
    "protocol": (1, 2, 3, 4, "x"),
    "host": ("a..b", "", "\0", "x" * 300, "\ud800", 7),
    "port": (0, -1, 70_000),
    "db": (-1, 10**6, "x"),
    "retry": (7, "x"),
    "max_connections": (1,),
    "decode_responses": (True,),
    "socket_keepalive_options": ({-1: -1}, {}),
    "ssl": (True,),
    "unix_socket_path": ("/no/such", "\0", "x" * 300),
}


@pytest.mark.parametrize(
    ("name", "value"),
    [(name, value) for name, values in OPTIONS_OF_CLIENTS.items() for value in values],
)
def test_what_a_client_was_made_with(name: str, value: object) -> None:
    """Whatever a client was made with: its store works, or refuses with an error of ours that shows
    no password, when it is made or when it connects."""
    host, port = address(server_url())
    options: dict[str, Any] = {"host": host, "port": port, name: value}
    try:
        client = redis.Redis(**options)
    except Exception:  # noqa: BLE001  redis-py refused it by itself
        return
    for make in (
        lambda: RedisSessionStore(client, prefix="hostile", deadline=3).ping(),
        lambda: RedisSessionCache(client, prefix="hostile", deadline=3).get(["a"]),
    ):
        try:
            make()
        except ChatStoreError as error:
            refusal = str(error)
            assert SECRET not in refusal
