"""Items: any JSON value comes back equal, however large, whatever stands around it."""

import json
import random
from collections.abc import Callable
from typing import Any

import pytest

from chatstore import InvalidInputError, Message, RetentionPolicy
from chatstore.integrations.items import (
    ENCODING,
    Item,
    NewItem,
    composed_id,
    items_of,
    json_text,
    messages_of,
)

SMALL = RetentionPolicy(max_messages=50, max_message_bytes=1_100, keep_history=True)
"""Under which a message of an item has 76 bytes of it."""


def any_text(choose: random.Random) -> str:
    """Text of all planes, with what engines refuse in their own attributes."""
    letters = choose.choice(('ab"\\\0\n', "ü€\U0001f600", '"\ud800ü€\U0001f600'))
    return "".join(choose.choice(letters) for _ in range(choose.choice((0, 1, 5, 120))))


def any_value(choose: random.Random, depth: int = 0) -> Any:
    """A JSON value."""
    scalars: tuple[Callable[[], Any], ...] = (
        lambda: None,
        lambda: choose.random() < 0.5,
        lambda: choose.choice((0, -1, 2**70, 7)),
        lambda: choose.choice((7.0, -0.0, 1e300, 0.1)),
        lambda: any_text(choose),
    )
    if depth == 3 or choose.random() < 0.5:
        return choose.choice(scalars)()
    size = choose.randrange(4)
    if choose.random() < 0.5:
        return [any_value(choose, depth + 1) for _ in range(size)]
    return {any_text(choose): any_value(choose, depth + 1) for _ in range(size)}


def same(one: Any, other: Any) -> bool:
    """Whether two values are the same to the letter: 7 is not 7.0, and keys have an order."""
    return repr(one) == repr(other)


@pytest.mark.parametrize("seed", range(40))
def test_any_item_comes_back_equal(seed: int) -> None:
    """Exactness: numbers keep their kind, objects their order, text its NULs and lone surrogates,
    whether an item lies in one message or in many, read in either direction."""
    choose = random.Random(seed)  # noqa: S311  no secret
    values = [any_value(choose) for _ in range(12)]
    messages = [
        message for value in values for message in messages_of(NewItem(value, "item"), SMALL)
    ]
    assert all(len(str(message.content).encode()) <= 76 for message in messages)
    assert same([item.value for item in items_of(messages)], values)
    backwards = [item.value for item in items_of(reversed(messages), newest_first=True)]
    assert same(backwards, values[::-1])


def shuffled_together(choose: random.Random, writers: list[list[Message]]) -> list[Message]:
    """The writers' messages, each writer's in its order."""
    queues = [list(queue) for queue in writers]
    mixed: list[Message] = []
    while queues := [queue for queue in queues if queue]:
        mixed.append(choose.choice(queues).pop(0))
    return mixed


@pytest.mark.parametrize("seed", range(40))
def test_writers_may_interleave(seed: int) -> None:
    """Parts of large items that several writers sent at once belong to their own item, and both
    directions show the same items in the same order."""
    choose = random.Random(seed)  # noqa: S311  no secret
    values = [
        [f"{writer}.{number}" * choose.choice((1, 90)) for number in range(4)]
        for writer in range(3)
    ]
    messages = shuffled_together(
        choose,
        [
            [message for value in own for message in messages_of(NewItem(value, "item"), SMALL)]
            for own in values
        ],
    )
    found = [item.value for item in items_of(messages)]
    assert sorted(found) == sorted(value for own in values for value in own)
    for own in values:
        assert [value for value in found if value in own] == own
    backwards = [item.value for item in items_of(reversed(messages), newest_first=True)]
    assert backwards == found[::-1]


@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize("seed", range(20))
def test_an_incomplete_item_is_left_out(seed: int, newest_first: bool) -> None:
    """Whatever part of a large item is missing, at the head or in the middle or at the end, that
    item is left out and every other one is shown, in order."""
    choose = random.Random(seed)  # noqa: S311  no secret
    values = [f"{number}" * 200 for number in range(5)]
    kept = [messages_of(NewItem(value, "item"), SMALL) for value in values]
    broken = choose.randrange(5)
    kept[broken].pop(choose.randrange(len(kept[broken])))
    messages = [message for own in kept for message in own]
    if newest_first:
        messages.reverse()
    expected = [value for number, value in enumerate(values) if number != broken]
    found = [item.value for item in items_of(messages, newest_first=newest_first)]
    assert found == (expected[::-1] if newest_first else expected)


