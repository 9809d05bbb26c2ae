"""Sessions that keep their history: all of it stays, and their own window counts, whoever calls."""

import random

from chatstore import (
    InvalidInputError,
    MaintainedSessionStore,
    ManualClock,
    Message,
    RetentionPolicy,
    SessionNotFoundError,
    VersionConflictError,
)
from chatstore_contract_tests import oracle
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
from chatstore_contract_tests.histories import NARROW, all_of, keeping, told
from chatstore_contract_tests.maintenance import scanned

CALLERS = (
    NARROW,
    keeping(50),
    RetentionPolicy(max_messages=None, max_message_bytes=2_000),
    RetentionPolicy(max_messages=None, max_message_bytes=2_000, max_window_bytes=4_000),
    RetentionPolicy(max_messages=7, max_message_bytes=2_000, max_window_bytes=3_000),
    keeping(2),
)
"""Policies of those who call, none of them the creator's."""

WINDOWS = (1, 4, 10, 50)

LARGE = 32_000


class HistoryBehaviour(Behaviour):
    """What is kept, and what is shown of it."""

    def test_all_is_kept_whoever_writes(self, harness: Harness, clock: ManualClock) -> None:
        """Whoever appends under whatever policy, all messages are kept in the order of arrival,
        and counted. A reader is shown what its own policy allows of the session's window."""
        chance = random.Random(8)  # noqa: S311 - test data
        stores = [harness.open(policy=policy, clock=clock) for policy in CALLERS]
        with every_case() as case:
            for most in WINDOWS:
                key = f"{most}"
                kept = [_any_message(chance) for _ in range(chance.choice((0, most + 3)))]
                with harness.open(policy=keeping(most), clock=clock) as store:
                    store.create("ana", session_id=key, messages=kept)
                for turn in range(12):
                    store, policy = stores[turn % 6], CALLERS[turn % 6]
                    with case(most, turn, policy):
                        length = chance.choice((1, 1, 2, 11, 60, 100))
                        added = [_any_message(chance) for _ in range(length)]
                        kept += added
                        after = store.append_and_get(key, *added)
                        assert told(after.messages) == told(
                            oracle.shown_of_history(kept, most, policy)
                        )
                        assert (after.message_count, after.history) == (len(kept), most)
                    reader = chance.randrange(6)
                    with case(most, turn, "reader", CALLERS[reader]):
                        shown = oracle.shown_of_history(kept, most, CALLERS[reader])
                        found = stores[reader].get(key)
                        assert told(found.messages) == told(shown)
                        assert stores[reader].get_many([key]) == [found]
                with case(most, "all"):
                    assert told(all_of(stores[0], key)) == told(kept)
        for store in stores:
            store.close()

    def test_a_narrow_writer_drops_nothing(
        self, store: MaintainedSessionStore, harness: Harness, clock: ManualClock
    ) -> None:
        """A policy of 3 messages without history writes 500, updates, amends and retries: nothing
        is lost. Where a session keeps no history, no policy makes it keep one."""
        sent = [message(f"{number}") for number in range(500)]
        with (
            harness.open(policy=keeping(10), clock=clock) as keeper,
            harness.open(policy=NARROW, clock=clock) as narrow,
        ):
            keeper.get_or_create("there", user_id="ana", messages=sent[:20])
            for start in range(20, 120, 4):
                narrow.append("there", *sent[start : start + 4], metadata={"at": start})
            narrow.append("there", *sent[119:120])
            narrow.amend("there", sent[119].model_copy(update={"content": "amended"}))
            narrow.update("there", session_status="closed")
            for start in range(120, 500, 95):
                narrow.append("there", *sent[start : start + 95])
            expected = [f"{number}" for number in range(500)]
            expected[119] = "amended"
            assert [each.content for each in all_of(narrow, "there")] == expected
            assert contents(narrow.get("there")) == expected[-3:]
            assert contents(store.get("there")) == expected[-10:]
            assert keeper.get("there").message_count == 500
            store.create("ana", session_id="none", messages=sent[:12])
            keeper.append("none", *sent[12:15])
            assert told(all_of(keeper, "none")) == told(sent[5:15])

    def test_history_is_for_good(self, harness: Harness, clock: ManualClock) -> None:
        """`create` says by its policy whether a session keeps its history, and how long its window
        is; no later write changes that, and every read shows it."""
        with (
            harness.open(policy=keeping(4), clock=clock) as keeper,
            harness.open(policy=RetentionPolicy(), clock=clock) as plain,
        ):
            kept = keeper.create("ana", session_id="kept", messages=batch(3))
            none = plain.create("ana", session_id="none", messages=batch(3))
            assert (kept.history, kept.keeps_history) == (4, True)
            assert (none.history, none.keeps_history) == (None, False)
            for writer in (plain, keeper):
                for key in ("kept", "none"):
                    writer.append(key, message())
                    writer.update(key, metadata={"history": 9})
                    found = writer.rewrite(key, batch(2), if_version=None)
                    writer.rewrite(key, batch(2), if_version=None, whole=True)
                    writer.amend(key, writer.get(key).messages[0])
                    assert found.keeps_history is (key == "kept")
            harness.settle()
            for reader in (plain, keeper):
                for shown in (
                    reader.get_many(["kept", "none"]),
                    reader.iter_sessions("ana"),
                    scanned(reader, 100),
                ):
                    histories = {each.session_id: each.history for each in shown}
                    assert histories == {"kept": 4, "none": None}

    def test_bytes_bound_what_is_shown_of_a_history(
        self, harness: Harness, clock: ManualClock
    ) -> None:
        """The window of a session with history has at most 336,000 bytes; a message sent again is
        known in it, and all is kept."""
        chance = random.Random(9)  # noqa: S311 - test data
        with harness.open(policy=keeping(50), clock=clock) as store, every_case() as case:
            store.create("ana", session_id="there")
            kept: list[Message] = []
            for number in range(26):
                with case(number):
                    length = chance.choice((10, 10, 20_000, LARGE, LARGE, LARGE))
                    added = [message("x" * length) for _ in range(chance.choice((1, 2, 10)))]
                    kept += added
                    after = store.append_and_get("there", *added)
                    shown = oracle.window_of_history(kept, 50)
                    assert told(after.messages) == told(shown)
                    with unchanged(harness, "there"):
                        assert store.append("there", shown[0], *shown[-1:]) is not None
            assert told(all_of(store, "there")) == told(kept)

    def test_a_retry_is_known_in_the_window(self, harness: Harness, clock: ManualClock) -> None:
        """Among the newest N, what is sent again counts once, whoever sends it. An older message
        that is met is a retry or a new message, and never refused."""
        with every_case() as case:
            for most in (2, 4, 50):
                key = f"{most}"
                with (
                    harness.open(policy=keeping(most), clock=clock) as store,
                    harness.open(policy=RetentionPolicy(max_messages=1), clock=clock) as narrow,
                ):
                    sent = batch(most + 25)
                    store.create("ana", session_id=key, messages=sent[:9])
                    store.append(key, *sent[9:])
                    with case(most, "the same"), unchanged(harness, key):
                        for writer in (store, narrow):
                            for again in (sent[-1:], sent[-2:], sent[-most:], sent):
                                assert writer.append(key, *again).version == 2
                            assert writer.append(key, sent[-most], if_version=7).version == 2
                    with case(most, "other content"), refused(InvalidInputError, harness, key):
                        other = message("other", message_id=sent[-most].message_id)
                        narrow.append(key, other)
                    with case(most, "order"), refused(InvalidInputError, harness, key):
                        store.append(key, sent[-1], sent[-2])
                    with case(most, "new"):
                        new = message("new")
                        after = narrow.append_and_get(key, *sent[-2:], new)
                        assert after.message_count == len(sent) + 1
                        assert told(all_of(store, key)) == told([*sent, new])
                    with case(most, "older"):
                        before = store.get(key)
                        after = store.append_and_get(key, sent[0])
                        assert after.message_count - before.message_count in (0, 1)
                        assert after.version == before.version or after.messages[-1] == sent[0]

    def test_an_append_to_a_history_has_336000_bytes(
        self, harness: Harness, clock: ManualClock
    ) -> None:
        """What one append adds weighs at most 336,000 bytes: what it brings again does not count,
        and life, owner and version come first. Without history any batch goes."""
        with (
            harness.open(policy=keeping(50), clock=clock) as store,
            harness.open(policy=RetentionPolicy(), clock=clock) as plain,
        ):
            sent = [message("x" * LARGE) for _ in range(21)]
            store.create("ana", session_id="there")
            for writer in (store, plain):
                with refused(InvalidInputError, harness, "there") as raised:
                    writer.append("there", *sent[:11], metadata={"a": 1})
                assert "336000" in str(raised.value)
            with refused(VersionConflictError, harness, "there"):
                store.append("there", *sent[:11], if_version=9)
            with refused(SessionNotFoundError, harness, "there"):
                store.append("there", *sent[:11], user_id="ben")
            assert plain.append("there", *sent[:10]).message_count == 10
            assert store.append("there", *sent[:20]).message_count == 20
            with refused(InvalidInputError, harness, "there"):
                store.append("there", *sent[10:], *(message("x" * LARGE) for _ in range(10)))
            assert told(all_of(plain, "there")) == told(sent[:20])
            plain.create("ana", session_id="none")
            assert told(plain.append_and_get("none", *sent).messages) == told(sent[-10:])


def _any_message(chance: random.Random) -> Message:
    return message("é" * chance.choice((0, 1, 30, 300)))
