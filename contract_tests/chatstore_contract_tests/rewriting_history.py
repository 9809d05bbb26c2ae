"""Rewriting a history: what is shown is replaced, and older messages slide into view."""

import random

from chatstore import (
    InvalidInputError,
    MaintainedSessionStore,
    ManualClock,
    Message,
    RetentionPolicy,
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

READERS = (None, NARROW, RetentionPolicy(max_messages=None, max_message_bytes=2_000))
"""Policies of those who rewrite; None: the creator's."""


class RewritingHistoryBehaviour(Behaviour):
    """rewrite, of what is shown and of the whole."""

    def test_a_popped_message_lets_older_ones_slide_in(
        self, harness: Harness, clock: ManualClock
    ) -> None:
        """`rewrite` replaces what its caller is shown, and nothing before it: pop, edit, clear and
        append, again and again, until nothing is left."""
        chance = random.Random(10)  # noqa: S311 - test data
        with every_case() as case:
            for most in (1, 4, 10):
                for number, reader in enumerate(READERS):
                    key, policy = f"{most} {number}", reader or keeping(most)
                    with (
                        harness.open(policy=keeping(most), clock=clock) as creator,
                        harness.open(policy=policy, clock=clock) as store,
                    ):
                        kept = batch(26, "first")
                        creator.create("ana", session_id=key, messages=kept)
                        for turn in range(14):
                            with case(most, policy, turn):
                                kept = _turn(chance, store, key, kept, most)
                        with case(most, policy, "all"):
                            assert told(all_of(creator, key)) == told(kept)
                        with case(most, policy, "nothing left"):
                            few = batch(2 * most + 1)
                            creator.rewrite(key, few, if_version=None, whole=True)
                            for _ in few:
                                store.rewrite(key, [], if_version=None)
                            left = store.get(key)
                            assert (left.messages, left.message_count) == ([], 0)
                            store.append(key, few[-1], message("new"))
                            assert contents(creator.get(key))[-1:] == ["new"]
                            assert creator.list_messages(key).items[-1] == few[-1]

    def test_a_rewrite_of_a_history_holds_its_window(
        self, harness: Harness, clock: ManualClock
    ) -> None:
        """`rewrite` takes at most as many messages as the session's window holds, and 336,000
        bytes of them, whoever calls; the version comes first."""
        wide = RetentionPolicy(max_messages=None)
        with (
            harness.open(policy=keeping(20), clock=clock) as store,
            harness.open(policy=wide, clock=clock) as other,
        ):
            sent = batch(40)
            store.create("ana", session_id="there", messages=sent)
            for writer in (store, other):
                with refused(InvalidInputError, harness, "there") as raised:
                    writer.rewrite("there", batch(21), if_version=1)
                assert "20" in str(raised.value)
                with refused(InvalidInputError, harness, "there") as raised:
                    large = [message("x" * 32_000) for _ in range(11)]
                    writer.rewrite("there", large, if_version=1)
                assert "336000" in str(raised.value)
                with refused(VersionConflictError, harness, "there"):
                    writer.rewrite("there", batch(21), if_version=7)
            after = other.rewrite("there", batch(20, "new"), if_version=1)
            assert contents(after) == [f"new {number}" for number in range(20)]
            assert told(all_of(store, "there")) == told([*sent[:20], *after.messages])

    def test_a_whole_rewrite_replaces_all(self, harness: Harness, clock: ManualClock) -> None:
        """With `whole`, all that is kept is replaced, by as many messages as are given, whoever
        calls; without history the window is, and the writer's policy trims."""
        with (
            harness.open(policy=keeping(4), clock=clock) as store,
            harness.open(policy=NARROW, clock=clock) as narrow,
            harness.open(policy=RetentionPolicy(), clock=clock) as plain,
        ):
            store.create("ana", session_id="there", messages=batch(37))
            for number, writer in enumerate((store, narrow, plain)):
                for length in (130, 5, 1, 0, 12):
                    new = batch(length, f"{number} {length}")
                    version = None if length % 2 else store.get("there").version
                    after = writer.rewrite("there", new, if_version=version, whole=True)
                    assert told(after.messages) == told(new[max(length - len(after.messages), 0) :])
                    assert len(after.messages) == min(length, 4, writer.policy.max_messages or 4)
                    assert after.message_count == length
                    assert told(all_of(plain, "there")) == told(new)
                    new.append(message("more"))
                    writer.append("there", new[-1])
                    assert told(all_of(plain, "there")) == told(new)
            plain.create("ana", session_id="none", messages=batch(25))
            after = narrow.rewrite("none", batch(5, "new"), if_version=1, whole=True)
            assert contents(plain.get("none")) == contents(after) == ["new 2", "new 3", "new 4"]
            assert after.message_count == 25 - 10 + 5

    def test_a_rewrite_of_a_history_sent_again_has_happened(
        self, harness: Harness, clock: ManualClock
    ) -> None:
        """One version further, and with exactly these messages at its end, a session with history
        has been rewritten already; anything else is `VersionConflictError`."""
        with every_case() as case:
            for most, whole in ((1, False), (4, False), (4, True), (50, True)):
                key = f"{most} {whole}"
                with case(key), harness.open(policy=keeping(most), clock=clock) as store:
                    store.create("ana", session_id=key, messages=batch(20))
                    edited = batch(min(most, 3) + 40 * whole, "edited")
                    first = store.rewrite(key, edited, if_version=1, whole=whole)
                    with unchanged(harness, key):
                        again = store.rewrite(key, edited, if_version=1, whole=whole)
                        assert again == first
                    others = [
                        [*edited[:-1], message("mine")],
                        [*edited[:-1], edited[-1].model_copy(update={"content": "else"})],
                        edited[::-1] if len(edited) > 1 else batch(1),
                        [message("more"), *edited][: max(most, 50 * whole)],
                    ]
                    if whole:
                        others.append(edited[1:])
                    for other in others:
                        if other != edited:
                            with refused(VersionConflictError, harness, key):
                                store.rewrite(key, other, if_version=1, whole=whole)
                    store.update(key)
                    with refused(VersionConflictError, harness, key):
                        store.rewrite(key, edited, if_version=1, whole=whole)


def _turn(
    chance: random.Random,
    store: MaintainedSessionStore,
    key: str,
    kept: list[Message],
    most: int,
) -> list[Message]:
    """Do one thing to the session, by the version or without; what is kept after it."""
    before = store.get(key)
    shown = oracle.shown_of_history(kept, most, store.policy)
    assert told(before.messages) == told(shown)
    rest = kept[: len(kept) - len(shown)]
    version = chance.choice((None, before.version))
    what = chance.choice(("append", "pop", "pop", "edit", "clear", "more"))
    if what == "append":
        added = batch(chance.choice((1, 3, 12)), "added")
        after = store.append_and_get(key, *added, if_version=version)
        expected = [*kept, *added]
    else:
        given = {
            "pop": shown[:-1],
            "edit": [*shown[:1], *batch(len(shown[1:]), "edited")],
            "clear": [],
            "more": batch(chance.randint(0, most), "more"),
        }[what]
        after = store.rewrite(key, given, if_version=version)
        expected = [*rest, *given]
    assert told(after.messages) == told(oracle.shown_of_history(expected, most, store.policy))
    assert (after.message_count, after.version) == (len(expected), before.version + 1)
    assert store.get(key) == after
    newest = store.list_messages(key, limit=12).items
    assert told(newest[::-1]) == told(expected[-12:])
    return expected
