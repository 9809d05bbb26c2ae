"""State: how much of it there may be, and that it goes with the messages it belongs to."""

import random
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from chatstore import (
    InvalidInputError,
    JsonObject,
    MaintainedSessionStore,
    ManualClock,
    Message,
    MessageTooLargeError,
    RetentionPolicy,
    SessionNotFoundError,
    VersionConflictError,
)
from chatstore_contract_tests import oracle
from chatstore_contract_tests.behaviour import (
    START,
    Behaviour,
    batch,
    contents,
    message,
    refused,
    unchanged,
)
from chatstore_contract_tests.cases import every_case
from chatstore_contract_tests.harness import Harness
from chatstore_contract_tests.histories import keeping

MAPS = ("user_preferences", "metadata")

KINDS = (RetentionPolicy(), RetentionPolicy(max_messages=None), keeping(4))


class StateBehaviour(Behaviour):
    """Preferences and metadata, in updates and beside messages."""

    def test_a_map_has_32_kib(self, store: MaintainedSessionStore, harness: Harness) -> None:
        """At most 32 KiB after the merge, in each of the two maps; one entry may be as large as
        that, and what a patch removes makes room in it."""
        room = 32_768 - len("large") - len("small")
        with every_case() as case:
            for field in MAPS:
                with case(field):
                    key = f"of {field}"
                    store.create("ana", session_id=key)
                    change: Callable[[JsonObject], Any] = _changes(store, key, field)
                    change({"large": "x" * (room - 2), "small": 1})
                    for entries in ({"small": 10}, {"a": ""}, {"large": "y" * (room - 1)}):
                        with refused(InvalidInputError, harness, key) as raised:
                            change(entries)
                        assert field in str(raised.value)
                        assert "32768" in str(raised.value)
                    change({"large": "é" * (room // 2 - 1), "small": 2})
                    change({"small": None, "x": "x" * (len("small") + 1)})
                    change({"large": None, "x": None, "whole": "z" * 32_000})
                    change({"whole": "z" * (32_768 - len("whole"))})
                    found = getattr(store.get(key), field)
                    assert found == {"whole": "z" * (32_768 - len("whole"))}

    def test_any_patches_are_merged_as_counted(self, harness: Harness, clock: ManualClock) -> None:
        """Whatever is merged into what, by an update or beside a message, it is taken if and only
        if at most 256 keys and 32 KiB are left, or nothing is added and nothing grows."""
        chance = random.Random(6)  # noqa: S311 - test data
        taken, denied = 0, 0
        with harness.open(policy=keeping(4), clock=clock) as store, every_case() as case:
            store.create("ana", session_id="there")
            state: dict[str, JsonObject] = {field: {} for field in MAPS}
            for number in range(120):
                field = chance.choice(MAPS)
                patch = oracle.normal(_any_patch(chance, state[field]))
                merged = {name: each for name, each in state[field].items() if name not in patch}
                merged |= {name: each for name, each in patch.items() if each is not None}
                fits = (
                    len(merged) <= 256 or not merged.keys() - state[field].keys()
                ) and oracle.state_bytes(merged) <= 32_768
                given: dict[str, Any] = {field: patch}
                with case(number, field, len(merged), oracle.state_bytes(merged)):
                    sent = [] if chance.random() < 0.5 else [message()]
                    write = store.append if sent else store.update
                    if fits:
                        taken += 1
                        state[field] = merged
                        assert getattr(write("there", *sent, **given), field) == merged
                    else:
                        denied += 1
                        with refused(InvalidInputError, harness, "there"):
                            write("there", *sent, **given)
            with case("at the end"):
                found = store.get("there")
                assert {field: getattr(found, field) for field in MAPS} == state
        assert min(taken, denied) > 20, "not much was tried"

    def test_state_goes_with_the_messages(self, harness: Harness, clock: ManualClock) -> None:
        """An append changes preferences, metadata and status in the same write: one version, one
        time; a None removes its key, and what is not named stays."""
        with every_case() as case:
            for number, policy in enumerate(KINDS):
                key = f"{number}"
                with case(policy), harness.open(policy=policy, clock=clock) as store:
                    clock.now = START
                    store.create(
                        "ana",
                        session_id=key,
                        messages=batch(12),
                        user_preferences={"a": 1},
                        metadata={"b": 1, "c": {"d": None}},
                    )
                    clock.advance(timedelta(seconds=7))
                    info = store.append(
                        key,
                        *batch(2, "first"),
                        user_preferences={"a": None, "é": [1.0]},
                        metadata={"b": {"e": "#:[0]"}},
                        session_status="closed",
                    )
                    assert (info.version, info.message_count) == (2, 14)
                    assert info.user_preferences == {"é": [1]}
                    assert info.metadata == {"b": {"e": "#:[0]"}, "c": {"d": None}}
                    assert info.session_status == "closed"
                    assert info.updated_at == START + timedelta(seconds=7)
                    after = store.append_and_get(key, message("last"), metadata={"c": None})
                    assert (after.version, after.message_count) == (3, 15)
                    assert after.metadata == {"b": {"e": "#:[0]"}}
                    assert after.user_preferences == {"é": [1]}
                    assert contents(after)[-3:] == ["first 0", "first 1", "last"]
                    assert store.get(key) == after

    def test_a_retry_changes_no_state(self, harness: Harness, clock: ManualClock) -> None:
        """What is sent again changes no state, as it adds no message; with a new part both are
        done."""
        sent = batch(8)
        with every_case() as case:
            for number, policy in enumerate(KINDS):
                key = f"{number}"
                with case(policy), harness.open(policy=policy, clock=clock) as store:
                    store.create("ana", session_id=key, messages=batch(4, "before"))
                    store.append(key, *sent[:6], metadata={"step": 1})
                    store.update(key, metadata={"step": 2})
                    with unchanged(harness, key):
                        for again in (sent[:6], sent[4:6], sent[5:6]):
                            info = store.append(
                                key,
                                *again,
                                metadata={"step": 1},
                                user_preferences={"a": 1},
                                session_status="closed",
                            )
                            assert (info.metadata, info.version) == ({"step": 2}, 3)
                        assert store.append(key, sent[5], metadata=dict.fromkeys("ab")).version == 3
                    after = store.append_and_get(key, *sent[4:], metadata={"step": 3})
                    assert (after.metadata, after.message_count) == ({"step": 3}, 12)

    def test_messages_and_state_are_refused_together(
        self, harness: Harness, clock: ManualClock
    ) -> None:
        """Whatever of an append is refused, neither its messages nor its state are stored."""
        full = {f"key {number}": 1 for number in range(256)}
        with every_case() as case:
            for number, policy in enumerate(KINDS):
                key = f"{number}"
                with harness.open(policy=policy, clock=clock) as store:
                    stored = message("stored")
                    store.create(
                        "ana", session_id=key, messages=[*batch(14), stored], metadata=full
                    )
                    for name, (error, sent, state) in _bad(stored, full).items():
                        with case(policy, name), refused(error, harness, key):
                            store.append(key, sent, **state)
                        with case(policy, name), refused(error, harness, key):
                            store.append_and_get(key, sent, **state)
                    with case(policy, "version"), refused(VersionConflictError, harness, key):
                        store.append(key, message(), metadata={"more": 1}, if_version=7)
                    with case(policy, "owner"), refused(SessionNotFoundError, harness, key):
                        store.append(key, message(), metadata={"more": 1}, user_id="ben")
                    with case(policy, "nothing new"), unchanged(harness, key):
                        store.append(key, stored, metadata={"more": 1})


def _changes(
    store: MaintainedSessionStore, session_id: str, field: str
) -> Callable[[JsonObject], Any]:
    """Changes one of the maps, by an update and by an append in turns."""
    calls = 0

    def change(entries: JsonObject) -> Any:
        nonlocal calls
        calls += 1
        given: dict[str, Any] = {field: entries}
        if calls % 2:
            return store.update(session_id, **given)
        return store.append(session_id, message(), **given)

    return change


def _bad(
    stored: Message, full: JsonObject
) -> Mapping[str, tuple[type[InvalidInputError], Message, dict[str, Any]]]:
    """Appends of which one half is refused, to a session that holds `stored`, its metadata being
    `full` of keys."""
    good = {"metadata": {"key 1": 2}, "session_status": "closed"}
    other = message("other", message_id=stored.message_id)
    # Alone it would fit.
    large = dict.fromkeys(list(full)[:150], "x" * 210)
    return {
        "a 257th key": (InvalidInputError, message(), {"metadata": {"more": 1}}),
        "33 KiB": (InvalidInputError, message(), {"user_preferences": {"a": 1}, "metadata": large}),
        "a large message": (MessageTooLargeError, message("x" * 40_000), good),
        "other content": (InvalidInputError, other, good),
    }


def _any_patch(chance: random.Random, stored: JsonObject) -> JsonObject:
    """A patch that makes a map fuller or emptier, often to near its limits."""
    names = [*stored, *(f"{prefix} {number}" for number in range(300) for prefix in ("a", "é"))]
    match chance.randrange(5):
        case 0:
            return {name: number for number, name in enumerate(chance.sample(names, 200))}
        case 1:
            some = chance.sample(list(stored), min(len(stored), chance.choice((1, 50, 200))))
            return {"a": 7.5} if not some else dict.fromkeys(some)
        case 2:
            left = max(32_768 - oracle.state_bytes(stored), 2)
            name = chance.choice(("large", "larger"))
            known = oracle.size(name) + oracle.size(stored[name]) if name in stored else 0
            length = left + known - len(name) + chance.choice((-1, 0, 0, 1, -500))
            return {name: "x" * max(min(length, 32_768 - len(name)), 0)}
        case 3:
            return {chance.choice(names): [chance.choice(("é" * 900, "", None, 1e23, True))]}
        case _:
            some = chance.sample(names, 5)
            return {name: chance.choice((None, 1, {"b": None})) for name in some}
