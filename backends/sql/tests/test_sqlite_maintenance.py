"""Erasing in steps, and a store that is closed in the middle of a call."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from chatstore import ConfigurationError, ManualClock, RetentionPolicy, open_store
from chatstore_sql import SQLSessionStore, create_sqlite_engine

HOUR = RetentionPolicy(ttl=timedelta(hours=1))


@pytest.mark.parametrize("sessions", [1, 2, 3, 4, 5])
def test_a_user_is_erased_in_steps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sessions: int
) -> None:
    """`delete_user` removes and counts all, however many more they are than one step erases, and
    none of another user's."""
    monkeypatch.setattr("chatstore_sql.erasing.SESSIONS", 2)
    with open_store(f"sqlite:///{tmp_path}/chat.db") as store:
        kept = store.create("ben")
        for _ in range(sessions):
            store.create("ana")
        assert store.delete_user("ana") == sessions
        assert store.scan().items == [kept]


@pytest.mark.parametrize("expired", [1, 2, 3, 4, 5])
def test_the_expired_are_purged_in_steps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expired: int
) -> None:
    """`purge_expired` removes and counts all, likewise, and nothing that lives."""
    monkeypatch.setattr("chatstore_sql.erasing.SESSIONS", 2)
    clock = ManualClock()
    with open_store(f"sqlite:///{tmp_path}/chat.db", policy=HOUR, clock=clock) as store:
        for number in range(expired):
            store.create("ana", session_id=f"{number} expired")
        clock.advance(timedelta(hours=2))
        kept = [store.create("ana", session_id=f"{number} kept") for number in range(3)]
        assert store.purge_expired() == expired
        assert store.scan().items == kept
        assert store.purge_expired() == 0


@pytest.mark.parametrize("path", ["chat.db", ":memory:"])
def test_a_store_that_is_closed_during_a_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    """A call that finds its store closed by another thread takes no connection any more, which
    nobody would give back: it is a `ConfigurationError`."""
    monkeypatch.chdir(tmp_path)
    engine = create_sqlite_engine(path)
    clock = ManualClock()

    def closing_clock() -> datetime:
        # A call has begun when it asks for the time.
        store.close()
        return clock()

    store = SQLSessionStore(engine, clock=closing_clock)
    with pytest.raises(ConfigurationError, match="store is closed"):
        store.create("ana")
    with SQLSessionStore(engine) as other:
        assert other.scan().items == []
    assert "Connections in pool: 1" in engine.pool.status() or path == ":memory:"
    engine.dispose()
