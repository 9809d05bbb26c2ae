"""What operators do: ping, erase a user, purge, scan and restore."""

from datetime import UTC, datetime, timedelta
from typing import Any

from chatstore import (
    InvalidInputError,
    MaintainedSessionStore,
    ManualClock,
    Message,
    MessageTooLargeError,
    RetentionPolicy,
    Session,
    SessionExistsError,
)
from chatstore_contract_tests.behaviour import (
    START,
    Behaviour,
    batch,
    contents,
    is_gone,
    message,
    raises_itself,
    refused,
    unchanged,
)
from chatstore_contract_tests.cases import every_case
from chatstore_contract_tests.harness import Harness

HOUR = RetentionPolicy(ttl=timedelta(hours=1))


def kept_session(**changes: Any) -> Session:
    """A record with a history, as a backup would hold it."""
    fields: dict[str, Any] = {
        "session_id": "kept",
        "user_id": "ana",
        "created_at": datetime(2025, 1, 2, 3, 4, 5, 6, tzinfo=UTC),
        "updated_at": datetime(2025, 2, 2, 3, 4, 5, 6, tzinfo=UTC),
        "ttl": 1_900_000_000,
        "messages": batch(3),
        "user_preferences": {"a": [1, None]},
        "metadata": {"b": {"c": 0.5}},
        "message_count": 77,
        "session_status": "archived",
        "version": 41,
        "creation_id": "the-first-life",
        "channel": "mobile",
        "nothing": None,
    }
    return Session(**{**fields, **changes})


def scanned(store: MaintainedSessionStore, limit: int) -> list[Session]:
    """All sessions that a scan shows."""
    found: list[Session] = []
    cursor = None
    for _ in range(1_000):
        page = store.scan(limit=limit, cursor=cursor)
        assert len(page.items) <= limit
        found += page.items
        cursor = page.next_cursor
        if cursor is None:
            return found
    raise AssertionError("the scan does not end")


OUTSIDE: tuple[tuple[dict[str, Any], str], ...] = (
    ({"session_id": ""}, "session_id"),
    ({"user_id": "x" * 1025}, "user_id"),
    ({"version": -1}, "version"),
    ({"version": 2**53 + 1}, "version"),
    ({"message_count": -1}, "message_count"),
    ({"ttl": -1}, "ttl"),
    ({"ttl": 2**53 + 1}, "ttl"),
    ({"session_status": ""}, "session_status"),
    ({"creation_id": ""}, "creation_id"),
    ({"metadata": {f"{n}": n for n in range(257)}}, "metadata"),
    ({"user_preferences": {"a": float("nan")}}, "user_preferences"),
    ({"messages": [message(message_id="same"), message(message_id="same")]}, "messages"),
    ({"messages": batch(6_001)}, "messages"),
    ({"metadata": {"a": "x" * 32_768}}, "metadata"),
    ({"windowBytes": 7}, "windowBytes"),
    ({"historyId": "a"}, "historyId"),
    ({"archived": 7}, "archived"),
    ({"edits": 7}, "edits"),
    ({"messageIds": ["a"]}, "messageIds"),
    ({"large": "x" * 4_096}, "unknown attributes"),
    ({"bad": float("inf")}, "unknown attributes"),
)
"""What no record may hold, and what the error names."""


