"""Numbered items, and states: what an adapter of agents is made of, over a store in memory."""

from datetime import UTC, datetime, timedelta

import pytest

from chatstore import MemorySessionStore, RetentionPolicy
from chatstore.errors import InvalidInputError, SessionExistsError, VersionConflictError
from chatstore.integrations import attempts
from chatstore.integrations.conversations import Conversations
from chatstore.integrations.numbered import NumberedItems, is_being_replaced
from chatstore.integrations.states import States, owned

USER = "ana"
POLICY = RetentionPolicy(max_messages=50, keep_history=True, max_message_bytes=2_048)


@pytest.fixture
def store() -> MemorySessionStore:
    """A store with one session."""
    made = MemorySessionStore(policy=POLICY)
    made.create(USER, session_id="s")
    return made


def _values(items: NumberedItems, start: int = 0, count: int | None = None) -> list[object]:
    return [item.value for item in items.items("s", start, count)]


def test_any_item_is_found_by_its_number(store: MemorySessionStore) -> None:
    """In the window and before it, behind items in one message and in several."""
    items = NumberedItems(store, USER)
    values = [f"{number} " * (800 if number % 17 == 3 else 1) for number in range(150)]
    for number, value in enumerate(values):
        items.add("s", number, value, "user")
    for start in (0, 3, 4, 20, 21, 75, 149, 150, 400):
        assert _values(items, start) == values[start:]
        assert _values(items, start, 3) == values[start : start + 3]
    assert items.item("s", -1) is None
    assert items.item("s", 150) is None
    assert items.item("nowhere", 0) is None


@pytest.mark.parametrize("number", [149, 105, 20, 3])
@pytest.mark.parametrize("value", ["short", "long " * 900])
def test_an_item_is_replaced_wherever_it_is(
    store: MemorySessionStore, number: int, value: str
) -> None:
    """By one of any size; the others stay, and others can be added."""
    items = NumberedItems(store, USER)
    values = [f"{each} " * (800 if each % 17 == 3 else 1) for each in range(150)]
    for each, text in enumerate(values):
        items.add("s", each, text, "user")
    assert items.replace("s", number, lambda _: value)
    assert not items.replace("s", 150, lambda _: value)
    items.add("s", 150, "next", "user")
    values[number] = value
    assert _values(items) == [*values, "next"]
    assert not is_being_replaced(store.get("s"))


def test_nobody_writes_while_an_item_is_being_replaced(
    store: MemorySessionStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A write would be lost; a mark that somebody left long ago keeps nobody away."""
    monkeypatch.setattr(attempts, "_LONGEST_PAUSE", 0)
    items, states = NumberedItems(store, USER), States(Conversations(store), USER)
    now = datetime.now(UTC)
    store.update("s", metadata={"replacing": f"{now.isoformat()} mark"})
    with pytest.raises(VersionConflictError):
        items.add("s", 0, "first", "user")
    with pytest.raises(VersionConflictError):
        states.update("s", {})
    store.update("s", metadata={"replacing": f"{(now - timedelta(hours=1)).isoformat()} mark"})
    items.add("s", 0, "first", "user")
    assert _values(items) == ["first"]


def test_a_replacement_that_fails_leaves_everything_as_it_was(
    store: MemorySessionStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its mark too: others can write."""
    items = NumberedItems(store, USER)
    for number in range(60):
        items.add("s", number, number, "user")

    def failing(*_: object, **__: object) -> None:
        raise RuntimeError("no room")

    with monkeypatch.context() as patched:
        patched.setattr(store, "restore", failing)
        with pytest.raises(RuntimeError):
            items.replace("s", 1, lambda _: "other")
    items.add("s", 60, 60, "user")
    assert _values(items) == list(range(61))


def test_a_number_that_can_not_follow_is_refused(store: MemorySessionStore) -> None:
    """One that is another item's, and one that leaves a gap; the same item again is no error."""
    items = NumberedItems(store, USER)
    items.add("s", 0, "first", "user")
    NumberedItems(store, USER).add("s", 1, "second", "user")
    items.add("s", 1, "second", "user")
    for number in (0, 1, 3):
        with pytest.raises(InvalidInputError, match="the next in the conversation"):
            items.add("s", number, "other", "user")
    assert _values(items) == ["first", "second"]


def test_two_processes_take_turns(store: MemorySessionStore) -> None:
    """Each goes on where the other one stopped, whatever it knew before."""
    both = (NumberedItems(store, USER), NumberedItems(store, USER))
    for number in range(12):
        both[number // 3 % 2].add("s", number, number, "user")
    assert _values(both[0]) == list(range(12))


def test_a_write_of_its_own_is_no_other_writer(store: MemorySessionStore) -> None:
    """Who changed a session's state goes on without a question; if somebody else wrote meanwhile,
    that is found out."""
    items, states = NumberedItems(store, USER), States(Conversations(store), USER)
    other = NumberedItems(store, USER)
    asked: list[str] = []
    get = store.get
    items.add("s", 0, 0, "user")
    store.get = lambda *a, **b: asked.append("get") or get(*a, **b)  # type: ignore[method-assign, func-returns-value]  # counts
    items.note(states.update("s", {"turns": 1}))
    items.add("s", 1, 1, "user")
    assert asked == []
    other.add("s", 2, 2, "user")
    items.note(states.update("s", {"turns": 2}))
    items.add("s", 3, 3, "user")
    assert _values(items) == [0, 1, 2, 3]


def test_a_state_and_what_belongs_to_it(store: MemorySessionStore) -> None:
    """A large state lies apart, and goes as soon as another takes its place; the whole goes at
    once."""
    states = States(Conversations(store), USER)
    states.create("a", {"n": 7.0})
    with pytest.raises(SessionExistsError):
        states.create("a", {"n": 8})
    states.own("a", '["b"]')
    states.create('["b"]', {"text": "x" * 30_000})
    info = states.update('["b"]', {"text": "y" * 30_000})
    assert len(list(owned(info))) == 1
    found = states.find('["b"]')
    assert found is not None
    assert found[0] == {"text": "y" * 30_000}
    assert len(list(store.iter_sessions(USER))) == 4
    states.keep("unknown")
    states.delete("a")
    assert [each.session_id for each in store.iter_sessions(USER)] == ["s"]
    assert states.find("a") is None
