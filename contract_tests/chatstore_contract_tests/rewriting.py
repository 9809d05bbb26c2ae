"""Rewriting: a new list of messages in the window's place."""

import pytest

from chatstore import MaintainedSessionStore, ManualClock, RetentionPolicy, SessionNotFoundError
from chatstore_contract_tests.behaviour import START, Behaviour, batch, contents, message
from chatstore_contract_tests.cases import every_case
from chatstore_contract_tests.harness import Harness


class RewritingBehaviour(Behaviour):
    """rewrite."""

    def test_rewrite_replaces_the_window(self, store: MaintainedSessionStore) -> None:
        """`rewrite` puts a new list in the window's place: edit, regenerate, redact."""
        session = store.create("ana", messages=batch(4), metadata={"title": "Friday"})
        edited = [*session.messages[:2], message("regenerated")]
        after = store.rewrite(session.session_id, edited, if_version=1)
        assert after.messages == edited
        assert (after.version, after.message_count) == (2, 3)
        assert after.metadata == {"title": "Friday"}
        assert after.created_at == START
        assert store.get(session.session_id) == after

    def test_rewrite_can_clear(self, store: MaintainedSessionStore) -> None:
        """`rewrite` takes an empty list; the session goes on from there."""
        session = store.create("ana", messages=batch(4))
        assert store.rewrite(session.session_id, [], if_version=None).messages == []
        after = store.append_and_get(session.session_id, message("first again"))
        assert contents(after) == ["first again"]
        assert after.message_count == 1

    def test_rewrite_trims_like_any_write(
        self, store: MaintainedSessionStore, harness: Harness, clock: ManualClock
    ) -> None:
        """A rewritten list is trimmed to the window, for every reader, and all of it is
        counted."""
        session = store.create("ana", messages=batch(2))
        after = store.rewrite(session.session_id, batch(14, "new"), if_version=1)
        assert contents(after) == [f"new {number}" for number in range(4, 14)]
        assert after.message_count == 14
        with harness.open(policy=RetentionPolicy(max_messages=100), clock=clock) as wide:
            assert wide.get(session.session_id).messages == after.messages

    def test_rewrite_counts_what_the_caller_saw(
        self, store: MaintainedSessionStore, harness: Harness, clock: ManualClock
    ) -> None:
        """The count changes by the number given less the length of the caller's view."""
        session_id = store.create("ana").session_id
        store.append(session_id, *batch(25))
        popped = store.rewrite(session_id, store.get(session_id).messages[:-1], if_version=None)
        assert (len(popped.messages), popped.message_count) == (9, 24)
        with harness.open(policy=RetentionPolicy(max_messages=3), clock=clock) as narrow:
            redacted = narrow.rewrite(session_id, batch(2, "narrow"), if_version=None)
        assert redacted.message_count == 23
        assert contents(store.get(session_id)) == ["narrow 0", "narrow 1"]

    def test_appends_go_on_after_a_rewrite(self, harness: Harness, clock: ManualClock) -> None:
        """After a rewrite, messages are known again, and the removed ones may come anew."""
        first, second, third = batch(3)
        with every_case() as case:
            for limit in (10, 120, None):
                policy = RetentionPolicy(max_messages=limit, max_message_bytes=1_000)
                with case(limit), harness.open(policy=policy, clock=clock) as store:
                    session_id = store.create("ana", messages=[first, second]).session_id
                    store.rewrite(session_id, [second], if_version=1)
                    assert store.append(session_id, second).version == 2
                    after = store.append_and_get(session_id, first, third)
                    assert after.messages == [second, first, third]
                    assert after.message_count == 3

    def test_the_last_writer_wins_without_a_version(self, store: MaintainedSessionStore) -> None:
        """With `if_version=None` the last writer wins, over an append acknowledged meanwhile."""
        session = store.create("ana", messages=batch(2))
        store.append(session.session_id, message("meanwhile"))
        after = store.rewrite(session.session_id, [message("mine")], if_version=None)
        assert contents(after) == ["mine"]
        assert after.version == 3

    def test_rewrite_of_nothing_is_not_found(self, store: MaintainedSessionStore) -> None:
        """`rewrite` on a missing session is `SessionNotFoundError`, with a version and
        without."""
        for version in (None, 1):
            with pytest.raises(SessionNotFoundError):
                store.rewrite("missing", batch(1), if_version=version)
