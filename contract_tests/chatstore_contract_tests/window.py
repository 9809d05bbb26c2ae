"""Exactly the window: the newest messages that the policy allows, never more, never fewer."""

from itertools import product

from chatstore import MaintainedSessionStore, ManualClock, Message, RetentionPolicy
from chatstore.record.encode import stored_message
from chatstore_contract_tests.behaviour import (
    Behaviour,
    batch,
    contents,
    message,
    unchanged,
)
from chatstore_contract_tests.cases import every_case
from chatstore_contract_tests.harness import Harness


class WindowBehaviour(Behaviour):
    """What a write keeps and what a read shows."""

    def test_the_newest_ten_stay(self, store: MaintainedSessionStore) -> None:
        """A session keeps its newest 10 messages in order, and counts what was pruned."""
        session_id = store.create("ana").session_id
        for number in range(13):
            store.append(session_id, message(f"message {number}"))
        session = store.get(session_id)
        assert contents(session) == [f"message {number}" for number in range(3, 13)]
        assert session.message_count == 13

    def test_batches_of_any_size_fill_the_window(
        self, harness: Harness, clock: ManualClock
    ) -> None:
        """Whatever the batches, the window is the newest `max_messages`, oldest first."""
        with every_case() as case:
            for limit, size in product((1, 2, 99, 101), (1, 7, 100)):
                policy = RetentionPolicy(max_messages=limit, max_message_bytes=1_000)
                with case(limit, size), harness.open(policy=policy, clock=clock) as store:
                    # Nearly full; then a few batches take it over the edge.
                    sent = batch(max(1, limit - 2 * size), "first")
                    session_id = store.create("ana").session_id
                    store.append(session_id, *sent)
                    for number in range(2 if size == 100 else 4):
                        added = batch(size, f"batch {number},")
                        sent += added
                        after = store.append_and_get(session_id, *added)
                        assert after.messages == sent[-limit:]
                        assert after.message_count == len(sent)
                    assert store.get(session_id).messages == sent[-limit:]

    def test_a_lower_limit_trims_at_the_next_write(
        self, store: MaintainedSessionStore, harness: Harness, clock: ManualClock
    ) -> None:
        """A write trims to the writer's policy."""
        session_id = store.create("ana", messages=batch(9)).session_id
        with harness.open(policy=RetentionPolicy(max_messages=3), clock=clock) as narrow:
            narrow.append(session_id, message("new"))
        found = store.get(session_id)
        assert contents(found) == ["message 7", "message 8", "new"]
        assert found.message_count == 10

    def test_a_read_shows_the_readers_window(
        self, store: MaintainedSessionStore, harness: Harness, clock: ManualClock
    ) -> None:
        """A read shows at most the reader's window; that changes no number and no byte."""
        session_id = store.create("ana", messages=batch(9)).session_id
        with (
            harness.open(policy=RetentionPolicy(max_messages=3), clock=clock) as narrow,
            unchanged(harness, session_id),
        ):
            found = narrow.get(session_id)
            assert contents(found) == ["message 6", "message 7", "message 8"]
            assert found.message_count == 9
            assert narrow.get_many([session_id]) == [found]
            assert narrow.get_or_create(session_id, user_id="ana") == found
            assert narrow.scan().items == [found]
        assert len(store.get(session_id).messages) == 9

    def test_a_higher_limit_grows_again(
        self, store: MaintainedSessionStore, harness: Harness, clock: ManualClock
    ) -> None:
        """A window that one policy filled grows under a larger one."""
        session_id = store.create("ana", messages=batch(12)).session_id
        with harness.open(policy=RetentionPolicy(max_messages=12), clock=clock) as wide:
            assert len(wide.append_and_get(session_id, message("new")).messages) == 11
        assert len(store.append_and_get(session_id, message("newer")).messages) == 10

    def test_no_limit_keeps_all(self, harness: Harness, clock: ManualClock) -> None:
        """`max_messages=None` is unlimited by count."""
        policy = RetentionPolicy(max_messages=None)
        with harness.open(policy=policy, clock=clock) as store:
            session_id = store.create("ana", messages=batch(150, "first")).session_id
            after = store.append_and_get(session_id, *batch(100, "then"))
            assert len(after.messages) == after.message_count == 250
            assert after == store.get(session_id)

    def test_bytes_bound_a_window(self, harness: Harness, clock: ManualClock) -> None:
        """Where the count does not decide, the longest suffix that fits both limits stays."""
        sizes = (10, 900, 400, 30, 1_200, 5, 5, 5, 700, 650, 600, 1, 1_100, 1_150, 20)
        with every_case() as case:
            for limit in (None, 4, 200):
                policy = RetentionPolicy(
                    max_messages=limit, max_message_bytes=1_500, max_window_bytes=3_000
                )
                sent: list[Message] = []
                with case(limit), harness.open(policy=policy, clock=clock) as store:
                    session_id = store.create("ana").session_id
                    for size in sizes:
                        sent.append(message("x" * size))
                        after = store.append_and_get(session_id, sent[-1])
                        assert after.messages == _longest_suffix(sent, policy)
                        assert after.message_count == len(sent)
                    assert store.get(session_id).messages == _longest_suffix(sent, policy)

    def test_a_window_is_filled_to_the_byte(self, harness: Harness, clock: ManualClock) -> None:
        """A window that weighs exactly `max_window_bytes` is whole; one byte more is not."""
        pair = [message("x" * 500), message("y" * 500)]
        exact = sum(stored_message(each).weight for each in pair)
        for limit, kept in ((exact, 2), (exact - 1, 1)):
            policy = RetentionPolicy(
                max_messages=None, max_message_bytes=limit, max_window_bytes=limit
            )
            with harness.open(policy=policy, clock=clock) as store:
                one_by_one = store.create("ana").session_id
                for each in pair:
                    store.append(one_by_one, each)
                assert store.get(one_by_one).messages == pair[-kept:]
                assert store.create("ana", messages=pair).messages == pair[-kept:]

    def test_the_largest_session_fits(self, store: MaintainedSessionStore) -> None:
        """With the default policy the engine's item limit can't be reached: 10 of the largest
        messages, and preferences and metadata as large as may be, are stored."""
        overhead = stored_message(message("")).size
        largest = [message("é" * ((32_768 - overhead) // 2)) for _ in range(11)]
        entries = {f"key {number:03}": "v" * (128 - len("key 000")) for number in range(256)}
        session = store.create(
            "ana", messages=largest[:10], user_preferences=entries, metadata=entries
        )
        after = store.append_and_get(session.session_id, largest[10])
        assert after.messages == largest[1:]
        assert after.user_preferences == after.metadata == entries

    def test_nothing_new_trims_nothing(
        self, store: MaintainedSessionStore, harness: Harness, clock: ManualClock
    ) -> None:
        """An update or a retry under a smaller policy leaves the stored window alone."""
        sent = batch(8)
        session_id = store.create("ana", messages=sent).session_id
        with harness.open(policy=RetentionPolicy(max_messages=2), clock=clock) as narrow:
            narrow.append(session_id, sent[-1])
            narrow.update(session_id, metadata={"title": "Friday"})
        assert store.get(session_id).messages == sent


def _longest_suffix(sent: list[Message], policy: RetentionPolicy) -> list[Message]:
    """The rule as the documentation says it, counted out on its own."""
    for start in range(len(sent)):
        suffix = sent[start:]
        weight = sum(stored_message(each).weight for each in suffix)
        fits_count = policy.max_messages is None or len(suffix) <= policy.max_messages
        if fits_count and weight <= policy.max_window_bytes:
            return suffix
    return []
