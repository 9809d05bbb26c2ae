"""Writes whose answers are lost: stored once, whatever happens."""

import random
from contextlib import suppress
from typing import Any

import pytest

from chatstore import BackendUnavailableError, MemorySessionStore, RetentionPolicy
from chatstore.integrations.conversations import Conversations
from chatstore.models import Session, SessionInfo

from .conversing import POLICY, new_items, values

SMALL = RetentionPolicy(max_messages=50, keep_history=True, max_message_bytes=1_100)
"""Under which an item of 8,000 bytes takes two appends."""


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
