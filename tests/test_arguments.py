"""What a store is opened with is checked once, at opening, and the error says what to give."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from chatstore import (
    CachedSessionStore,
    ChatStoreError,
    ConfigurationError,
    InvalidInputError,
    MemorySessionCache,
    MemorySessionStore,
    RetentionPolicy,
    open_store,
)


class Text(str):
    """Somebody's own str, which shows itself in another way."""

    def __str__(self) -> str:
        return "else"


async def awaited() -> datetime:
    return datetime.now(UTC)


def failing() -> datetime:
    raise OSError("no clock")


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("URL", "CACHE_URL", "MAX_STALENESS_SECONDS", "MAX_MESSAGES"):
        monkeypatch.delenv(f"CHATSTORE_{name}", raising=False)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        (Path("/var/chat.db"), "sqlite:////var/chat.db"),
        (Path("chat.db"), "sqlite:///chat.db"),
        (b"memory://", "not bytes"),
        (7, "not an int"),
        (False, "not a bool"),
        (MemorySessionStore(), "not a MemorySessionStore"),
        (Text(""), "CHATSTORE_URL"),
        ("", "CHATSTORE_URL"),
    ],
    ids=repr,
)
def test_what_is_no_url_is_refused(url: Any, words: str) -> None:
    """A path, bytes or any other object is `ConfigurationError`, which says what to write."""
    with pytest.raises(ConfigurationError) as raised:
        open_store(url)
    assert words in str(raised.value)


@pytest.mark.parametrize(
    "cache", [Path("x"), b"memory://", 1, True, MemorySessionCache()], ids=repr
)
def test_what_is_no_url_of_a_cache_is_refused(cache: Any) -> None:
    """So is it for a cache, and a finished one is sent where it belongs."""
    with pytest.raises(ConfigurationError, match="cache must be a URL in a str"):
        open_store("memory://", cache=cache)


def test_a_str_of_ones_own_is_a_url() -> None:
    """A subclass of str is the text that it is, whatever it shows."""
    with open_store(Text("memory://"), cache=Text("memory://")) as store:
        assert store.stats().hits == 0


@pytest.mark.parametrize(
    "seconds", [True, False, "60", b"1", float("nan"), float("inf"), -1, 0, 86_401, 10**400, [], 1j]
)
@pytest.mark.parametrize("cache", ["memory://", ""])
def test_a_staleness_that_is_none_is_refused(seconds: Any, cache: str) -> None:
    """A staleness is a number of seconds, and is checked with a cache and without."""
    with pytest.raises(InvalidInputError, match="max_staleness must be a number of seconds"):
        open_store("memory://", cache=cache, max_staleness=seconds)
    with pytest.raises(InvalidInputError, match="max_staleness"):
        CachedSessionStore(MemorySessionStore(), MemorySessionCache(), max_staleness=seconds)


@pytest.mark.parametrize("policy", [RetentionPolicy, 7, 0, "", False, {}, "ten"], ids=repr)
@pytest.mark.parametrize("cache", ["memory://", ""])
def test_a_policy_that_is_none_is_refused(policy: Any, cache: str) -> None:
    """A policy is a `RetentionPolicy`: neither its class nor anything that is false."""
    with pytest.raises(ConfigurationError, match="policy must be a RetentionPolicy"):
        open_store("memory://", cache=cache, policy=policy)


@pytest.mark.parametrize(
    "clock",
    [
        *(None, 7, "now", datetime, datetime.now(UTC), type("Mine", (), {})),
        *(awaited, lambda: awaited(), failing, lambda: None, lambda: 7, datetime.now),
        lambda _: datetime.now(UTC),
    ],
)
@pytest.mark.parametrize("cache", ["memory://", ""])
def test_a_clock_that_is_none_is_refused(clock: Any, cache: str) -> None:
    """A clock is a function that returns a timezone-aware datetime: it is read once at opening."""
    with pytest.raises((ConfigurationError, InvalidInputError), match="clock"):
        open_store("memory://", cache=cache, clock=clock)


@pytest.mark.parametrize(
    "make",
    [
        lambda: CachedSessionStore(MemorySessionStore, MemorySessionCache()),  # type: ignore[arg-type]
        lambda: CachedSessionStore("memory://", MemorySessionCache()),  # type: ignore[arg-type]
        lambda: CachedSessionStore(MemorySessionStore(), MemorySessionCache),  # type: ignore[arg-type]
        lambda: CachedSessionStore(MemorySessionStore(), "memory://"),  # type: ignore[arg-type]
        lambda: CachedSessionStore(MemorySessionStore(), {}),  # type: ignore[arg-type]
        lambda: CachedSessionStore(MemorySessionStore(), None),  # type: ignore[arg-type]
    ],
)
def test_a_cached_store_is_made_of_a_store_and_a_cache(make: Callable[[], object]) -> None:
    """Anything else is refused when it is made, and not swallowed with the cache's failures."""
    with pytest.raises(ConfigurationError, match="must be a synchronous"):
        make()


def test_errors_of_odd_urls_can_be_printed() -> None:
    """Whatever a scheme is made of, the error is one of ours and can be written anywhere."""
    for url in ("\ud800://", "\x00://", "\n://x", "é://", "://", "x" * 5_000 + "://"):
        with pytest.raises(ChatStoreError) as raised:
            open_store(url)
        str(raised.value).encode("utf-8")
