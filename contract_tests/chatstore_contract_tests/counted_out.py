"""The rules of the documents, held against a store by values chosen at random."""

import random
from datetime import timedelta
from typing import Any

from chatstore import MaintainedSessionStore, ManualClock, Message, RetentionPolicy
from chatstore_contract_tests import oracle
from chatstore_contract_tests.behaviour import START, Behaviour, message
from chatstore_contract_tests.cases import every_case
from chatstore_contract_tests.harness import Harness
from chatstore_contract_tests.hostile import IDS
from chatstore_contract_tests.numbers import typed

POLICIES = (
    RetentionPolicy(max_messages=3, max_message_bytes=1_000),
    RetentionPolicy(max_messages=99, max_message_bytes=1_000),
    RetentionPolicy(max_messages=100, max_message_bytes=1_000),
    RetentionPolicy(max_messages=150, max_message_bytes=1_000),
    RetentionPolicy(max_messages=None, max_message_bytes=1_000),
    RetentionPolicy(max_messages=None, max_message_bytes=1_000, max_window_bytes=9_000),
    RetentionPolicy(max_messages=120, max_message_bytes=1_000, max_window_bytes=30_000),
)
"""Windows on both sides of a hundred messages, and of bytes; the narrow share with the wide."""

TURNS = 12


class CountedOutBehaviour(Behaviour):
    """The window, the numbers and the order."""

    def test_clients_of_any_window_share_a_session(
        self, harness: Harness, clock: ManualClock
    ) -> None:
        """A write trims to its writer's policy and a read shows its reader's, whoever wrote before:
        a wide window that a narrower writer has cut grows again, to beyond a hundred."""
        chance = random.Random(1)  # noqa: S311 - test data
        stores = [harness.open(policy=policy, clock=clock) for policy in POLICIES]
        session_id = stores[0].create("ana").session_id
        kept: list[Message] = []
        count = 0
        with every_case() as case:
            for turn in range(TURNS):
                # Once to each, from the widest to the narrowest and back, and then by chance.
                writer = (-3, 0, 3, 4, 1, 2, 6, 5)[turn] if turn < 8 else chance.randrange(7)
                with case(turn, f"policy {writer}"):
                    added = [_any_message(chance) for _ in range(chance.choice((1, 5, 60, 100)))]
                    count += len(added)
                    kept = oracle.window([*kept, *map(_normal, added)], POLICIES[writer])
                    after = stores[writer].append_and_get(session_id, *added)
                    assert after.messages == kept
                    assert after.message_count == count
                for reader in chance.sample(range(len(POLICIES)), 2):
                    with case(turn, f"reader {reader}"):
                        shown = stores[reader].get(session_id).messages
                        assert shown == oracle.window(kept, POLICIES[reader])
        for store in stores:
            store.close()

    def test_any_number_has_the_form_of_the_documents(self, store: MaintainedSessionStore) -> None:
        """Numbers of all magnitudes, where digits end and where an int begins, come back in the one
        form, from a write and from a read."""
        chance = random.Random(2)  # noqa: S311 - test data
        with every_case() as case:
            for _ in range(5):
                numbers = [_any_number(chance) for _ in range(200)]
                sent = message(numbers=numbers, nested={"first": [numbers[0]]})
                created = store.create("ana", messages=[sent], metadata={"n": numbers[:10]})
                found = store.get(created.session_id)
                for session in (created, found):
                    shown = (session.messages[0].model_extra or {})["numbers"]
                    for given, read in zip(numbers, shown, strict=True):
                        with case(given):
                            assert typed(read) == typed(oracle.number(given))
                    assert session.metadata == {"n": [oracle.number(each) for each in numbers[:10]]}

    def test_any_list_has_the_order_of_the_documents(
        self, store: MaintainedSessionStore, clock: ManualClock, harness: Harness
    ) -> None:
        """Whatever the ids, the times, the filters and the size of a page: the pages join to what
        the documents say, newest first and oldest first."""
        chance = random.Random(3)  # noqa: S311 - test data
        sessions: list[oracle.Listed] = []
        ids = [*IDS.values(), *("A", "a", "b", "B", "ab", "z", "é", "10", "9")]
        # By code points and by UTF-8 these stand in one order, by UTF-16 in another.
        ids += ["\ue000", "\uff5e", "\uffff", "\U00010000", "\U0001f600", "\U000f0000"]
        for session_id in dict.fromkeys(chance.sample(ids, len(ids))):
            # Many in one microsecond, and clocks go back.
            clock.now = START + timedelta(microseconds=chance.choice((0, 0, 0, 0, 1, 999_999, -1)))
            status = chance.choice(("active", "closed"))
            store.create("ana", session_id=session_id, session_status=status)
            sessions.append(oracle.Listed(session_id, clock.now, status))
        harness.settle()
        with every_case() as case:
            for number in range(24):
                options: dict[str, Any] = {
                    "newest_first": number % 2 == 0,
                    "created_from": _any_bound(chance),
                    "created_before": _any_bound(chance),
                }
                status_or_none = chance.choice((None, "active", "closed"))
                with case(*options.items(), status_or_none):
                    shown = store.iter_sessions(
                        "ana",
                        page_size=chance.choice((1, 2, 7, 100)),
                        session_status=status_or_none,
                        **options,
                    )
                    expected = oracle.page(sessions, status=status_or_none, **options)
                    assert [each.session_id for each in shown] == expected


def _any_message(chance: random.Random) -> Message:
    content = chance.choice(("x", "é", "😀", "\n")) * chance.choice((0, 1, 10, 40))
    return message(content, extra=[_any_number(chance), {"é": None, "b": [True, 7.0]}])


def _normal(sent: Message) -> Message:
    extra = oracle.normal(sent.model_extra or {})
    return sent.model_copy(update=extra)


def _any_number(chance: random.Random) -> float:
    sign: int = chance.choice((1, -1))
    match chance.randrange(4):
        case 0:
            return sign * chance.randrange(10 ** chance.randint(1, 38))
        case 1:
            power: int = 10 ** chance.randint(0, 37)
            return sign * power + chance.choice((-1, 0, 1))
        case 2:
            digits = chance.randrange(10 ** chance.randint(1, 17))
            return sign * float(f"{digits}e{chance.randint(-100, 100)}")
        case _:
            return sign * chance.choice((0.0, 1e37, 1e38, 9.999999999999999e37, 1e22, 0.1, 2.0**63))


def _any_bound(chance: random.Random) -> Any:
    moved = chance.choice((None, None, -1, 0, 1, 2, 999_999, 1_000_000))
    return None if moved is None else START + timedelta(microseconds=moved)
