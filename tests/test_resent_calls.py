"""A driver sends a call again whose answer was lost. The engine refuses what it has done already;
the store finds its own result, and returns it as if nothing had happened."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatstore import (
    ManualClock,
    MemorySessionStore,
    Message,
    RetentionPolicy,
    Session,
    VersionConflictError,
)
from chatstore.clock import Moment
from chatstore.engine import Body, StoredMessage, StoredSession, Write
from chatstore.memory import MemoryEngine
from chatstore_contract_tests.behaviour import START, message
from sweeps import sweep


class Resending(MemoryEngine):
    """A driver that never sees the first answer to a write."""

    def insert(self, session: StoredSession, now: Moment) -> bool:
        super().insert(session, now)
        return super().insert(session, now)

    def rewrite(self, write: Write, messages: Sequence[StoredMessage], *, whole: bool) -> Body:
        super().rewrite(write, messages, whole=whole)
        return super().rewrite(write, messages, whole=whole)

    def amend(self, write: Write, message: StoredMessage) -> Body:
        super().amend(write, message)
        return super().amend(write, message)


MESSAGES = [message(f"{number}", message_id=f"m{number}", timestamp=START) for number in range(9)]
CHOSEN = st.lists(st.sampled_from(MESSAGES), max_size=4, unique_by=lambda each: each.message_id)


def opened(engine: MemoryEngine, policy: RetentionPolicy, kept: int) -> MemorySessionStore:
    """A store with one session, of so many messages."""
    store = MemorySessionStore(engine, policy=policy, clock=ManualClock(START))
    store.create("ana", session_id="s")
    for each in MESSAGES[:kept]:
        store.append("s", each)
    return store


def seen(session: Session) -> Session:
    """The session without the token that each store mints."""
    return session.model_copy(update={"creation_id": None})


@sweep(400)
@given(st.booleans(), st.integers(0, 8), CHOSEN, st.booleans(), st.booleans())
def test_a_rewrite_finds_its_own_result(
    keep: bool, kept: int, given_messages: list[Message], whole: bool, knows_version: bool
) -> None:
    """With history and without, of the window or of all, with a version or with none: what comes
    back is what comes back to whoever hears the answer. Only that a whole window of a history was
    taken away, and nothing put in its place, can't be told from what is there."""
    policy = RetentionPolicy(max_messages=4, keep_history=keep)
    heard, resent = (opened(engine, policy, kept) for engine in (MemoryEngine(), Resending()))
    version = heard.get("s").version if knows_version else None

    def rewrite(store: MemorySessionStore) -> Session:
        return seen(store.rewrite("s", given_messages, if_version=version, whole=whole))

    expected = rewrite(heard)
    if keep and knows_version and not whole and not given_messages:
        with pytest.raises(VersionConflictError):
            rewrite(resent)
    else:
        assert rewrite(resent) == expected
    assert list(resent.iter_messages("s")) == list(heard.iter_messages("s"))
    assert seen(resent.get("s")) == expected


@given(st.booleans(), st.integers(1, 8), st.data(), st.booleans())
def test_an_amended_message_is_amended_once(
    keep: bool, kept: int, data: st.DataObject, knows_version: bool
) -> None:
    """The second attempt finds that the message says the same already, whatever version it asks
    for."""
    policy = RetentionPolicy(max_messages=4, keep_history=keep)
    store = opened(Resending(), policy, kept)
    before = store.get("s")
    old = data.draw(st.sampled_from(before.messages))
    new = old.model_copy(update={"content": "other"})
    amended = store.amend("s", new, if_version=before.version if knows_version else None)
    assert amended.version == before.version + 1
    assert amended.messages == [new if each is old else each for each in before.messages]


@given(st.booleans(), CHOSEN)
def test_a_session_is_created_once(keep: bool, given_messages: list[Message]) -> None:
    """The second attempt meets the first one's session, and knows it."""
    policy = RetentionPolicy(max_messages=2, keep_history=keep)
    store = MemorySessionStore(Resending(), policy=policy)
    created = store.create("ana", messages=given_messages)
    assert created == store.get(created.session_id)
    assert created.messages == given_messages[-2:]
    assert store.list_messages(created.session_id).items[::-1] == (
        given_messages if keep else given_messages[-2:]
    )
