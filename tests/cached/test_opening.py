"""open_store with a cache: by argument, by environment, on the command line."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from chatstore import CachedSessionStore, ConfigurationError, InvalidInputError, open_store
from chatstore.cli.application import application
from chatstore.memory import MemorySessionStore


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("URL", "CACHE_URL", "MAX_STALENESS_SECONDS"):
        monkeypatch.delenv(f"CHATSTORE_{name}", raising=False)


def test_a_cache_by_url() -> None:
    """`cache=` puts a cache in front, whose second read is a hit."""
    with open_store("memory://", cache="memory://", max_staleness=10) as store:
        assert isinstance(store, CachedSessionStore)
        session = store.create("ana")
        assert store.get(session.session_id) == session
        assert store.stats().hits == 1


def test_a_cache_by_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """CHATSTORE_CACHE_URL and its sibling give what the caller does not; "" is no cache."""
    monkeypatch.setenv("CHATSTORE_CACHE_URL", "memory://")
    monkeypatch.setenv("CHATSTORE_MAX_STALENESS_SECONDS", "2.5")
    assert isinstance(open_store("memory://"), CachedSessionStore)
    assert isinstance(open_store("memory://", cache=""), MemorySessionStore)


@pytest.mark.parametrize("seconds", ["soon", "0", "-1", "nan", "86401"])
def test_a_bad_staleness_is_named(monkeypatch: pytest.MonkeyPatch, seconds: str) -> None:
    """A staleness that is no number of seconds up to a day names its variable."""
    monkeypatch.setenv("CHATSTORE_MAX_STALENESS_SECONDS", seconds)
    with pytest.raises(ConfigurationError, match="CHATSTORE_MAX_STALENESS_SECONDS"):
        open_store("memory://", cache="memory://")


def test_a_bad_argument_is_refused() -> None:
    """An unknown scheme is `ConfigurationError`, a staleness out of range `InvalidInputError`."""
    with pytest.raises(ConfigurationError, match="no cache for mongodb://; installed are: memory"):
        open_store("memory://", cache="mongodb://host")
    with pytest.raises(InvalidInputError, match="max_staleness"):
        open_store("memory://", cache="memory://", max_staleness=0)


def test_a_cache_in_memory_has_no_other_url() -> None:
    """Whoever names a place for a cache in memory is told that there is none."""
    with pytest.raises(ConfigurationError, match="memory:// alone"):
        open_store("memory://", cache="memory://elsewhere")


def test_closing_closes_both() -> None:
    """A store that was opened by URLs owns its primary; after `close` calls are refused."""
    store = open_store("memory://", cache="memory://")
    assert isinstance(store, CachedSessionStore)
    store.close()
    for closed in (store, store.primary):
        with pytest.raises(ConfigurationError):
            closed.get("any")


def test_a_cache_that_is_down_is_no_error(tmp_path: Path) -> None:
    """Redis that is not there costs nothing but a note: SQLite answers."""
    url = f"sqlite:///{tmp_path / 'chat.db'}"
    with open_store(url, cache="redis://127.0.0.1:1") as store:
        session = store.create("ana")
        assert store.get(session.session_id) == session
        assert isinstance(store, CachedSessionStore)
        assert store.stats().errors > 0


def test_a_cache_on_the_command_line(tmp_path: Path) -> None:
    """Every command takes --cache."""
    url = f"sqlite:///{tmp_path / 'chat.db'}"
    made = CliRunner().invoke(
        application, ["sessions", "new", "ana", "--url", url, "--cache", "memory://"]
    )
    assert made.exit_code == 0
    refused = CliRunner().invoke(application, ["ping", "--url", url, "--cache", "mongodb://"])
    assert refused.exit_code == 5
    assert "no cache for mongodb" in refused.stderr
