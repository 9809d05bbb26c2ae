"""Long lives on every engine at once: a conversation that moves from engine to engine, one that is
renewed for a year, and the largest that a conversation may be."""

import os
import random
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import legs
from chatstore import JsonObject, MaintainedSessionStore, ManualClock, Message, RetentionPolicy
from chatstore.record.encode import raw_document
from chatstore_contract_tests.harness import Harness
from chatstore_contract_tests.histories import all_of, keeping, told
from chatstore_contract_tests.parity.running import taken

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def clock() -> ManualClock:
    """Noon of some day."""
    return ManualClock(START)


@pytest.fixture
def harnesses(tmp_path: Path) -> Iterator[dict[str, Harness]]:
    """A fresh storage on each engine: memory, SQLite, and each server that runs."""
    servers = [url for name in legs.VARIABLES.values() if (url := os.environ.get(name))]
    with taken([f"sqlite:///{tmp_path}/chat.db", *servers]) as stores, ExitStack() as stack:
        yield {name: stack.enter_context(fresh()) for name, fresh in stores.items()}


def any_message(choose: random.Random, number: int) -> Message:
    """A message of one of the shapes that there are."""
    shapes: tuple[JsonObject, ...] = (
        {"type": "user", "content": "x" * choose.choice((0, 9, 3_000))},
        {"type": "user", "content": [{"type": "text", "text": "é\U0001f600", "n": 2**60}]},
        {"type": "assistant", "toolCalls": [{"id": "a", "function": {"arguments": "{}"}}]},
        {"type": "tool", "toolCallId": "a", "name": "find", "content": "1", "metadata": {"n": 0.5}},
        {"type": "odd", "content": "", "confidence": 0.25, "unknown": [None, {"deep": ["1"]}]},
    )
    when = START + timedelta(microseconds=number)
    shape = choose.choice(shapes)
    return Message.model_validate({**shape, "messageId": f"m{number}", "timestamp": when})


def exported(store: MaintainedSessionStore) -> dict[str, object]:
    """All that a store holds: each session as it is, and all its messages."""
    found: dict[str, object] = {}
    cursor = None
    while True:
        page = store.scan(cursor=cursor)
        for session in page.items:
            document = raw_document(session)
            found[session.session_id] = (document, told(all_of(store, session.session_id)))
        if (cursor := page.next_cursor) is None:
            return found


def copy(source: MaintainedSessionStore, target: MaintainedSessionStore) -> None:
    """Every session, by `scan` and `restore`."""
    cursor = None
    while True:
        page = source.scan(cursor=cursor, limit=7)
        for session in page.items:
            before: list[Message] = []
            if session.keeps_history:
                kept = all_of(source, session.session_id)
                before = kept[: len(kept) - len(session.messages)]
            target.restore(session, history=before, overwrite=True)
        if (cursor := page.next_cursor) is None:
            return


def test_conversations_travel_unchanged(harnesses: dict[str, Harness], clock: ManualClock) -> None:
    """Copied from engine to engine by `scan` and `restore`, and back to the first, sessions with a
    history and without are the same on each: every attribute, every message, their order."""
    choose = random.Random(11)  # noqa: S311 - chance, not secrecy
    policies = (keeping(4, ttl=None), keeping(50), RetentionPolicy(max_messages=30))
    numbers = iter(range(10_000))
    with ExitStack() as stack:
        stores = {
            name: stack.enter_context(harness.open(policy=keeping(50), clock=clock))
            for name, harness in harnesses.items()
        }
        for index in range(12):
            policy = policies[index % 3]
            with harnesses["sqlite"].open(policy=policy, clock=clock) as writer:
                session_id = f"chat {index}"
                writer.create(f"user {index % 4}", session_id=session_id, metadata={"n": index})
                for _ in range(choose.choice((0, 3, 9, 30))):
                    batch = [
                        any_message(choose, next(numbers)) for _ in range(choose.choice((1, 7)))
                    ]
                    clock.advance(timedelta(seconds=1))
                    writer.append(session_id, *batch, user_preferences={"é": [choose.random()]})
        first = exported(stores["sqlite"])
        assert len(first) == 12
        names = [*(name for name in stores if name != "sqlite"), "sqlite"]
        before = stores["sqlite"]
        for name in names:
            if name == "sqlite":
                for session_id in first:
                    assert stores[name].delete(session_id)
            copy(before, stores[name])
            assert exported(stores[name]) == first, name
            before = stores[name]


def test_a_year_of_renewals(harnesses: dict[str, Harness], clock: ManualClock) -> None:
    """A session that is written to every day for a year has its whole history, whatever its ttl of
    30 days; when it has expired nothing of it is visible, and after `purge_expired` nothing of it
    is stored: no row, no key, no item."""
    with ExitStack() as stack:
        policy = keeping(5, ttl=30 * DAY)
        stores = {
            name: stack.enter_context(harness.open(policy=policy, clock=clock))
            for name, harness in harnesses.items()
        }
        numbers = iter(range(10_000))
        choose = random.Random(12)  # noqa: S311 - chance, not secrecy
        sent: list[Message] = []
        for store in stores.values():
            store.create("ana", session_id="year")
        for day in range(365):
            clock.advance(DAY)
            batch = [any_message(choose, next(numbers)) for _ in range(2)]
            sent += batch
            for store in stores.values():
                store.append("year", *batch, metadata={"day": day})
        for name, store in stores.items():
            assert told(all_of(store, "year")) == told(sent), name
        clock.advance(30 * DAY)
        for name, store in stores.items():
            assert store.get_many(["year"]) == [], name
            assert store.list_sessions("ana").items == [], name
            assert store.scan().items == [], name
        for name, store in stores.items():
            store.purge_expired()
            harnesses[name].settle()
            assert harnesses[name].raw_read("year") is None, name


def test_the_largest_conversation_is_kept(
    harnesses: dict[str, Harness], clock: ManualClock
) -> None:
    """200 messages of 32,768 bytes with the largest preferences and metadata there may be: no
    append is refused, and all of it is there."""
    state = {f"{number:03}": "x" * 123 for number in range(256)}
    sent = [
        Message(type="user", content="x" * 32_600, message_id=f"m{number}", timestamp=START)
        for number in range(200)
    ]
    for name, harness in harnesses.items():
        with harness.open(policy=RetentionPolicy(keep_history=True), clock=clock) as store:
            store.create("ana", session_id="large")
            store.update("large", user_preferences=state, metadata=state)
            for each in sent:
                store.append("large", each)
            assert told(all_of(store, "large")) == told(sent), name
            session = store.get("large")
            assert (session.user_preferences, session.metadata) == (state, state), name
            assert len(session.messages) == 10, name
            store.delete("large")
            assert harness.raw_read("large") is None, name