class MaintenanceBehaviour(Behaviour):
    """Maintenance."""

    def test_ping_answers(self, store: MaintainedSessionStore) -> None:
        """`ping` returns if the engine answers."""
        store.ping()

    def test_a_user_is_erased(
        self, store: MaintainedSessionStore, harness: Harness, clock: ManualClock
    ) -> None:
        """`delete_user` erases everything of one user, expired rows too, and counts the live."""
        with harness.open(policy=HOUR, clock=clock) as brief:
            brief.create("ana", session_id="expired", messages=batch(2))
        clock.advance(timedelta(hours=1))
        for number in range(25):
            store.create("ana", session_id=f"{number}", messages=batch(1))
        other = store.create("ben", session_id="his", messages=batch(2))
        harness.settle()
        assert store.delete_user("ana") == 25
        harness.settle()
        assert harness.raw_read("expired") is None
        assert harness.raw_read("7") is None
        assert store.list_sessions("ana").items == []
        assert [each.session_id for each in scanned(store, 10)] == ["his"]
        assert store.get("his") == other
        assert store.delete_user("ana") == 0

    def test_purge_takes_only_the_expired(
        self, store: MaintainedSessionStore, harness: Harness, clock: ManualClock
    ) -> None:
        """`purge_expired` reclaims what has expired, and nothing else: after it, nothing is left
        of the expired, whether the call or the engine removed it."""
        with harness.open(policy=HOUR, clock=clock) as brief:
            for number in range(5):
                brief.create("ana", session_id=f"brief {number}", messages=batch(2))
        alive = store.create("ana", session_id="alive", messages=batch(2))
        clock.advance(timedelta(hours=1))
        assert store.purge_expired() >= 0
        assert [harness.raw_read(f"brief {number}") for number in range(5)] == [None] * 5
        assert store.get("alive") == alive
        harness.settle()
        assert len(store.list_sessions("ana").items) == 1
        assert store.purge_expired() == 0

    def test_a_scan_shows_each_live_session(
        self, store: MaintainedSessionStore, harness: Harness, clock: ManualClock
    ) -> None:
        """`scan` shows each live session of all users, whole, and no expired one."""
        with harness.open(policy=HOUR, clock=clock) as brief:
            for number in range(4):
                brief.create("ana", session_id=f"brief {number}")
        clock.advance(timedelta(hours=1))
        sessions = [
            store.create(f"user {number % 3}", session_id=f"{number}", messages=batch(2))
            for number in range(9)
        ]
        for limit in (1, 4, 100):
            found = {each.session_id: each for each in scanned(store, limit)}
            assert found == {each.session_id: each for each in sessions}

    def test_a_scan_of_nothing_ends(self, store: MaintainedSessionStore) -> None:
        """`scan` of an empty store is an empty page without a cursor."""
        page = store.scan()
        assert (page.items, page.next_cursor) == ([], None)

    def test_restore_writes_the_record_as_it_was(
        self, store: MaintainedSessionStore, harness: Harness
    ) -> None:
        """`restore` writes a record exactly as it was: times, counts, version and unknown
        attributes too; it neither trims nor renews."""
        session = kept_session()
        store.restore(session)
        assert store.get("kept") == session
        assert store.get("kept").model_extra == {"channel": "mobile", "nothing": None}
        harness.settle()
        (info,) = store.list_sessions("ana").items
        assert info.version == 41

    def test_restore_does_not_trim(
        self, store: MaintainedSessionStore, harness: Harness, clock: ManualClock
    ) -> None:
        """A restored window is whole, whatever the policy of the store that restores it."""
        session = kept_session(messages=batch(150))
        store.restore(session)
        unlimited = RetentionPolicy(max_messages=None)
        with harness.open(policy=unlimited, clock=clock) as wide:
            assert wide.get("kept").messages == session.messages
            assert wide.append("kept", session.messages[0]).version == 41
        assert contents(store.append_and_get("kept", message("new")))[-2:] == ["message 149", "new"]

    def test_a_restored_session_goes_on(self, store: MaintainedSessionStore) -> None:
        """A restored record is a session like any other."""
        store.restore(kept_session())
        info = store.append("kept", message(), if_version=41)
        assert (info.version, info.message_count) == (42, 78)
        assert info.model_extra == {"channel": "mobile", "nothing": None}

    def test_restore_spares_the_living(
        self, store: MaintainedSessionStore, harness: Harness
    ) -> None:
        """A live session is `SessionExistsError` unless `overwrite` is said; then it is replaced
        whole, and moves in its users' lists."""
        store.create("ben", session_id="kept", messages=batch(9, "old"), metadata={"old": 1})
        session = kept_session()
        with refused(SessionExistsError, harness, "kept"):
            store.restore(session)
        store.restore(session, overwrite=True)
        assert store.get("kept") == session
        harness.settle()
        assert store.list_sessions("ben").items == []
        assert len(store.list_sessions("ana").items) == 1

    def test_restore_replaces_the_expired(self, harness: Harness, clock: ManualClock) -> None:
        """An expired session that still lies there is no hindrance."""
        with harness.open(policy=HOUR, clock=clock) as store:
            store.create("ben", session_id="kept", messages=batch(9, "old"))
            clock.advance(timedelta(hours=1))
            store.restore(kept_session())
            assert store.get("kept") == kept_session(messages=store.get("kept").messages)
            harness.settle()
            assert store.list_sessions("ben").items == []

    def test_an_expired_record_restores_invisible(
        self, store: MaintainedSessionStore, harness: Harness
    ) -> None:
        """`restore` does not renew: a record whose ttl has passed is not seen."""
        store.restore(kept_session(ttl=int(START.timestamp())))
        assert is_gone(store, "kept")
        harness.settle()
        assert store.list_sessions("ana").items == []

    def test_backup_and_restore_are_the_same(
        self, store: MaintainedSessionStore, clock: ManualClock, harness: Harness
    ) -> None:
        """`scan` shows what `get` does, and `restore` writes it back: the session is as it was."""
        session = store.create("ana", messages=[message(extra=[1, {"a": None}])])
        store.append(session.session_id, *batch(3))
        (backup,) = scanned(store, 10)
        assert backup == store.get(session.session_id)
        store.delete(session.session_id)
        clock.advance(timedelta(days=1))
        store.restore(backup)
        assert store.get(session.session_id) == backup
        harness.settle()
        assert len(store.list_sessions("ana").items) == 1

    def test_restore_keeps_to_the_envelope(
        self, store: MaintainedSessionStore, harness: Harness
    ) -> None:
        """A record outside the envelope is refused, and nothing is stored."""
        with every_case() as case, unchanged(harness, "kept"):
            for changes, field in OUTSIDE:
                with case(*changes, field):
                    with raises_itself(InvalidInputError) as raised:
                        store.restore(kept_session(**changes))
                    assert field in str(raised.value)

    def test_a_restored_window_must_fit(
        self, store: MaintainedSessionStore, harness: Harness
    ) -> None:
        """A window that no engine could hold is `MessageTooLargeError`."""
        large: list[Message] = [message("x" * 56_000) for _ in range(6)]
        with refused(MessageTooLargeError, harness, "kept"):
            store.restore(kept_session(messages=large))
        store.restore(kept_session(messages=large[:5]))
        assert store.get("kept").messages == large[:5]
