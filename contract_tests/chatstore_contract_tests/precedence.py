"""Checks come in one order everywhere: the envelope; life and owner; the call's own result; the
version; the 256 keys."""

from collections.abc import Callable
from typing import Any

import pytest

from chatstore import (
    InvalidInputError,
    MaintainedSessionStore,
    Message,
    RetentionPolicy,
    SessionNotFoundError,
    VersionConflictError,
)
from chatstore_contract_tests.behaviour import Behaviour, batch, message, refused, unchanged
from chatstore_contract_tests.cases import every_case
from chatstore_contract_tests.harness import Harness

FULL = {f"key {number}": number for number in range(256)}


class PrecedenceBehaviour(Behaviour):
    """Which of several faults a call names."""

    def test_the_envelope_comes_before_life(self, store: MaintainedSessionStore) -> None:
        """Bad input is refused as such, whether or not there is a session."""
        bad: dict[str, Any] = {"key": float("nan")}
        large = message("x" * 40_000)
        calls: list[Callable[[], object]] = [
            lambda: store.append("missing"),
            lambda: store.append("missing", large),
            lambda: store.append_and_get("missing", message(extra=bad)),
            lambda: store.rewrite("missing", [large], if_version=None),
            lambda: store.update("missing", metadata=bad),
            lambda: store.update("missing", if_version=-1),
            lambda: store.delete("missing", if_version=-1),
            lambda: store.get("missing", user_id=""),
        ]
        for call in calls:
            with pytest.raises(InvalidInputError):
                call()

    def test_the_envelope_comes_before_an_existing_session(
        self, store: MaintainedSessionStore, harness: Harness
    ) -> None:
        """`create` and `get_or_create` refuse bad fields, also where the id is taken."""
        store.create("ana", session_id="taken")
        bad: dict[str, Any] = {"key": float("nan")}
        with refused(InvalidInputError, harness, "taken"):
            store.create("ana", session_id="taken", metadata=bad)
        with refused(InvalidInputError, harness, "taken"):
            store.get_or_create("taken", user_id="ana", metadata=bad)

    def test_delete_of_nothing_is_false(self, store: MaintainedSessionStore) -> None:
        """`delete` of a missing session is False, whatever version was asked for."""
        assert store.delete("missing") is False
        assert store.delete("missing", if_version=3) is False
        assert store.delete("missing", user_id="ana", if_version=3) is False

    def test_the_own_result_comes_before_the_version(
        self, store: MaintainedSessionStore, harness: Harness
    ) -> None:
        """A stored batch is a success at any version; a new part goes by the version."""
        sent: list[Message] = batch(3)
        session = store.create("ana", messages=sent[:2])
        with unchanged(harness, session.session_id):
            assert store.append(session.session_id, *sent[:2], if_version=7).version == 1
        with refused(VersionConflictError, harness, session.session_id):
            store.append(session.session_id, *sent, if_version=7)
        assert store.append(session.session_id, *sent, if_version=1).message_count == 3

    def test_the_version_comes_before_the_keys(
        self, store: MaintainedSessionStore, harness: Harness
    ) -> None:
        """An update at another version that would also add a 257th key is a conflict."""
        session = store.create("ana", metadata=FULL)
        with refused(VersionConflictError, harness, session.session_id):
            store.update(session.session_id, metadata={"more": 1}, if_version=2)
        with refused(InvalidInputError, harness, session.session_id):
            store.update(session.session_id, metadata={"more": 1}, if_version=1)

    def test_life_comes_before_the_keys(self, store: MaintainedSessionStore) -> None:
        """A stranger does not learn how full a map is."""
        session = store.create("ana", metadata=FULL)
        with pytest.raises(SessionNotFoundError):
            store.update(session.session_id, metadata={"more": 1}, user_id="ben")

    def test_a_conflict_in_a_full_window_writes_nothing(self, harness: Harness) -> None:
        """The version is compared in windows of every kind, with room and full."""
        with every_case() as case:
            for limit in (10, 150, None):
                policy = RetentionPolicy(max_messages=limit, max_message_bytes=1_000)
                with case(limit), harness.open(policy=policy) as store:
                    session_id = store.create("ana", messages=batch(200)).session_id
                    with refused(VersionConflictError, harness, session_id):
                        store.append(session_id, message(), if_version=9)
                    with refused(SessionNotFoundError, harness, session_id):
                        store.append(session_id, message(), user_id="ben")
                    after = store.append(session_id, message(), user_id="ana", if_version=1)
                    assert after.version == 2
