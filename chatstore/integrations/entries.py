"""The items of a conversation of which some are archived: which are in use."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Generic, NamedTuple, TypeVar

from chatstore.integrations.items import Item, NewItem
from chatstore.models import Session

ACTIVE = "active"
ARCHIVED = "archived"

Value = TypeVar("Value")


class Kind(Enum):
    """What an item is within a turn."""

    BEGINS_TURN = "a turn begins with it"
    ANSWERS = "it goes on with a turn"
    RESULT = "it goes on with a turn, and needs the tool's call before it"


class Entry(NamedTuple, Generic[Value]):
    """An item, and what a framework has for it. `is_flagged`: it is stored as archived.
    `is_active`: it is in use; what is left of a turn that was cut is not, nor is a result without
    a call."""

    item: Item
    value: Value
    kind: Kind
    is_flagged: bool
    is_active: bool

    @property
    def message_ids(self) -> set[str]:
        """The ids of the messages that it lies in."""
        return {message.message_id for message in self.item.messages}


@dataclass(frozen=True, slots=True)
class Snapshot(Generic[Value]):
    """A conversation at one moment, oldest first: from the mark on, or whole. `unread`: how many
    entries, all archived, stand before that."""

    session: Session
    entries: list[Entry[Value]]
    unread: int = 0

    @property
    def active(self) -> list[Entry[Value]]:
        """What is in use."""
        return [entry for entry in self.entries if entry.is_active]

    def of(self, status: str | None) -> list[Entry[Value]]:
        """What was read that is active, or archived; or all of it."""
        if status is None:
            return self.entries
        return [entry for entry in self.entries if entry.is_active == (status == ACTIVE)]

    def holds(self, entry: Entry[Value]) -> bool:
        """Whether an entry of an earlier snapshot is there as it was."""
        last_id = entry.item.messages[-1].message_id
        return any(
            last_id == each.item.messages[-1].message_id and entry.is_active == each.is_active
            for each in self.entries
        )


def new_item(value: object, label: str, status: str) -> NewItem:
    """An item to be kept with its status."""
    return NewItem({"status": status, "message": value}, label)


def settled(entries: Iterable[Entry[Value]], *, is_cut: bool) -> Iterator[Entry[Value]]:
    """The entries, each active or not. `is_cut`: of the turn at their beginning something is gone.

    A model refuses a result without its call, and some refuse a conversation that begins with an
    answer. An entry's state depends on what stands before it only: what comes later changes none.
    """
    waits_for_turn = is_cut
    follows_answer = False
    for entry in entries:
        is_active = not entry.is_flagged
        if is_active and entry.kind is Kind.BEGINS_TURN:
            waits_for_turn = follows_answer = False
        elif is_active and (waits_for_turn or (entry.kind is Kind.RESULT and not follows_answer)):
            is_active = False
        elif is_active:
            follows_answer = True
        yield entry._replace(is_active=is_active)


def without(
    entries: Sequence[Entry[Value]], taken: Collection[Entry[Value]], *, is_cut: bool
) -> Iterator[tuple[Entry[Value], NewItem | None]]:
    """What has to be rewritten if `taken` is removed: the entries that go, and those that have to
    be stored as archived, each with the item that takes its place.

    What is not active stays so, whatever it comes to stand behind.
    """
    places = {id(entry) for entry in taken}
    rest = [
        entry._replace(is_flagged=not entry.is_active)
        for entry in entries
        if id(entry) not in places
    ]
    for entry in taken:
        yield entry, None
    for entry in settled(rest, is_cut=is_cut):
        if not entry.is_active and entry.item.value["status"] == ACTIVE:
            label = entry.item.messages[0].type
            value = {"status": ARCHIVED, "message": entry.item.value["message"]}
            yield entry, NewItem(value, label, entry.item.item_id)
