"""Writes: what belongs to which append, and what is left out."""

from typing import Any

import pytest

from chatstore import MemorySessionStore, RetentionPolicy, VersionConflictError
from chatstore.integrations.items import NewItem, items_of
from chatstore.integrations.writes import NO_SESSION, Write
from chatstore.models import SessionInfo

POLICY = RetentionPolicy(max_messages=50, keep_history=True, max_message_bytes=2_000)
"""Under which an item of 200,000 bytes has some 200 parts, and takes three appends."""


class Noting(MemorySessionStore):
    """A store that notes the metadata of each write."""

    def __init__(self) -> None:
        super().__init__(policy=POLICY)
        self.noted: list[Any] = []

    def create(self, *arguments: Any, **options: Any) -> Any:
        """The store's."""
        self.noted.append(options["metadata"])
        return super().create(*arguments, **options)

    def append(self, *arguments: Any, **options: Any) -> SessionInfo:
        """The store's."""
        info = super().append(*arguments, **options)
        self.noted.append(options["metadata"])
        return info


def items(*values: object) -> list[NewItem]:
    """Items with ids of their own."""
    return [NewItem(value, "item", f"id-{number}") for number, value in enumerate(values)]


def stored(store: MemorySessionStore) -> list[Any]:
    """All that is kept."""
    messages = store.iter_messages("chat", newest_first=False)
    return [item.value for item in items_of(messages)]


def test_each_append_has_the_state_of_what_it_completes() -> None:
    """A function is asked once for each, with the values in order; an append that completes
    nothing changes nothing else."""
    store = Noting()
    values = [*range(150), "x" * 200_000, "last"]
    asked: list[list[Any]] = []

    def metadata(completed: list[Any]) -> dict[str, object]:
        asked.append(completed)
        return {"count": len(completed)}

    Write(store, "chat", "ana", items(*values)).send(metadata=metadata)
    assert stored(store) == values == [value for each in asked for value in each]
    assert len(store.noted) > len(asked) > 2
    assert [each for each in store.noted if each] == [{"count": len(each)} for each in asked]


def test_what_is_stored_already_is_left_out() -> None:
    """With all its parts; what is left is sent, and if nothing is, nothing is written."""
    store = Noting()
    write = Write(store, "chat", "ana", [*items("a", "x" * 20_000, "c"), NewItem("d", "item")])
    [minted] = write.unsent_ids - {"id-0", "id-1", "id-2"}
    assert write.unsent_count > 10
    write.leave_out({"id-1", "id-2"})
    assert write.unsent_ids == {"id-0", minted}
    write.send()
    assert stored(store) == ["a", "d"]
    assert (write.unsent_ids, write.unsent_count) == (set(), 0)
    version = store.get("chat").version
    again = Write(store, "chat", "ana", items("a"))
    again.leave_out({"id-0"})
    assert again.send().version == version


def test_a_session_may_have_to_be_new() -> None:
    """Then one that is there is a conflict, and nothing is written."""
    store = MemorySessionStore(policy=POLICY)
    Write(store, "chat", "ana", items("a")).send(if_version=NO_SESSION)
    write = Write(store, "chat", "ana", [NewItem("b", "item", "id-b")])
    with pytest.raises(VersionConflictError):
        write.send(if_version=NO_SESSION)
    assert stored(store) == ["a"]
    write.send(if_version=store.get("chat").version)
    assert stored(store) == ["a", "b"]
