"""Conversations: written once whatever happens to the answers, and read as they were written."""

import random
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

from chatstore import (
    BackendUnavailableError,
    ConfigurationError,
    MemorySessionStore,
    MemoryStorage,
    Message,
    RetentionPolicy,
    SessionNotFoundError,
    VersionConflictError,
)
from chatstore.integrations.attempts import compare_and_set
from chatstore.integrations.conversations import Conversations, open_conversation_store
from chatstore.integrations.items import NewItem, items_of
from chatstore.models import Session, SessionInfo

POLICY = RetentionPolicy(max_messages=50, keep_history=True)
SMALL = RetentionPolicy(max_messages=50, keep_history=True, max_message_bytes=1_100)
"""Under which an item of 8,000 bytes takes two appends."""


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests don't wait for what waits."""
    monkeypatch.setattr("chatstore.integrations.attempts._LONGEST_PAUSE", 0)


class LossyStore(MemorySessionStore):
    """A store some of whose writes fail: before they happen, or after, with the answer lost."""

    def __init__(self, share: float, seed: int) -> None:
        super().__init__(policy=SMALL)
        self._share = share
        self._choose = random.Random(seed)  # noqa: S311  no secret
        self.writes = 0

    def append(self, *arguments: Any, **options: Any) -> SessionInfo:
        """The store's, unless it fails."""
        with self._failing():
            return super().append(*arguments, **options)

    def create(self, *arguments: Any, **options: Any) -> Session:
        """The store's, unless it fails."""
        with self._failing():
            return super().create(*arguments, **options)

    def _failing(self) -> "Failing":
        self.writes += 1
        chance = self._choose.random()
        return Failing(before=chance < self._share / 2, after=chance > 1 - self._share / 2)


class Failing:
    """Fails at the beginning, or at the end."""

    def __init__(self, *, before: bool, after: bool) -> None:
        self._before, self._after = before, after

    def __enter__(self) -> None:
        if self._before:
            raise BackendUnavailableError("refused")

    def __exit__(self, kind: object, *_: object) -> None:
        if self._after and kind is None:
            raise BackendUnavailableError("no answer")


def values(store: MemorySessionStore, session_id: str = "chat") -> list[Any]:
    """All that is kept, oldest first."""
    messages = store.iter_messages(session_id, user_id="ana", newest_first=False)
    return [item.value for item in items_of(messages)]


def new_items(*contents: object) -> list[NewItem]:
    """Items without ids."""
    return [NewItem(content, "item") for content in contents]


@pytest.mark.parametrize("share", [0.2, 0.7])
@pytest.mark.parametrize("seed", range(8))
def test_a_write_whose_outcome_is_unknown_is_stored_once(seed: int, share: float) -> None:
    """Whichever answers are lost, a caller who gives the same items again until that succeeds finds
    each of them once, in order: items without ids, equal ones in a row, and ones that take several
    appends. Nothing else is minted meanwhile."""
    choose = random.Random(seed)  # noqa: S311  no secret
    store = LossyStore(share, seed)
    conversations = Conversations(store)
    expected: list[object] = []
    for turn in range(21):
        contents = [
            choose.choice(("yes", turn, "large" * choose.choice((1, 500, 2_000))))
            for _ in range(choose.choice((1, 2, 230)) if turn % 10 == 0 else 2)
        ]
        for _ in range(200):
            with suppress(BackendUnavailableError):
                conversations.add("chat", "ana", new_items(*contents))
                break
        expected += contents
    assert values(store) == expected


def test_a_success_ends_what_was_kept() -> None:
    """After a success equal items are new ones: somebody says yes twice."""
    store = MemorySessionStore(policy=POLICY)
    conversations = Conversations(store)
    with (
        suppress(KeyboardInterrupt),
        conversations.writing("chat", "ana", new_items("yes")) as write,
    ):
        write.send()
        raise KeyboardInterrupt
    for _ in range(3):
        conversations.add("chat", "ana", new_items("yes"))
    assert values(store) == ["yes"] * 3
    conversations.add("chat", "ana", new_items("no"))
    assert values(store) == ["yes"] * 3 + ["no"]


def test_a_success_with_other_items_ends_it_too() -> None:
    """Only what comes next can be the same write: after another one, equal items are new ones."""
    store = MemorySessionStore(policy=POLICY)
    conversations = Conversations(store)
    with suppress(KeyboardInterrupt), conversations.writing("chat", "ana", new_items(1)) as write:
        write.send()
        raise KeyboardInterrupt
    conversations.add("chat", "ana", new_items(2))
    conversations.add("chat", "ana", new_items(1))
    assert values(store) == [1, 2, 1]


def test_an_answer_that_was_lost_is_asked_for_again() -> None:
    """A caller does not see that a write's answer was lost, unless it is lost three times in a
    row."""

    class Losing(MemorySessionStore):
        losses = 2

        def append(self, *arguments: Any, **options: Any) -> SessionInfo:
            info = super().append(*arguments, **options)
            if self.losses:
                self.losses -= 1
                raise BackendUnavailableError("no answer")
            return info

    store = Losing(policy=POLICY)
    conversations = Conversations(store)
    conversations.add("chat", "ana", new_items("first"))
    conversations.add("chat", "ana", new_items("second"))
    assert values(store) == ["first", "second"]
    store.losses = 3
    with pytest.raises(BackendUnavailableError):
        conversations.add("chat", "ana", new_items("third"))


def test_what_is_kept_is_bounded() -> None:
    """A process whose every write fails does not fill its memory."""
    store = MemorySessionStore(policy=POLICY)
    conversations = Conversations(store)
    for number in range(1_500):
        with (
            suppress(KeyboardInterrupt),
            conversations.writing(f"chat-{number}", "ana", new_items("yes")),
        ):
            raise KeyboardInterrupt
    assert len(conversations._kept) == 1_000


def test_state_is_seen_with_the_item_that_leads_to_it() -> None:
    """A write of several appends changes the state in the last of them: nobody sees the state
    without the item, or the item without the state."""
    seen: list[tuple[bool, bool]] = []

    class Watched(MemorySessionStore):
        def append(self, session_id: str, *arguments: Any, **options: Any) -> SessionInfo:
            info = super().append(session_id, *arguments, **options)
            seen.append((values(self) != ["first"], "step" in info.metadata))
            return info

    store = Watched(policy=POLICY)
    conversations = Conversations(store)
    conversations.add("chat", "ana", new_items("first"))
    with conversations.writing("chat", "ana", new_items("x" * 900_000)) as write:
        write.send(metadata={"step": "1"})
    assert seen[-1] == (True, True)
    assert len(seen) > 2
    assert all(item == state for item, state in seen)


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
