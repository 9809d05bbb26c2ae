"""What is written and erased in chunks: with chunks of four messages."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

import legs
from chatstore import (
    ManualClock,
    Message,
    RetentionPolicy,
    SessionExistsError,
    SessionNotFoundError,
)
from chatstore_sql import chunks
from chatstore_sql.postgresql import erasing, function_texts, restoring
from chatstore_sql.postgresql.harness import PostgreSQLHarness
from chatstore_sql.postgresql.store import PostgreSQLSessionStore
from postgresql_support import own_schema

KEPT = RetentionPolicy(max_messages=3, keep_history=True, ttl=timedelta(days=1))


def say(number: int) -> Message:
    return Message(type="user", content=str(number))


@pytest.fixture
def harness(monkeypatch: pytest.MonkeyPatch) -> Iterator[PostgreSQLHarness]:
    for module in (function_texts, erasing, restoring, chunks):
        monkeypatch.setattr(module, "CHUNK", 4)
    harness = own_schema()
    yield harness
    harness.close()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def store(harness: PostgreSQLHarness, clock: ManualClock) -> PostgreSQLSessionStore:
    return harness.open(policy=KEPT, clock=clock)


def left(harness: PostgreSQLHarness) -> tuple[int, int]:
    """How many messages, and how many lives that are no session's, are stored."""
    ((messages, lives),) = harness.run(
        f"SELECT (SELECT count(*) FROM {harness.schema}.chat_messages), "  # noqa: S608  its own
        f"(SELECT count(*) FROM {harness.schema}.chat_leftovers)"
    )
    return int(messages), int(lives)


def contents(store: PostgreSQLSessionStore, session_id: str = "s") -> list[str]:
    return [str(each.content) for each in store.iter_messages(session_id, newest_first=False)]


@legs.on("postgresql")
class TestChunks:
    """A history is longer than a chunk."""

    def test_a_deleted_history_leaves_nothing(
        self, harness: PostgreSQLHarness, store: PostgreSQLSessionStore
    ) -> None:
        """`delete` and `delete_user` leave nothing stored, however much it was."""
        for _ in range(2):
            store.create("ana", session_id="s", messages=[say(number) for number in range(11)])
            assert store.delete("s")
            assert left(harness) == (0, 0)
        for number in range(6):
            store.create("ana", session_id=str(number), messages=[say(each) for each in range(9)])
        assert store.delete_user("ana") == 6
        assert left(harness) == (0, 0)

    def test_a_purge_leaves_nothing(
        self, harness: PostgreSQLHarness, store: PostgreSQLSessionStore, clock: ManualClock
    ) -> None:
        """`purge_expired` walks all sessions, takes the expired ones, and leaves nothing of
        them."""
        for number in range(11):
            store.create("ana", session_id=str(number), messages=[say(each) for each in range(6)])
            clock.advance(timedelta(hours=3))
        clock.advance(timedelta(hours=9))
        assert store.purge_expired() == 7
        assert left(harness) == (4 * 6, 0)
        assert len(store.list_sessions("ana").items) == 4

    def test_a_whole_rewrite_begins_anew(
        self, harness: PostgreSQLHarness, store: PostgreSQLSessionStore
    ) -> None:
        """All that was kept is replaced, and erased; positions begin at 0 again."""
        store.create("ana", session_id="s", messages=[say(number) for number in range(11)])
        session = store.rewrite("s", [say(20), say(21)], if_version=1, whole=True)
        assert (session.message_count, contents(store)) == (2, ["20", "21"])
        assert left(harness) == (2, 0)
        store.append("s", say(22))
        assert contents(store) == ["20", "21", "22"]

    def test_what_is_replaced_is_erased(
        self, harness: PostgreSQLHarness, store: PostgreSQLSessionStore, clock: ManualClock
    ) -> None:
        """`create` over an expired id shows, and leaves, nothing of the old life."""
        store.create("ana", session_id="s", messages=[say(number) for number in range(11)])
        clock.advance(timedelta(days=2))
        store.create("ben", session_id="s", messages=[say(30)])
        assert contents(store) == ["30"]
        assert left(harness) == (1, 0)

    def test_a_history_is_restored_in_chunks(
        self, harness: PostgreSQLHarness, store: PostgreSQLSessionStore
    ) -> None:
        """A copy has every message at its position; one over a live session is refused, or
        replaces all of it, as asked."""
        store.create("ana", session_id="s", messages=[say(number) for number in range(14)])
        session, before = store.get("s"), list(store.iter_messages("s", newest_first=False))[:-3]
        assert len(session.messages) == 3
        with pytest.raises(SessionExistsError):
            store.restore(session, history=before)
        store.append("s", say(99))
        store.restore(session, history=iter(before), overwrite=True)
        assert contents(store) == [str(number) for number in range(14)]
        assert store.get("s") == session
        assert left(harness) == (14, 0)

    def test_a_history_that_fails_leaves_nothing(
        self, harness: PostgreSQLHarness, store: PostgreSQLSessionStore
    ) -> None:
        """What the caller's iterator raises leaves nothing to be seen or stored; what a killed
        process left, a purge erases a day later."""
        store.create("ana", session_id="s", messages=[say(number) for number in range(14)])
        session, before = store.get("s"), list(store.iter_messages("s", newest_first=False))[:-3]
        store.delete("s")

        def failing() -> Iterator[Message]:
            yield from before[:9]
            raise SessionNotFoundError("the source")

        with pytest.raises(SessionNotFoundError):
            store.restore(session, history=failing())
        with pytest.raises(SessionNotFoundError):
            store.get("s")
        assert left(harness) == (0, 0)

    def test_a_killed_restore_is_purged(
        self,
        harness: PostgreSQLHarness,
        store: PostgreSQLSessionStore,
        clock: ManualClock,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """What a process that died had written is no session, and goes a day later."""
        store.create("ana", session_id="s", messages=[say(number) for number in range(14)])
        session, before = store.get("s"), list(store.iter_messages("s", newest_first=False))[:-3]
        store.delete("s")

        class DeadError(BaseException):
            pass

        def dying() -> Iterator[Message]:
            yield from before
            raise DeadError

        with monkeypatch.context() as killed:
            killed.setattr(restoring, "abandon", lambda *_: None)
            with pytest.raises(DeadError):
                store.restore(session, history=dying())
        assert left(harness) == (8, 1)
        assert store.purge_expired() == 0
        assert left(harness) == (8, 1)
        clock.advance(timedelta(days=1, seconds=1))
        assert store.purge_expired() == 0
        assert left(harness) == (0, 0)
