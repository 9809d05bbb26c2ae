"""The newest end of a conversation: taken off, or replaced, exactly once whatever happens."""

import random
import threading
from contextlib import suppress
from typing import Any

import pytest

from chatstore import (
    BackendUnavailableError,
    MemorySessionStore,
    MemoryStorage,
    Message,
    RetentionPolicy,
    VersionConflictError,
)
from chatstore.integrations.conversations import Conversations
from chatstore.integrations.items import Item, NewItem, messages_of
from chatstore.integrations.tail import replace_all, replace_newest, take_newest

SMALL = RetentionPolicy(max_messages=4, keep_history=True, max_message_bytes=1_100)
"""A window of four messages, under which an item of 76 characters more takes one more of them."""
LONG = "long" * 200
"""More than the window holds."""


class LossyStore(MemorySessionStore):
    """A store some of whose writes fail, before they happen or after, at most `most_failures` in a
    row."""

    def __init__(self, seed: int) -> None:
        super().__init__(policy=SMALL)
        self._choose = random.Random(seed)  # noqa: S311  no secret
        self._failures = 0
        self.most_failures = 0
        for name in ("append", "create", "amend", "rewrite"):
            setattr(self, name, self._failing(getattr(self, name)))

    def _failing(self, call: Any) -> Any:
        def failing(*arguments: Any, **options: Any) -> Any:
            is_well = self._failures == self.most_failures
            how = "well" if is_well else self._choose.choice(("well", "before", "after"))
            self._failures = 0 if how == "well" else self._failures + 1
            if how == "before":
                raise BackendUnavailableError("refused")
            result = call(*arguments, **options)
            if how == "after":
                raise BackendUnavailableError("no answer")
            return result

        return failing


def new_items(*values: object) -> list[NewItem]:
    """Items without ids."""
    return [NewItem(value, "item") for value in values]


def over(store: MemorySessionStore, *values: object) -> Conversations:
    """A conversation named "chat" of these values."""
    conversations = Conversations(store)
    conversations.add("chat", "ana", new_items(*values))
    return conversations


def kept(conversations: Conversations) -> list[Any]:
    """All values."""
    return [item.value for item in conversations.newest("chat", "ana")]


def taken(conversations: Conversations) -> Any:
    """The newest value, which is gone then."""
    item = take_newest(conversations, "chat", "ana")
    return None if item is None else item.value


@pytest.mark.parametrize("seed", range(12))
def test_whichever_answers_are_lost_each_call_happens_once(seed: int) -> None:
    """Adding, taking and replacing give what they would give to a list: of small items and of such
    that are larger than the window."""
    choose = random.Random(seed)  # noqa: S311  no secret
    store = LossyStore(seed)
    conversations = over(store, 0)
    store.most_failures = 2
    expected: list[object] = [0]
    for step in range(1, 120):
        call = choose.choice(("add", "add", "take", "take", "replace", "all"))
        values = [choose.choice((step, "yes", LONG, "l" * 90)) for _ in range(choose.randint(1, 3))]
        if call == "add":
            conversations.add("chat", "ana", new_items(*values))
            expected += values
        elif call == "take":
            assert taken(conversations) == (expected.pop() if expected else None)
        elif call == "replace" and expected:
            items = conversations.newest("chat", "ana", choose.randint(1, 3))
            assert replace_newest(conversations, "chat", "ana", items, new_items(*values))
            expected[-len(items) :] = values
        elif call == "all" and choose.random() < 0.2:
            assert replace_all(conversations, "chat", "ana", new_items(*values))
            expected = list[object](values)
        assert kept(conversations) == expected
    while expected:
        assert taken(conversations) == expected.pop()
    assert taken(conversations) is None


def test_no_item_is_taken_by_two() -> None:
    """Of several at once, in processes of their own, each takes other items, and together all."""
    storage = MemoryStorage()
    policy = RetentionPolicy(max_messages=50, keep_history=True)
    everybody = [Conversations(MemorySessionStore(storage, policy=policy)) for _ in range(3)]
    everybody[0].add("chat", "ana", new_items(*range(60)))
    found: list[int] = []

    def patiently_taken(conversations: Conversations) -> Any:
        while True:
            with suppress(VersionConflictError):
                return taken(conversations)

    def take_some(conversations: Conversations) -> None:
        while (value := patiently_taken(conversations)) is not None:
            found.append(value)

    threads = [threading.Thread(target=take_some, args=(each,)) for each in everybody]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == list(range(60))


def test_nothing_is_left_of_what_was_taken() -> None:
    """Neither a mark, nor parts of what is larger than the window."""
    conversations = over(MemorySessionStore(policy=SMALL), 1, LONG * 2)
    assert taken(conversations) == LONG * 2
    assert conversations.store.get("chat").message_count == 1
    assert taken(conversations) == 1
    assert list(conversations.store.iter_messages("chat", user_id="ana")) == []


def test_equal_items_after_one_was_taken_are_new() -> None:
    """A write whose outcome nobody knew, and which was taken back, may come again."""
    conversations = over(MemorySessionStore(policy=SMALL), 1)
    with (
        suppress(KeyboardInterrupt),
        conversations.writing("chat", "ana", new_items(2)) as write,
    ):
        write.send()
        raise KeyboardInterrupt
    assert taken(conversations) == 2
    conversations.add("chat", "ana", new_items(2))
    assert kept(conversations) == [1, 2]


