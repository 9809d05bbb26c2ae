"""Conversations: begun by many, read as they were written."""

import random
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from chatstore import (
    ConfigurationError,
    MemorySessionStore,
    MemoryStorage,
    Message,
    SessionNotFoundError,
    VersionConflictError,
)
from chatstore.integrations.attempts import compare_and_set
from chatstore.integrations.conversations import Conversations, open_conversation_store
from chatstore.integrations.items import items_of

from .conversing import POLICY, new_items, values


@pytest.mark.parametrize("count", [None, 0, 1, 3, 49, 50, 51, 200, 1_000])
def test_the_newest_are_the_last_of_all(count: int | None) -> None:
    """The newest items are the end of the list of all, whether the window holds them or not, with
    items of one part and of many, and with what is no item between them."""
    store = MemorySessionStore(policy=POLICY)
    conversations = Conversations(store)
    choose = random.Random(7)  # noqa: S311  no secret
    expected = [f"{number}" * choose.choice((1, 1, 1, 1, 9_000)) for number in range(150)]
    for start in range(0, 150, 30):
        conversations.add("chat", "ana", new_items(*expected[start : start + 30]))
        store.append("chat", *broken())
    found = [item.value for item in conversations.newest("chat", "ana", count)]
    assert found == (expected if count is None else expected[len(expected) - min(count, 150) :])


def broken() -> Iterator[Any]:
    """Messages that are no items."""
    yield Message(type="user", content="no item")
    yield Message.model_validate({"type": "x", "content": "{", "encoding": "json/1"})


def test_a_session_of_somebody_else_does_not_exist() -> None:
    """A write to it is refused, and so is every read; nothing of it changes."""
    store = MemorySessionStore(policy=POLICY)
    Conversations(store).add("chat", "ana", new_items("hers"))
    before = store.get("chat")
    other = Conversations(store)
    for call in (
        lambda: other.add("chat", "ben", new_items("his")),
        lambda: other.newest("chat", "ben"),
        lambda: other.newest("chat", "ben", 3),
        lambda: other.whole("chat", "ben"),
    ):
        with pytest.raises(SessionNotFoundError):
            call()
    assert store.get("chat") == before


def test_two_who_begin_a_conversation_at_once_both_write() -> None:
    """Append, not found, create, exists, append again: of many first writers nobody fails, and
    nothing is lost."""
    storage = MemoryStorage()
    barrier = threading.Barrier(8)
    failed: list[BaseException] = []

    def begin(number: int) -> None:
        conversations = Conversations(MemorySessionStore(storage, policy=POLICY))
        barrier.wait(10)
        try:
            conversations.add("chat", "ana", new_items(number))
        except BaseException as error:  # noqa: BLE001  the test tells it
            failed.append(error)

    threads = [threading.Thread(target=begin, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert failed == []
    assert sorted(values(MemorySessionStore(storage, policy=POLICY))) == list(range(8))


def test_a_write_may_want_a_session_that_is_there() -> None:
    """`create=False`, or a version, writes to no session that does not exist."""
    store = MemorySessionStore(policy=POLICY)
    conversations = Conversations(store)
    with (
        pytest.raises(SessionNotFoundError),
        conversations.writing("chat", "ana", new_items(1)) as write,
    ):
        write.send(create=False)
    with (
        pytest.raises(SessionNotFoundError),
        conversations.writing("chat", "ana", new_items(1)) as write,
    ):
        write.send(if_version=1)
    conversations.add("chat", "ana", new_items(1))
    version = store.get("chat").version
    with conversations.writing("chat", "ana", new_items("large" * 200_000, 2)) as write:
        info = write.send(if_version=version)
    with (
        pytest.raises(VersionConflictError),
        conversations.writing("chat", "ana", new_items(3)) as write,
    ):
        write.send(if_version=info.version - 1)
    assert values(store) == [1, "large" * 200_000, 2]


def test_a_window_is_refused_at_once() -> None:
    """Over a store whose policy keeps no history an adapter says so when it is made, and says what
    to do."""
    with pytest.raises(ConfigurationError, match="open_conversation_store"):
        Conversations(MemorySessionStore())


def test_the_default_keeps_conversations_for_a_time() -> None:
    """A store opened for frameworks keeps history, and each conversation for the time given."""
    with open_conversation_store("memory://", ttl=timedelta(days=7)) as store:
        Conversations(store).add("chat", "ana", new_items(*range(70)))
        session = store.get("chat")
    assert (session.history, session.message_count) == (50, 70)
    assert session.expires_at == session.updated_at.replace(microsecond=0) + timedelta(days=7)


def test_the_whole_is_of_one_moment() -> None:
    """All messages and the session's version, read together; if somebody writes meanwhile, that is
    a conflict, and no mixture."""
    store = MemorySessionStore(policy=POLICY)
    conversations = Conversations(store)
    conversations.add("chat", "ana", new_items(*range(1_500)))
    messages, info = conversations.whole("chat", "ana")
    assert [item.value for item in items_of(messages)] == list(range(1_500))
    assert info.version == store.get("chat").version

    read = store.list_messages

    def with_a_writer(*arguments: Any, **options: Any) -> Any:
        page = read(*arguments, **options)
        store.update("chat", metadata={"x": 1})
        return page

    store.list_messages = with_a_writer  # type: ignore[method-assign]  # another writer
    with pytest.raises(VersionConflictError):
        conversations.whole("chat", "ana")


def test_an_attempt_that_is_overtaken_is_made_anew_for_a_while() -> None:
    """A compare-and-set goes on while others are faster, and ends with the conflict."""
    left = 5

    def attempt() -> str:
        nonlocal left
        left -= 1
        if left:
            raise VersionConflictError("chat", left)
        return "done"

    assert compare_and_set(attempt) == "done"
    left = -1
    with pytest.raises(VersionConflictError):
        compare_and_set(attempt)
    assert left > -100
