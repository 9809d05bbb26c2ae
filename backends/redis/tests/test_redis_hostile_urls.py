"""Every part of a URL with hostile values: refused at once by an error that shows no password, or
of use."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chatstore import BackendUnavailableError, ConfigurationError, RetentionPolicy, utc_now
from chatstore_redis.cache_url import open_url as open_cache
from chatstore_redis.url import open_url
from chatstore_redis.url_options import OPTIONS
from loopback import LOOPBACK
from redis_support.hostile import HOSTILE, SECRET, hides
from sweeps import sweep


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


NEVER = {
    "client_name": ("a%20b", "é"),
    "health_check_interval": ("-1", "x", "1e9"),
    "max_connections": ("-1", "0", "1.5"),
    "protocol": ("4", "1", "3.0"),
    "socket_connect_timeout": ("-1", "0", "nan", "1e300"),
    "socket_keepalive": ("maybe", "2"),
    "socket_timeout": ("", "-1", "0", "nan", "inf", "5s"),
    "ssl_cert_reqs": ("", "some"),
    "ssl_check_hostname": ("maybe",),
}
"""What these options can't be: each would fail the first call, or never let it end."""


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in NEVER.items() for value in values]
)
def test_what_an_option_never_is(name: str, value: str) -> None:
    """It is refused at opening, of a store and of a cache, and the error names the option."""
    for open_it in OPENERS.values():
        with pytest.raises(ConfigurationError, match=name):
            open_it(f"rediss://{LOOPBACK}:1/0?{name}={value}")


@pytest.mark.parametrize("name", [name for name, option in OPTIONS.items() if option.with_tls])
def test_tls_where_there_is_none(name: str) -> None:
    """An option of TLS is refused where the URL asks for no TLS."""
    for open_it in OPENERS.values():
        with pytest.raises(ConfigurationError, match=name):
            open_it(f"redis://{LOOPBACK}:1/0?{name}=none")


@pytest.mark.parametrize("host", ["a..b", ".", "x" * 64, "[zz]"])
def test_what_is_no_host(host: str) -> None:
    """A name that no server can have is refused at opening, not when it is looked up."""
    for open_it in OPENERS.values():
        with pytest.raises(ConfigurationError):
            open_it(f"redis://{host}")


@sweep(400)
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


@sweep(200)
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
        source = store.engine.deployment.client
        assert store.deadline == 3
        assert source.options["socket_timeout"] == 0.5
        assert source.options["socket_connect_timeout"] == 2
        assert (source.options["username"], source.options["password"]) == ("u", "p/w")
        assert (source.options["db"], source.options["client_name"]) == (3, "n")
