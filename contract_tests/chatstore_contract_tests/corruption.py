"""Corruption never passes for absence, and can be removed."""

import pytest

from chatstore import (
    CorruptSessionError,
    MaintainedSessionStore,
    ManualClock,
    SessionExistsError,
    SessionNotFoundError,
)
from chatstore_contract_tests.behaviour import Behaviour, batch, is_gone
from chatstore_contract_tests.harness import Harness


class CorruptionBehaviour(Behaviour):
    """Records that can't be read."""

    def test_reads_name_the_corrupt_record(
        self, store: MaintainedSessionStore, harness: Harness
    ) -> None:
        """Every read and every listing raises `CorruptSessionError` naming it."""
        store.create("ana", session_id="broken", messages=batch(2), metadata={"a": 1})
        harness.settle()
        harness.corrupt("broken")
        for read in (
            lambda: store.get("broken"),
            lambda: store.get("broken", user_id="ana"),
            lambda: store.get_many(["broken"]),
            lambda: store.get_or_create("broken", user_id="ana"),
            lambda: store.list_sessions("ana"),
            lambda: store.list_messages("broken"),
            lambda: store.scan(),
        ):
            with pytest.raises(CorruptSessionError) as raised:
                read()
            assert raised.value.session_id == "broken"
            assert raised.value.backend in str(raised.value)

    def test_a_corrupt_message_is_no_absence(
        self, store: MaintainedSessionStore, harness: Harness
    ) -> None:
        """One unreadable message makes `get` fail: it is not skipped."""
        store.create("ana", session_id="broken", messages=batch(3))
        harness.corrupt_message("broken")
        for read in (
            lambda: store.get("broken"),
            lambda: store.get("broken", last=1),
            lambda: store.get_many(["broken"]),
            lambda: store.list_messages("broken"),
            lambda: store.scan(),
        ):
            with pytest.raises(CorruptSessionError) as raised:
                read()
            assert raised.value.session_id == "broken"

    def test_a_strangers_corrupt_record_does_not_exist(
        self, store: MaintainedSessionStore, harness: Harness, clock: ManualClock
    ) -> None:
        """Owner and life are checked before anything is decoded."""
        session = store.create("ana", session_id="broken", messages=batch(2))
        harness.corrupt("broken")
        with pytest.raises(SessionNotFoundError):
            store.get("broken", user_id="ben")
        assert store.get_many(["broken"], user_id="ben") == []
        assert store.delete("broken", user_id="ben") is False
        assert session.expires_at is not None
        clock.now = session.expires_at
        assert is_gone(store, "broken")

    def test_a_corrupt_id_is_taken(self, store: MaintainedSessionStore, harness: Harness) -> None:
        """`create` does not overwrite what it can't read."""
        store.create("ana", session_id="broken", messages=batch(2))
        harness.corrupt("broken")
        before = harness.raw_read("broken")
        with pytest.raises((SessionExistsError, CorruptSessionError)):
            store.create("ana", session_id="broken")
        assert harness.raw_read("broken") == before

    def test_delete_removes_it(self, store: MaintainedSessionStore, harness: Harness) -> None:
        """`delete` never decodes, and so can remove it."""
        for corrupt in (harness.corrupt_message, harness.corrupt):
            store.create("ana", session_id="broken", messages=batch(2))
            corrupt("broken")
            assert store.delete("broken", user_id="ana") is True
            assert harness.raw_read("broken") is None
            assert store.create("ana", session_id="broken").messages == []
            assert store.delete("broken") is True

    def test_delete_user_removes_it(self, store: MaintainedSessionStore, harness: Harness) -> None:
        """`delete_user` never decodes, and so can remove it."""
        store.create("ana", session_id="broken", messages=batch(2))
        harness.settle()
        harness.corrupt("broken")
        assert store.delete_user("ana") == 1
        assert harness.raw_read("broken") is None

    def test_purge_removes_it(
        self, store: MaintainedSessionStore, harness: Harness, clock: ManualClock
    ) -> None:
        """`purge_expired` never decodes, and is not stopped by it."""
        session = store.create("ana", session_id="broken", messages=batch(2))
        harness.corrupt("broken")
        assert session.expires_at is not None
        clock.now = session.expires_at
        store.purge_expired()
        harness.settle()
        assert store.list_sessions("ana").items == []

    def test_the_others_stay_readable(
        self, store: MaintainedSessionStore, harness: Harness
    ) -> None:
        """One corrupt record takes no other session with it."""
        store.create("ana", session_id="broken")
        good = store.create("ben", session_id="good", messages=batch(2))
        harness.settle()
        harness.corrupt("broken")
        assert store.get("good") == good
        assert store.get_many(["good"]) == [good]
        assert len(store.list_sessions("ben").items) == 1
