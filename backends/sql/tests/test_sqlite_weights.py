"""The weights that come with a record: from the rows, and only where bytes may decide."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine

from chatstore import Message, RetentionPolicy, utc_now
from chatstore.clock import Moment
from chatstore.engine import Stored, document_weights
from chatstore_sql import SQLSessionStore, create_sqlite_engine

BOUNDED = RetentionPolicy(max_messages=None, max_window_bytes=4_000, max_message_bytes=1_000)


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = create_sqlite_engine(":memory:")
    yield engine
    engine.dispose()


def message(number: int, size: int) -> Message:
    """A message whose id and content are longer in UTF-8 than in characters."""
    given = {"messageId": f"ñ{number}🎬", "type": "user", "content": "é" * size}
    return Message.model_validate({**given, "step": number / 2})


def weights_in(body: Any) -> list[int]:
    """What the messages in a record weigh, by what they are."""
    return document_weights(json.loads(body)["messages"])


@pytest.mark.parametrize("sizes", [[300, 1, 200, 40], [450] * 4, [5] * 60])
def test_a_heavy_record_brings_its_weights(engine: Engine, sizes: list[int]) -> None:
    """Where bytes may decide and the record is no short one, each way to read it brings what core
    would find by weighing each message: the store need not."""
    with SQLSessionStore(engine, policy=BOUNDED) as store:
        messages = [message(number, size) for number, size in enumerate(sizes)]
        store.create("ana", session_id="chat", messages=messages[:1])
        for each in messages[1:]:
            store.append("chat", each)
        loaded = store.engine.load("chat")
        assert loaded is not None
        assert loaded.weights == weights_in(loaded.body)
        assert sum(loaded.weights or ()) <= BOUNDED.max_window_bytes
        found, _ = store.engine.scan(limit=10, after=None, now=Moment.read(utc_now))
        assert found == [("chat", loaded)]


@pytest.mark.parametrize("size", [1, 400])
def test_an_append_brings_the_weights_of_what_is_left(engine: Engine, size: int) -> None:
    """Those of the window that it returns, after what had to go."""
    seen: list[Stored] = []
    with SQLSessionStore(engine, policy=BOUNDED) as store:
        store.create("ana", session_id="chat")
        append = store.engine.append

        def note(*given: Any, **options: Any) -> Stored:
            stored = append(*given, **options)
            seen.append(stored)
            return stored

        store.engine.append = note  # type: ignore[method-assign]
        for number in range(0, 12, 2):
            store.append_and_get("chat", message(number, size), message(number + 1, 1))
    assert [stored.weights for stored in seen] == [weights_in(stored.body) for stored in seen]


@pytest.mark.parametrize(
    "policy", [RetentionPolicy(), RetentionPolicy(max_messages=None)], ids=["count", "short"]
)
def test_no_weights_where_none_are_needed(engine: Engine, policy: RetentionPolicy) -> None:
    """Where the count decides, or the record is so short that its bytes can't, none are read."""
    with SQLSessionStore(engine, policy=policy) as store:
        store.create("ana", session_id="chat", messages=[message(n, 400) for n in range(10)])
        loaded = store.engine.load("chat")
        assert loaded is not None
        assert loaded.weights is None
        assert len(store.get("chat").messages) == 10