def test_a_broken_item_does_not_hold_up_a_reader() -> None:
    """One who reads the newest items of a long conversation does not read all of it because its
    newest item was broken off."""
    tail = messages_of(NewItem("x" * 200, "item"), SMALL)[:0:-1]
    read = 0

    def conversation() -> Any:
        nonlocal read
        yield from tail
        for number in range(100_000):
            read += 1
            yield messages_of(NewItem(number, "item"), SMALL)[0]

    assert next(items_of(conversation(), newest_first=True)).value == 0
    assert read < 5_000


@pytest.mark.parametrize(
    "message",
    [
        Message(type="user", content="written by somebody else"),
        Message.model_validate({"type": "x", "content": "{", "encoding": ENCODING}),
        Message.model_validate({"type": "x", "content": "[" * 9_999, "encoding": ENCODING}),
        Message.model_validate({"type": "x", "content": "1", "encoding": "json/2"}),
        Message.model_validate({"type": "x", "encoding": ENCODING}),
        Message.model_validate(
            {
                "type": "x",
                "content": "1",
                "encoding": ENCODING,
                "part": {"itemId": "a", "number": 0, "count": 0},
            }
        ),
    ],
    ids=["no item", "cut", "deep", "a newer format", "nothing", "no part"],
)
@pytest.mark.parametrize("newest_first", [False, True])
def test_what_is_no_item_is_left_out(message: Message, newest_first: bool) -> None:
    """A message that nobody can read as an item is left out, and what is around it is shown."""
    around = messages_of(NewItem("before", "x"), SMALL), messages_of(NewItem("after", "x"), SMALL)
    messages = [*around[0], message, *around[1]]
    if newest_first:
        messages.reverse()
    found = {item.value for item in items_of(messages, newest_first=newest_first)}
    assert found == {"before", "after"}


def test_an_item_keeps_its_id() -> None:
    """The framework's id is the message's, or is told by each of the parts."""
    for value in ("short", "long" * 100):
        messages = messages_of(NewItem(value, "item", "its-own"), SMALL)
        assert [item.item_id for item in items_of(messages)] == ["its-own"]
        assert len({message.message_id for message in messages}) == len(messages)
    (item,) = items_of(messages_of(NewItem("short", "item"), SMALL))
    assert isinstance(item, Item)
    assert item.item_id == item.messages[0].message_id


@pytest.mark.parametrize("label", ["", "x" * 65, "a\0b", "\ud800", "ü" * 99])
def test_any_label_will_do(label: str) -> None:
    """A label is for people: whatever a framework calls an item, it is kept."""
    (message,) = messages_of(NewItem(1, label), SMALL)
    assert 1 <= len(message.type) <= 64
    assert message.type.encode()
    assert "\0" not in message.type


@pytest.mark.parametrize("value", [{1, 2}, b"x", object(), {(1,): 2}])
def test_what_is_not_json_is_refused(value: object) -> None:
    """Bad input is refused before anything is written, and what was in it is not told."""
    with pytest.raises(InvalidInputError, match="item must be made of JSON values"):
        messages_of(NewItem({"secret": value}, "item"), SMALL)


def test_a_circle_is_refused() -> None:
    """A value that contains itself has no JSON text."""
    circle: list[object] = []
    circle.append(circle)
    with pytest.raises(InvalidInputError, match="item must be made of JSON values"):
        json_text("item", circle)


@pytest.mark.parametrize("seed", range(20))
def test_no_id_is_forged(seed: int) -> None:
    """Two different lists of names never make one id, whatever characters are in them."""
    choose = random.Random(seed)  # noqa: S311  no secret
    letters = '",[]\\:/ a\ud800\0'
    made: dict[str, list[str]] = {}
    for _ in range(300):
        names = [
            "".join(choose.choice(letters) for _ in range(choose.randrange(4)))
            for _ in range(choose.randrange(1, 4))
        ]
        assert made.setdefault(composed_id(*names), names) == names
        assert json.loads(composed_id(*names)) == names
