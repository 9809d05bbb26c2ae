"""Every part of a URL, and every argument of a constructor, with hostile values: refused at once by
an error that shows no password, or of use."""

import asyncio
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import fakeredis
import pytest
import redis
import redis.asyncio
from hypothesis import example, given, settings
from hypothesis import strategies as st
from redis.sentinel import Sentinel

from chatstore import (
    BackendUnavailableError,
    ChatStoreError,
    ConfigurationError,
    RetentionPolicy,
    utc_now,
)
from chatstore_redis import RedisSessionCache, RedisSessionStore
from chatstore_redis.cache_url import open_url as open_cache
from chatstore_redis.options import OPTIONS
from chatstore_redis.url import open_url
from redis_support.harness import server_url
from redis_support.proxy import LOOPBACK, address

SECRET = "hidden-word"  # noqa: S105  nobody's password

HOSTILE = (
    *("", " ", "-1", "0", "-0", "00", "1.5", "1e9", "1e-400", "nan", "inf", "-inf", "None", "5s"),
    *("true", "TRUE", "no", "2", "4", "99999999999999999999", "٣", "%00", "%0a", "a%20b", "%ff"),
    *("%", "%zz", "a,b", "[]", "'", '"', "none", "required", "/", "/dev/zero", "/no/such/file"),
    *(
        "%2Fdev%2Fnull",
        "x" * 5_000,
        "é",
        "optional",
        "1_0",
        "+5",
        "0x5",
        "1.",
        ".5",
        "3600",
        "3601",
    ),
)


def hides(open_it: Callable[[], Any], *secrets: str) -> None:
    """It opens, or refuses by an error of ours; neither shows any of the secrets."""
    try:
        store = open_it()
    except ConfigurationError as error:
        shown = f"{error} {error.__cause__!r}"
    else:
        shown = repr(store)
        store.close()
    for secret in (SECRET, *secrets):
        assert secret not in shown


def open_store_at(url: str) -> Any:
    return open_url(url, policy=RetentionPolicy(), clock=utc_now)


SCHEMES = ("redis", "rediss", "redis+cluster", "rediss+cluster")
OPENERS: dict[str, Callable[[str], Any]] = {"store": open_store_at, "cache": open_cache}


@pytest.mark.parametrize(
    ("opener", "scheme"),
    # A store asks a cluster for its nodes at opening.
    [("store", "redis"), ("store", "rediss"), *(("cache", each) for each in SCHEMES)],
)
@pytest.mark.parametrize("name", [*OPTIONS, "unknown", "db", "decode_responses"])
def test_an_option(opener: str, scheme: str, name: str) -> None:
    """An option whose value is not what it must be is refused at opening, and the error names it;
    one that is taken leads to no surprise at the first call."""
    for value in HOSTILE:
        url = f"{scheme}://user:{SECRET}@{LOOPBACK}:1/0?{name}={value}"
        try:
            opened = OPENERS[opener](url)
        except ConfigurationError as error:
            refusal = str(error)
            assert SECRET not in refusal
            assert name in refusal or "special characters" in refusal
            continue
        assert name in OPTIONS
        if opener == "cache":
            # Nobody listens there: whatever was taken, it got as far as connecting.
            with pytest.raises(
                BackendUnavailableError, match=r"refused|no answer within"
            ) as caught:
                opened.get(["a"])
            assert SECRET not in str(caught.value)
        opened.close()


def test_what_must_be() -> None:
    """The error says what the option must be, and what it was."""
    for name, option in OPTIONS.items():
        with pytest.raises(ConfigurationError) as caught:
            open_store_at(f"rediss://localhost?{name}=")
        assert str(caught.value) == f"{name} in the URL must be {option.must_be}, not ''"


