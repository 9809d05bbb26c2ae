"""What a client notices of a cache that dies and comes back: nothing."""

import random
from collections.abc import Sequence
from functools import partial

import pytest

from chatstore import (
    MaintainedSessionStore,
    ManualClock,
    MemorySessionCache,
    MemorySessionStore,
    Message,
    RetentionPolicy,
    Session,
)
from chatstore_contract_tests.cached import DyingCacheHarness
from chatstore_contract_tests.comparing import Call, outcome
from chatstore_contract_tests.memory import MemoryHarness

from .shared import said

Backup = tuple[Session, Sequence[Message]]
"""A session, and the history before its window."""


@pytest.mark.parametrize(
    "policy", [RetentionPolicy(), RetentionPolicy(max_messages=3, keep_history=True)]
)
def test_one_client_notices_nothing_of_a_dying_cache(policy: RetentionPolicy) -> None:
    """Through thousands of calls on one session, with history or without, whatever the cache missed
    and however old what it comes back with: each answer is the reference's."""
    cache = MemorySessionCache()
    harness = DyingCacheHarness(
        "one", MemoryHarness(), connect=lambda: cache, forget=cache.forget, is_for_one=True
    )
    reference, store = MemoryHarness().open(policy=policy), harness.open(policy=policy)
    clock = ManualClock()
    reference.clock = store.clock = clock
    assert isinstance(store.primary, MemorySessionStore)
    store.primary.clock = clock
    chance = random.Random(3)  # noqa: S311 - chance, not secrecy
    backups: list[Backup] = [(reference.create("ana", session_id="a"), ())]
    store.create("ana", session_id="a")
    for number in range(3_000):
        if number % 20 == 0:
            # Tombstones would last longer than this test.
            cache.forget()
        message = said(str(number))
        backup, amended = chance.choice(backups), _amended(reference, chance)
        calls: Sequence[Call] = (
            lambda each: each.get("a"),
            lambda each: each.get("a"),
            partial(_get_last, chance.randrange(5)),
            lambda each: each.get_many(["a"]),
            lambda each: list(each.iter_messages("a", page_size=2)),
            lambda each: each.list_messages("a", limit=1).version,
            partial(_append, message),
            partial(_append_with_state, message, number),
            partial(_amend, amended),
            partial(_update, number),
            partial(_rewrite, message, bool(number % 3)),
            lambda each: each.delete("a"),
            lambda each: each.create("ana", session_id="a"),
            partial(_restore, backup),
        )
        call = chance.choice(calls)
        assert outcome(call, store) == outcome(call, reference), number
        backups += [(each, _history(reference, each)) for each in reference.get_many(["a"])]
    assert store.stats().hits > 20


def _amended(reference: MaintainedSessionStore, chance: random.Random) -> Message:
    """Another content for a message of the session's, or for one that is not there."""
    stored = [message for each in reference.get_many(["a"]) for message in each.messages]
    message = chance.choice([*stored, said("unknown")])
    return message.model_copy(update={"content": [{"type": "text", "text": chance.random()}]})


def _history(reference: MaintainedSessionStore, session: Session) -> Sequence[Message]:
    """What is kept before the session's window."""
    if not session.keeps_history:
        return ()
    kept = list(reference.iter_messages("a", newest_first=False))
    return kept[: len(kept) - len(session.messages)]


def _get_last(last: int, store: MaintainedSessionStore) -> object:
    return store.get("a", last=last)


def _append(message: Message, store: MaintainedSessionStore) -> object:
    return store.append("a", message)


def _append_with_state(message: Message, number: int, store: MaintainedSessionStore) -> object:
    return store.append("a", message, metadata={"appended": number})


def _amend(message: Message, store: MaintainedSessionStore) -> object:
    return store.amend("a", message)


def _update(number: int, store: MaintainedSessionStore) -> object:
    return store.update("a", metadata={"n": number})


def _rewrite(message: Message, whole: bool, store: MaintainedSessionStore) -> object:
    return store.rewrite("a", [message], if_version=None, whole=whole)


def _restore(backup: Backup, store: MaintainedSessionStore) -> object:
    session, history = backup
    return store.restore(session, history=history, overwrite=True)  # type: ignore[func-returns-value]
