"""Updates: preferences and metadata merge key by key, beside whatever else is written."""

from datetime import timedelta

from chatstore import (
    InvalidInputError,
    MaintainedSessionStore,
    ManualClock,
    RetentionPolicy,
    SessionInfo,
)
from chatstore_contract_tests.behaviour import START, Behaviour, batch, refused
from chatstore_contract_tests.foreign import brief_record
from chatstore_contract_tests.harness import Harness


class UpdatesBehaviour(Behaviour):
    """update."""

    def test_update_merges_key_by_key(self, store: MaintainedSessionStore) -> None:
        """JSON Merge Patch of one level: a key is set, None removes it, the others stay."""
        session = store.create(
            "ana", user_preferences={"a": 1, "b": {"x": 1}}, metadata={"c": [1], "d": 2}
        )
        info = store.update(
            session.session_id,
            user_preferences={"b": {"y": None}, "e": "new"},
            metadata={"c": None, "missing": None},
        )
        assert info.user_preferences == {"a": 1, "b": {"y": None}, "e": "new"}
        assert info.metadata == {"d": 2}
        assert store.get(session.session_id).user_preferences == info.user_preferences
        assert store.get(session.session_id).metadata == {"d": 2}

    def test_update_is_a_write(self, store: MaintainedSessionStore, clock: ManualClock) -> None:
        """An update is one version further, at the clock's time, and renews the ttl."""
        session = store.create("ana", messages=batch(3))
        clock.advance(timedelta(minutes=1))
        info = store.update(session.session_id, session_status="closed")
        assert type(info) is SessionInfo
        assert (info.session_status, info.version, info.message_count) == ("closed", 2, 3)
        assert info.updated_at == START + timedelta(minutes=1)
        assert info.ttl == (session.ttl or 0) + 60
        assert store.get(session.session_id).messages == session.messages

    def test_no_status_forbids_a_write(self, store: MaintainedSessionStore) -> None:
        """`closed` and `archived` are labels: none of them forbids a write."""
        session = store.create("ana", session_status="closed")
        assert store.update(session.session_id, session_status="archived").version == 2
        assert store.append(session.session_id, *batch(1)).version == 3

    def test_an_empty_update_touches(
        self, store: MaintainedSessionStore, harness: Harness, clock: ManualClock
    ) -> None:
        """With nothing to change, `update` renews the ttl, whatever the policy says."""
        session = store.create("ana")
        clock.advance(timedelta(hours=1))
        fixed = RetentionPolicy(renew_on_write=False)
        with harness.open(policy=fixed, clock=clock) as other:
            touched = other.update(session.session_id)
            assert touched.ttl == (session.ttl or 0) + 3600
            assert touched.version == 2
            clock.advance(timedelta(hours=1))
            assert other.update(session.session_id, metadata={}).ttl == (session.ttl or 0) + 7200

    def test_a_map_holds_256_keys(self, store: MaintainedSessionStore, harness: Harness) -> None:
        """At most 256 keys after the merge, in each of the two maps."""
        full = {f"key {number}": number for number in range(256)}
        session_id = store.create("ana", user_preferences=full, metadata=full).session_id
        with refused(InvalidInputError, harness, session_id) as raised:
            store.update(session_id, user_preferences={"one more": 1})
        assert "user_preferences" in str(raised.value)
        with refused(InvalidInputError, harness, session_id):
            store.update(session_id, metadata={"one more": 1, "key 0": 2})
        info = store.update(session_id, metadata={"one more": 1, "key 0": None})
        assert len(info.metadata) == 256
        assert store.update(session_id, user_preferences={"key 1": "other"}).version == 3

    def test_a_merge_that_adds_no_key_is_never_refused(
        self, store: MaintainedSessionStore, harness: Harness
    ) -> None:
        """A map that another service filled beyond 256 keys can still be changed and emptied."""
        many = {f"key {number}": number for number in range(300)}
        harness.raw_write(
            {
                "sessionId": "crowded",
                "userId": "ana",
                "createdAt": "2026-03-01T12:00:00.000000Z",
                "updatedAt": "2026-03-01T12:00:00.000000Z",
                "messages": [],
                "userPreferences": many,
                "messageCount": 0,
                "sessionStatus": "active",
            }
        )
        assert store.update("crowded", user_preferences={"key 1": "x"}).user_preferences == {
            **many,
            "key 1": "x",
        }
        assert (
            len(store.update("crowded", user_preferences={"key 2": None}).user_preferences) == 299
        )
        with refused(InvalidInputError, harness, "crowded"):
            store.update("crowded", user_preferences={"new": 1})
        assert store.update("crowded", metadata={"new": 1}).metadata == {"new": 1}

    def test_a_merge_that_grows_nothing_is_never_refused(
        self, store: MaintainedSessionStore, harness: Harness
    ) -> None:
        """A map that another service filled beyond 32 KiB can be changed, beside a message too, as
        long as it does not grow."""
        full = {f"key {number:02}": "x" * 1_000 for number in range(40)}
        harness.raw_write(brief_record(userPreferences=full, metadata={}, version=0))
        changed = {"key 00": "y" * 1_000, "key 01": "", "key 02": None}
        info = store.update("foreign", user_preferences=changed, metadata={"a": "x" * 32_000})
        expected = {**full, "key 00": "y" * 1_000, "key 01": ""}
        del expected["key 02"]
        assert info.user_preferences == expected
        for entries in ({"more": 1}, {"key 03": "x" * 1_001}):
            with refused(InvalidInputError, harness, "foreign"):
                store.update("foreign", user_preferences=entries)
            with refused(InvalidInputError, harness, "foreign"):
                store.append("foreign", *batch(1), user_preferences=entries)
        after = store.append("foreign", *batch(1), user_preferences={"key 03": None})
        del expected["key 03"]
        assert store.get("foreign").user_preferences == after.user_preferences == expected