@settings(max_examples=400, deadline=None)
@given(
    st.tuples(
        st.sampled_from(["redis", "rediss"]),
        st.one_of(st.sampled_from(["", "user", "a@b", "a%zz"]), st.text(max_size=5)),
        st.one_of(st.sampled_from(list("/?#@:%[]&= \\\n\t\0")), st.text(max_size=3)),
        st.one_of(
            st.sampled_from(
                [
                    "h",
                    "a..b",
                    "[::1",
                    "[::1]x",
                    "[zz]",
                    "::1",
                    "[fe80::1%25lo]",
                    "x" * 64,
                    ".",
                    "h.",
                ]
            ),
            st.text(max_size=6),
        ),
        st.one_of(
            st.sampled_from(["", ":", ":0", ":65536", ":x", ":-1", ":12 ", ":٣"]),
            st.text(max_size=3),
        ),
        st.one_of(
            st.sampled_from(["", "/", "/x", "/-1", "/1/2", "/99999999999"]), st.text(max_size=4)
        ),
        st.one_of(
            st.sampled_from(["", "?", "?x", "?a=b&a=c", "?prefix=a&prefix=b", "#", "?%zz=1"])
        ),
    )
)
@example(("redis", "user", "/", "localhost", "", "", ""))
@example(("redis", "user", "#", "localhost", "", "", ""))
@example(("redis", "user", "?", "localhost", "", "", ""))
@example(("redis", "", "/3", "localhost", "", "", ""))
@example(("redis", "a@b", "?socket_timeout=", "localhost", "", "", ""))
@example(("redis", "", "\ud800", "localhost", "", "", ""))
@example(("redis", "", "", "a..b", "", "", ""))
def test_a_url(parts: tuple[str, ...]) -> None:
    """Whatever stands where, and whatever is not percent-encoded in a password: no exception but
    `ConfigurationError`, and no part of the password in it."""
    scheme, user, special, host, port, path, query = parts
    before, after = f"{SECRET}-1", f"{SECRET}-2"
    url = f"{scheme}://{user}:{before}{special}{after}@{host}{port}{path}{query}"
    hides(lambda: open_store_at(url), before, after)
    hides(lambda: open_cache(url), before, after)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=30))
def test_any_text(text: str) -> None:
    """No text makes another exception than `ConfigurationError`."""
    hides(lambda: open_store_at(text))
    hides(lambda: open_store_at(f"redis://{text}"))
    hides(lambda: open_cache(f"rediss://{text}"))


@pytest.mark.parametrize("url", [None, 7, b"redis://localhost", Path("redis://localhost")])
def test_a_url_that_is_no_text(url: Any) -> None:
    """It is `ConfigurationError`, and says what it was."""
    with pytest.raises(ConfigurationError, match="must be a str"):
        open_store_at(url)


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("redis://", "redis://localhost:6379/0"),
        ("redis://:pw@h:7/3?prefix=x", "redis://h:7/3"),
        ("rediss://u:pw@[::1]", "rediss://[::1]:6379/0"),
        ("redis://u:p%40%2F%3F%23%25@h", "redis://h:6379/0"),
        ("redis://h?socket_timeout=0.5&socket_connect_timeout=.5&deadline=2", "redis://h:6379/0"),
        ("redis://bücher.example", "redis://bücher.example:6379/0"),
        ("redis://h_1?socket_keepalive=OFF&protocol=3&max_connections=7", "redis://h_1:6379/0"),
    ],
)
def test_a_good_url(url: str, place: str) -> None:
    """The store says where it is, without the password."""
    with open_store_at(url) as store:
        assert repr(store) == f"<RedisSessionStore {place}, open>"
    cache = open_cache(url)
    assert repr(cache) == f"<RedisSessionCache {place}>"


def test_what_a_url_sets() -> None:
    """Options reach the connections; a time-out that is given, and one that is not, is a bound."""
    store = open_store_at(
        "redis://u:p%2Fw@h:7/3?socket_timeout=0.5&client_name=n&deadline=3&protocol=2"
    )
    with store:
        source = store._connection.client
        assert store.deadline == 3
        assert source.options["socket_timeout"] == 0.5
        assert source.options["socket_connect_timeout"] == 2
        assert (source.options["username"], source.options["password"]) == ("u", "p/w")
        assert (source.options["db"], source.options["client_name"]) == (3, "n")


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


@settings(max_examples=200, deadline=None)
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
