"""Appending: whole batches, in order of arrival, on live sessions only."""

from datetime import timedelta

import pytest

from chatstore import (
    InvalidInputError,
    MaintainedSessionStore,
    ManualClock,
    SessionInfo,
    SessionNotFoundError,
    VersionConflictError,
)
from chatstore_contract_tests.behaviour import (
    START,
    Behaviour,
    batch,
    contents,
    message,
    raises_itself,
    refused,
    unchanged,
)
from chatstore_contract_tests.cases import every_case
from chatstore_contract_tests.harness import Harness
from chatstore_contract_tests.operations import CONDITIONAL_WRITES, KNOWN


class AppendBehaviour(Behaviour):
    """append and append_and_get."""

    def test_append_adds_at_the_end(
        self, store: MaintainedSessionStore, clock: ManualClock
    ) -> None:
        """A write adds the messages, counts them, and is one version further, at the clock's
        time."""
        session = store.create("ana", messages=batch(2))
        clock.advance(timedelta(seconds=5))
        info = store.append(session.session_id, message("third"), message("fourth"))
        found = store.get(session.session_id)
        assert contents(found) == ["message 0", "message 1", "third", "fourth"]
        assert (info.message_count, info.version) == (4, 2)
        assert info.created_at == START
        assert info.updated_at == START + timedelta(seconds=5)
        assert info.ttl == int(START.timestamp()) + 5 + 30 * 86_400

    def test_append_returns_the_session_without_messages(
        self, store: MaintainedSessionStore
    ) -> None:
        """`append` returns a `SessionInfo` with all that `get` would show but the messages."""
        session = store.create("ana", user_preferences={"a": 1}, metadata={"b": [2]})
        info = store.append(session.session_id, message())
        assert type(info) is SessionInfo
        found = store.get(session.session_id).model_dump(exclude={"messages"})
        assert info.model_dump() == found

    def test_append_and_get_returns_the_window(self, store: MaintainedSessionStore) -> None:
        """`append_and_get` appends and reads the window, atomically."""
        session = store.create("ana", messages=batch(9))
        after = store.append_and_get(session.session_id, message("tenth"), message("eleventh"))
        assert contents(after)[-2:] == ["tenth", "eleventh"]
        assert len(after.messages) == 10
        assert after == store.get(session.session_id)

    def test_the_order_is_that_of_arrival(self, store: MaintainedSessionStore) -> None:
        """Order is the order of arrival at the engine, never that of timestamps."""
        session = store.create("ana")
        store.append(session.session_id, message("late", timestamp=START + timedelta(days=1)))
        store.append(session.session_id, message("early", timestamp=START - timedelta(days=1)))
        assert contents(store.get(session.session_id)) == ["late", "early"]

    def test_a_batch_has_1_to_100_messages(
        self, store: MaintainedSessionStore, harness: Harness
    ) -> None:
        """Appending no messages, or more than 100, is `InvalidInputError`."""
        session = store.create("ana")
        with refused(InvalidInputError, harness, session.session_id):
            store.append(session.session_id)
        with refused(InvalidInputError, harness, session.session_id) as raised:
            store.append(session.session_id, *batch(101))
        assert "100" in str(raised.value)
        assert store.append(session.session_id, *batch(100)).message_count == 100

    def test_one_call_names_a_message_once(
        self, store: MaintainedSessionStore, harness: Harness
    ) -> None:
        """The same id twice in one call is `InvalidInputError`, in `create` and `rewrite` too."""
        session = store.create("ana")
        twice = [message("a", message_id="same"), message("b", message_id="same")]
        with refused(InvalidInputError, harness, session.session_id):
            store.append(session.session_id, *twice)
        with refused(InvalidInputError, harness, session.session_id):
            store.rewrite(session.session_id, twice, if_version=1)
        with refused(InvalidInputError, harness, "other"):
            store.create("ana", session_id="other", messages=twice)

    def test_append_leaves_the_rest_alone(self, store: MaintainedSessionStore) -> None:
        """An append changes no preferences, no metadata, no status and no `creation_id`."""
        session = store.create(
            "ana", user_preferences={"a": 1}, metadata={"b": 2}, session_status="closed"
        )
        after = store.append_and_get(session.session_id, message())
        kept = {"user_preferences", "metadata", "session_status", "creation_id", "user_id"}
        assert after.model_dump(include=kept) == session.model_dump(include=kept)

    def test_a_write_goes_by_the_version(
        self, store: MaintainedSessionStore, harness: Harness
    ) -> None:
        """`if_version` makes a write conditional: `VersionConflictError` if it is another."""
        with every_case() as case:
            for name, write in CONDITIONAL_WRITES.items():
                with case(name):
                    session_id = store.create("ana", messages=[KNOWN]).session_id
                    store.append(session_id, message())
                    with unchanged(harness, session_id):
                        for version in (1, 3):
                            with raises_itself(VersionConflictError):
                                write(store, session_id, version)
                    write(store, session_id, 2)

    def test_life_comes_before_the_version(self, store: MaintainedSessionStore) -> None:
        """A missing session is `SessionNotFoundError`, whatever version was asked for; a `delete`
        says that there was none."""
        with every_case() as case:
            for name, write in CONDITIONAL_WRITES.items():
                with case(name):
                    if name == "delete":
                        assert write(store, "missing", 7) is False
                        continue
                    with pytest.raises(SessionNotFoundError):
                        write(store, "missing", 7)