def test_what_is_no_item_stays() -> None:
    """Messages that can't be read are skipped, and neither taken nor replaced."""
    store = MemorySessionStore(policy=SMALL)
    conversations = over(store, 1, 2, 3)
    strange = Message(type="note", content="not an item")
    broken = Message.model_validate({"type": "item", "content": "{", "encoding": "json/1"})
    store.append("chat", strange, broken)
    assert taken(conversations) == 3
    items = conversations.newest("chat", "ana", 1)
    assert replace_newest(conversations, "chat", "ana", items, new_items("two"))
    assert kept(conversations) == [1, "two"]
    messages = list(store.iter_messages("chat", newest_first=False))
    assert [message.message_id for message in messages[1:3]] == [
        strange.message_id,
        broken.message_id,
    ]


def test_the_rest_of_a_taken_item_goes_with_the_next() -> None:
    """If there was no time to remove what a taken item lay in, nobody sees it, and the next one
    that is taken takes it away."""

    class Refusing(MemorySessionStore):
        rewrites_left = 1

        def rewrite(self, *arguments: Any, **options: Any) -> Any:
            if not self.rewrites_left:
                raise BackendUnavailableError("refused")
            self.rewrites_left -= 1
            return super().rewrite(*arguments, **options)

    store = Refusing(policy=SMALL)
    conversations = over(store, 1, 2, LONG)
    assert taken(conversations) == LONG
    assert kept(conversations) == [1, 2]
    assert store.get("chat").message_count > 2
    store.rewrites_left = 9
    assert taken(conversations) == 2
    assert kept(conversations) == [1]


@pytest.mark.parametrize("call", ["take", "replace", "all"])
def test_a_session_of_somebody_else_is_left_alone(call: str) -> None:
    """It is as if it did not exist."""
    conversations = over(MemorySessionStore(policy=SMALL), 1)
    items = conversations.newest("chat", "ana")
    if call == "take":
        assert take_newest(conversations, "chat", "bob") is None
    elif call == "replace":
        assert not replace_newest(conversations, "chat", "bob", items, new_items(2))
    else:
        assert not replace_all(conversations, "chat", "bob", new_items(2))
    assert kept(conversations) == [1]


def test_an_end_that_has_changed_is_not_replaced() -> None:
    """Somebody added, or took, an item meanwhile."""
    conversations = over(MemorySessionStore(policy=SMALL), *range(10))
    items = conversations.newest("chat", "ana", 6)
    assert taken(conversations) == 9
    assert not replace_newest(conversations, "chat", "ana", items, new_items("new"))
    conversations.add("chat", "ana", new_items(9))
    assert not replace_newest(conversations, "chat", "ana", items, new_items("new"))
    assert not replace_newest(conversations, "chat", "ana", items * 2, new_items("new"))
    assert kept(conversations) == list(range(10))


def test_another_change_of_the_session_is_no_hindrance() -> None:
    """Somebody changes its metadata between the reading and the writing: both are done."""

    class Renaming(MemorySessionStore):
        def rewrite(self, *arguments: Any, **options: Any) -> Any:
            if not self.get("chat").metadata:
                self.update("chat", metadata={"title": "Films"})
            return super().rewrite(*arguments, **options)

    store = Renaming(policy=SMALL)
    conversations = over(store, 1, 2)
    items = conversations.newest("chat", "ana", 1)
    assert replace_newest(conversations, "chat", "ana", items, new_items("two"))
    assert kept(conversations) == [1, "two"]
    assert store.get("chat").metadata == {"title": "Films"}


def test_the_oldest_are_left_out_in_the_same_write() -> None:
    """As many as the caller says, from the oldest on, and never one that is to be replaced."""
    store = MemorySessionStore(policy=SMALL)
    conversations = over(store, *range(10))
    items = conversations.newest("chat", "ana", 2)
    version = store.get("chat").version

    def is_left_out(item: Item) -> bool:
        return bool(item.value != 6)

    assert replace_newest(
        conversations, "chat", "ana", items, new_items("new"), leave_out=is_left_out
    )
    assert kept(conversations) == [6, 7, "new"]
    assert store.get("chat").version == version + 1


def test_of_a_conversation_that_no_one_write_replaces_the_window_is() -> None:
    """Beyond 6,000 messages the window can be replaced, and the oldest stay; more than the window
    can't, which the caller is told, and nothing has changed then."""
    conversations = over(MemorySessionStore(policy=SMALL), *range(6_010))
    items = conversations.newest("chat", "ana", 5)
    assert not replace_newest(conversations, "chat", "ana", items, new_items("new"))
    assert replace_newest(
        conversations, "chat", "ana", items[3:], new_items("new"), leave_out=lambda _: False
    )
    assert not replace_all(conversations, "chat", "ana", new_items(*range(6_001)))
    assert kept(conversations) == [*range(6_008), "new"]


def test_what_does_not_fit_the_window_takes_the_place_of_all() -> None:
    """Few items may be replaced by many, or by large ones."""
    conversations = over(MemorySessionStore(policy=SMALL), *range(10))
    items = conversations.newest("chat", "ana", 1)
    assert replace_newest(conversations, "chat", "ana", items, new_items(LONG, "b", "c"))
    assert kept(conversations) == [*range(9), LONG, "b", "c"]


def test_who_is_never_the_fastest_is_told() -> None:
    """If others write all the time, the caller gets an error in the end, and nothing is lost."""

    class Busy(MemorySessionStore):
        def rewrite(self, session_id: str, *arguments: Any, **options: Any) -> Any:
            self.append(session_id, *messages_of(NewItem("more", "item"), SMALL))
            return super().rewrite(session_id, *arguments, **options)

    conversations = over(Busy(policy=SMALL), 1)
    with pytest.raises(VersionConflictError):
        taken(conversations)
    assert kept(conversations)[:2] == [1, "more"]
