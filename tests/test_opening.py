"""open_store: schemes, the environment, and errors that say what to do."""

from datetime import timedelta
from importlib.metadata import EntryPoint, entry_points, metadata

import pytest

from chatstore import (
    ConfigurationError,
    ManualClock,
    MemorySessionStore,
    RetentionPolicy,
    open_store,
)
from chatstore.opening import CACHE_ENTRY_POINT_GROUP, ENTRY_POINT_GROUP, _missing, _opener
from chatstore.runtime.distribution import EXTRAS, NAME


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the person who runs the tests takes part in them."""
    for name in ("URL", "MAX_MESSAGES", "TTL_SECONDS", "RENEW_ON_WRITE", "MAX_MESSAGE_BYTES"):
        monkeypatch.delenv(f"CHATSTORE_{name}", raising=False)


def test_a_url_opens_its_backend() -> None:
    """The scheme names the backend; policy and clock are the caller's."""
    policy, clock = RetentionPolicy(max_messages=3), ManualClock()
    with open_store("memory://", policy=policy, clock=clock) as store:
        assert isinstance(store, MemorySessionStore)
        assert store.policy == policy
        assert store.create("ana").created_at == clock.now


def test_each_memory_is_a_fresh_one() -> None:
    """`memory://` opens a store of its own each time."""
    first, second = open_store("memory://"), open_store("memory://")
    first.create("ana", session_id="one")
    assert second.get_many(["one"]) == []


def test_the_environment_gives_what_the_caller_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """`open_store()` reads CHATSTORE_URL and its siblings."""
    monkeypatch.setenv("CHATSTORE_URL", "memory://")
    monkeypatch.setenv("CHATSTORE_MAX_MESSAGES", "none")
    monkeypatch.setenv("CHATSTORE_TTL_SECONDS", "3600")
    monkeypatch.setenv("CHATSTORE_RENEW_ON_WRITE", "False")
    monkeypatch.setenv("CHATSTORE_MAX_MESSAGE_BYTES", "1000")
    monkeypatch.setenv("CHATSTORE_MAX_WINDOW_BYTES", "")
    with open_store() as store:
        assert store.policy == RetentionPolicy(
            max_messages=None,
            ttl=timedelta(hours=1),
            renew_on_write=False,
            max_message_bytes=1000,
        )
    with open_store(policy=RetentionPolicy()) as store:
        assert store.policy == RetentionPolicy()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CHATSTORE_MAX_MESSAGES", "many"),
        ("CHATSTORE_MAX_MESSAGES", "0"),
        ("CHATSTORE_TTL_SECONDS", "-1"),
        ("CHATSTORE_TTL_SECONDS", "9" * 40),
        ("CHATSTORE_RENEW_ON_WRITE", "perhaps"),
        ("CHATSTORE_MAX_WINDOW_BYTES", "1000000"),
    ],
)
def test_a_bad_setting_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    """A setting that can't be used is `ConfigurationError` with the variable's name."""
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError, match=name):
        open_store("memory://")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        (None, "CHATSTORE_URL"),
        ("", "CHATSTORE_URL"),
        ("chat.db", "scheme"),
        ("mongodb://host", "memory"),
        ("memory://name", "alone"),
    ],
)
def test_a_bad_url_says_what_to_do(url: str | None, words: str) -> None:
    """A missing or bad URL and an unknown scheme are `ConfigurationError`."""
    with pytest.raises(ConfigurationError, match=words):
        open_store(url)


def test_a_url_in_an_error_shows_no_password() -> None:
    """Messages carry no credentials."""
    with pytest.raises(ConfigurationError) as raised:
        open_store("mongodb://user:secret@host/db")
    assert "secret" not in str(raised.value)


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A backend whose driver is absent says which extra to install."""
    absent = EntryPoint("redis+cluster", "redis.no_such_module:open_url", "chatstore.backends")
    monkeypatch.setattr("chatstore.opening.entry_points", lambda **_: [absent])
    with pytest.raises(ConfigurationError, match=r"pip install 'chatstore-sessions\[redis\]'"):
        _opener("redis+cluster")


class Theirs:
    """A distribution of somebody else's."""

    name = "their-backend"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("no_such_module:open_url", "needs the module no_such_module.*comes with their-backend"),
        ("chatstore.memory:no_such_name", "chatstore.memory:no_such_name of their-backend fails"),
        ("chatstore.memory:__doc__", "of their-backend is no function"),
    ],
)
def test_another_authors_scheme_names_what_brings_it(
    monkeypatch: pytest.MonkeyPatch, value: str, words: str
) -> None:
    """A scheme that can't be loaded names the distribution that it comes with, and no extra of ours
    that does not exist."""
    theirs = EntryPoint("theirs", value, "chatstore.backends")
    vars(theirs).update(dist=Theirs())
    monkeypatch.setattr("chatstore.opening.entry_points", lambda **_: [theirs])
    with pytest.raises(ConfigurationError, match=words) as raised:
        open_store("theirs://host")
    assert "[theirs]" not in str(raised.value)


def test_every_scheme_of_ours_has_an_extra_that_exists() -> None:
    """Whatever module is missing behind one of our schemes, the extra that is named is one of the
    distribution's."""
    extras = set(metadata(NAME).get_all("Provides-Extra") or [])
    assert set(EXTRAS.values()) <= extras
    for group in (ENTRY_POINT_GROUP, CACHE_ENTRY_POINT_GROUP):
        for entry_point in entry_points(group=group):
            absent = ModuleNotFoundError(name="redis.asyncio")
            assert "chatstore-sessions[redis]" in _missing(entry_point, absent)
