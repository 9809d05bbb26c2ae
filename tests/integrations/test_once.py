"""Once: an item of a known id comes once, however long ago it was, and whoever stored it."""

from collections.abc import Callable
from typing import Any

import pytest

from chatstore import (
    BackendUnavailableError,
    InvalidInputError,
    MemorySessionStore,
    MemoryStorage,
    RetentionPolicy,
)
from chatstore.integrations.conversations import Conversations
from chatstore.integrations.items import NewItem
from chatstore.integrations.once import Known, Once
from chatstore.models import JsonObject, SessionInfo

POLICY = RetentionPolicy(max_messages=5, keep_history=True)


class BusyStore(MemorySessionStore):
    """A store in which something happens just before the next append; it counts its calls."""

    def __init__(self, storage: MemoryStorage) -> None:
        super().__init__(storage=storage, policy=POLICY)
        self.before: Callable[[], object] | None = None
        self.calls: list[str] = []

    def append(self, *arguments: Any, **options: Any) -> SessionInfo:
        """The store's, after what happens."""
        self.calls.append("append")
        if self.before is not None:
            before, self.before = self.before, None
            before()
        return super().append(*arguments, **options)

    def get(self, *arguments: Any, **options: Any) -> Any:
        """The store's."""
        self.calls.append("get")
        return super().get(*arguments, **options)

    def list_messages(self, *arguments: Any, **options: Any) -> Any:
        """The store's."""
        self.calls.append("list_messages")
        return super().list_messages(*arguments, **options)


class Process:
    """One that writes, and counts in the metadata what it sees completed."""

    def __init__(self, storage: MemoryStorage) -> None:
        self.store = BusyStore(storage)
        self.conversations = Conversations(self.store)
        self.once = Once(self.conversations, "ana")

    def add(self, *item_ids: str, value: object = "x") -> None:
        """Send items of these ids."""
        items = [NewItem(f"{item_id} {value}", "item", item_id) for item_id in item_ids]
        with self.conversations.writing("chat", "ana", items) as write:
            self.once.append("chat", write, self._counted)

    def ids(self) -> list[str]:
        """Of all items, oldest first; the metadata is of them."""
        ids = [item.item_id for item in self.once.read("chat")]
        assert self.store.get("chat").metadata == {"count": len(ids)}
        return ids

    @staticmethod
    def _counted(known: Known, values: list[Any]) -> JsonObject:
        return {"count": known.metadata.get("count", 0) + len(values)}


@pytest.fixture
def storage() -> MemoryStorage:
    """What two processes share."""
    return MemoryStorage()


@pytest.fixture
def here(storage: MemoryStorage) -> Process:
    """The one process."""
    return Process(storage)


@pytest.fixture
def there(storage: MemoryStorage) -> Process:
    """The other one."""
    return Process(storage)


def test_an_item_comes_once_however_old_it_is(here: Process, there: Process) -> None:
    """Long out of the window; for a process that has read nothing yet, too."""
    names = [f"{number}" for number in range(250)]
    here.add(*names)
    here.add("7")
    there.add("3", "250", "9")
    here.add(*names, "250", "251")
    assert here.ids() == there.ids() == [*names, "250", "251"]


def test_writing_on_costs_one_request(here: Process) -> None:
    """What is remembered is not read again."""
    here.add("1")
    here.store.calls.clear()
    for number in range(2, 20):
        here.add(f"{number}")
    assert here.store.calls == ["append"] * 18


def test_what_another_writer_stored_is_read_from_where_one_was(
    here: Process, there: Process
) -> None:
    """Not from the beginning."""
    here.add(*(f"{number}" for number in range(900)))
    there.add("900")
    here.store.calls.clear()
    here.add("900", "901")
    assert here.store.calls.count("list_messages") == 1
    assert here.ids()[-3:] == ["899", "900", "901"]


@pytest.mark.parametrize("theirs", [["b"], ["x", "b"], ["b", "x"], ["b", "c"], ["x", "b", "c"]])
@pytest.mark.parametrize("value", ["x", "other"])
def test_two_store_the_same_at_once(
    here: Process, there: Process, theirs: list[str], value: str
) -> None:
    """Each item is there once, none is lost, and the metadata is that of all, also afterwards."""
    here.add("a")
    here.store.before = lambda: there.add(*theirs, value=value)
    here.add("b", "c")
    here.add("x", "d")
    ids = here.ids()
    assert sorted(ids) == sorted({"a", "b", "c", "d", "x"})
    assert ids[: 1 + len(theirs)] == ["a", *theirs]


def test_two_begin_a_conversation_at_once(here: Process, there: Process) -> None:
    """The one that is later reads what is there."""
    create = here.store.create

    def overtaken(*arguments: Any, **options: Any) -> Any:
        here.store.create = create  # type: ignore[method-assign]  # once only
        there.add("b")
        return create(*arguments, **options)

    here.store.create = overtaken  # type: ignore[method-assign]  # the moment between two calls
    here.add("a", "b")
    assert here.ids() == ["b", "a"]


def test_a_conversation_that_was_deleted_begins_anew(here: Process, there: Process) -> None:
    """Nothing is left out because it was there once: neither if the session is gone, nor if there
    is another in its place."""
    here.add("a", "b")
    there.store.delete("chat")
    here.add("b")
    assert here.ids() == ["b"]
    there.store.delete("chat")
    there.add("c")
    here.add("b")
    assert here.ids() == ["c", "b"]
    here.store.before = lambda: there.store.delete("chat")
    here.add("d")
    assert here.ids() == ["d"]


def test_an_unknown_outcome_is_found_out(here: Process) -> None:
    """Items whose ids are minted are stored once, too."""
    here.add("a")
    items = [NewItem("no id", "item")] * 3

    def send() -> None:
        with here.conversations.writing("chat", "ana", items) as write:
            here.once.append("chat", write, here._counted)

    append = super(BusyStore, here.store).append

    def unanswered(*arguments: Any, **options: Any) -> SessionInfo:
        append(*arguments, **options)
        raise BackendUnavailableError("no answer")

    here.store.append = unanswered  # type: ignore[method-assign]  # an answer that is lost
    try:
        send()
    except BackendUnavailableError:
        send()
    del here.store.append
    assert len(here.ids()) == 4


def test_what_is_refused_is_told(here: Process) -> None:
    """An item that can't be stored is no conflict, which would be tried again."""
    here.add("a")
    with pytest.raises(InvalidInputError):
        here.add("\0")
    here.add("b")
    assert here.ids() == ["a", "b"]


def test_what_is_remembered_is_bounded(here: Process) -> None:
    """Of many conversations, those used last."""
    write = here.conversations.writing
    for number in range(150):
        with write(f"{number}", "ana", [NewItem(1, "item")]) as one:
            here.once.append(f"{number}", one, here._counted)
    assert len(here.once._known) == 100
