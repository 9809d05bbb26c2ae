"""Exactly once: what is sent again after a lost answer counts once."""

from datetime import timedelta

from chatstore import (
    MaintainedSessionStore,
    ManualClock,
    RetentionPolicy,
    SessionNotFoundError,
    VersionConflictError,
)
from chatstore_contract_tests.behaviour import (
    Behaviour,
    batch,
    contents,
    message,
    refused,
    unchanged,
)
from chatstore_contract_tests.cases import every_case
from chatstore_contract_tests.harness import Harness


class RetriesBehaviour(Behaviour):
    """append by message id, rewrite by its result."""

    def test_a_message_sent_again_is_stored_once(
        self, store: MaintainedSessionStore, harness: Harness, clock: ManualClock
    ) -> None:
        """If nothing is left to add, nothing is written: no new version, time or ttl."""
        session = store.create("ana")
        sent = message("once")
        first = store.append(session.session_id, sent)
        clock.advance(timedelta(hours=1))
        with unchanged(harness, session.session_id):
            assert store.append(session.session_id, sent) == first
            assert store.append_and_get(session.session_id, sent).version == first.version
        assert contents(store.get(session.session_id)) == ["once"]

    def test_the_new_part_of_a_batch_is_added(self, store: MaintainedSessionStore) -> None:
        """A call adds the part of its batch that comes after its last message already there."""
        session = store.create("ana")
        sent = batch(5)
        store.append(session.session_id, *sent[:3])
        after = store.append_and_get(session.session_id, *sent)
        assert contents(after) == [f"message {number}" for number in range(5)]
        assert (after.message_count, after.version) == (5, 3)

    def test_what_stands_before_a_stored_message_was_taken_in(
        self, store: MaintainedSessionStore
    ) -> None:
        """What stands before the window's oldest message was taken in with it, and pruned since."""
        session = store.create("ana")
        sent = batch(15)
        store.append(session.session_id, *sent)
        after = store.append_and_get(session.session_id, *sent, message("after"))
        assert contents(after) == [*(f"message {number}" for number in range(6, 15)), "after"]
        assert after.message_count == 16

    def test_a_batch_longer_than_the_window_is_known_again(
        self, store: MaintainedSessionStore, harness: Harness
    ) -> None:
        """A batch of which only the end is still in the window is not added again."""
        session = store.create("ana")
        sent = batch(30)
        store.append(session.session_id, *sent)
        with unchanged(harness, session.session_id):
            assert store.append(session.session_id, *sent).message_count == 30

    def test_a_retry_after_others_wrote_is_stored_once(
        self, store: MaintainedSessionStore, harness: Harness
    ) -> None:
        """A retry counts once, as long as its last message is still in the window."""
        session = store.create("ana")
        sent = message("once")
        store.append(session.session_id, sent)
        store.append(session.session_id, *batch(9, "others"))
        with unchanged(harness, session.session_id):
            assert store.append(session.session_id, sent).message_count == 10

    def test_the_stored_window_decides_not_the_writers(
        self, store: MaintainedSessionStore, harness: Harness, clock: ManualClock
    ) -> None:
        """A writer with a smaller window knows messages again that it would not show."""
        session = store.create("ana")
        sent = batch(5)
        store.append(session.session_id, *sent)
        with harness.open(policy=RetentionPolicy(max_messages=2), clock=clock) as narrow:
            with unchanged(harness, session.session_id):
                after = narrow.append_and_get(session.session_id, sent[0])
            assert contents(after) == ["message 3", "message 4"]
        assert len(store.get(session.session_id).messages) == 5

    def test_retries_are_known_in_windows_of_any_size(
        self, harness: Harness, clock: ManualClock
    ) -> None:
        """Idempotence by message id holds for every size of window, full or not."""
        sent = batch(100)
        with every_case() as case:
            for limit in (1, 10, 60, 99, 100, 250, None):
                policy = RetentionPolicy(max_messages=limit, max_message_bytes=1_000)
                with case(limit), harness.open(policy=policy, clock=clock) as store:
                    session_id = store.create("ana", messages=batch(200)).session_id
                    store.append(session_id, *sent)
                    with unchanged(harness, session_id):
                        assert store.append(session_id, *sent[-3:]).message_count == 300
                        assert store.append(session_id, sent[-1]).message_count == 300
                    assert len(store.get(session_id).messages) == min(300, limit or 300)

    def test_a_stored_retry_needs_no_version(
        self, store: MaintainedSessionStore, harness: Harness
    ) -> None:
        """The call's own result comes before the version: a conditional retry succeeds."""
        session = store.create("ana")
        sent = message("once")
        store.append(session.session_id, sent, if_version=1)
        with unchanged(harness, session.session_id):
            assert store.append(session.session_id, sent, if_version=1).version == 2

    def test_the_owner_comes_before_the_result(
        self, store: MaintainedSessionStore, harness: Harness
    ) -> None:
        """Another user's retry of a stored message learns nothing."""
        session = store.create("ana")
        sent = message("once")
        store.append(session.session_id, sent)
        with refused(SessionNotFoundError, harness, session.session_id):
            store.append(session.session_id, sent, user_id="ben")

    def test_a_rewrite_sent_again_has_happened(
        self, store: MaintainedSessionStore, harness: Harness
    ) -> None:
        """One version further and exactly these messages: `rewrite` has already happened."""
        session = store.create("ana", messages=batch(3))
        edited = [message("edited", score=7.0, flag=True)]
        first = store.rewrite(session.session_id, edited, if_version=1)
        with unchanged(harness, session.session_id):
            assert store.rewrite(session.session_id, edited, if_version=1) == first

    def test_another_rewrite_is_a_conflict(
        self, store: MaintainedSessionStore, harness: Harness
    ) -> None:
        """Other messages, or a version further on, are `VersionConflictError`."""
        session = store.create("ana", messages=batch(3))
        edited = message("edited", flag=True)
        store.rewrite(session.session_id, [edited], if_version=1)
        for others in (
            [message("mine")],
            [],
            [edited, message("more")],
            [edited.model_copy(update={"content": "else"})],
            [message("edited", flag=1, message_id=edited.message_id, timestamp=edited.timestamp)],
        ):
            with refused(VersionConflictError, harness, session.session_id):
                store.rewrite(session.session_id, others, if_version=1)
        store.update(session.session_id)
        with refused(VersionConflictError, harness, session.session_id):
            store.rewrite(session.session_id, [edited], if_version=1)
