"""Branching conversations for tests, in a store that is watched."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from chatstore import MemorySessionStore, MemoryStorage, RetentionPolicy
from chatstore.integrations.lines import Link
from chatstore.integrations.trees import Change, Trees
from chatstore.models import JsonObject, new_id

POLICY = RetentionPolicy(max_messages=50, keep_history=True)
WRITES = ("append", "create", "update", "delete")
CALLS = ("get", "list_messages", "list_sessions", *WRITES)


class Observed:
    """A store whose calls are counted, and the messages that it hands out in pages. `before` and
    `after` are called once, when the next write comes and when it is done."""

    def __init__(self, storage: MemoryStorage) -> None:
        self.store = MemorySessionStore(storage, policy=POLICY)
        self.calls = Counter[str]()
        self.shown = 0
        self.before: Callable[[], object] | None = None
        self.after: Callable[[], None] | None = None
        for name in CALLS:
            setattr(self.store, name, self._counted(name, getattr(self.store, name)))

    def _counted(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arguments: Any, **options: Any) -> Any:
            self.calls[name] += 1
            is_write = name in WRITES
            if is_write and self.before is not None:
                before, self.before = self.before, None
                before()
            result = call(*arguments, **options)
            if name == "list_messages":
                self.shown += len(result.items)
            if is_write and self.after is not None:
                after, self.after = self.after, None
                after()
            return result

        return counted


class Conversation:
    """One conversation of a tree, as an adapter keeps it."""

    def __init__(self, trees: Trees, session_id: str, record: JsonObject | None = None) -> None:
        self.trees = trees
        self.session_id = session_id
        self.record: JsonObject = record or {
            "conversation_id": session_id, "head_id": None, "branches": [], "forked_from": None,
        }  # fmt: skip

    def say(self, *values: object, **fields: Any) -> list[str]:
        """Add links after the head, and return their ids."""
        links: list[Link] = []
        parent_id = fields.get("head_id", self.record["head_id"])
        for value in values:
            links.append(Link(new_id(), parent_id, value, "request"))
            parent_id = links[-1].item_id
        expected = self.record.get("revision")
        record = self.record | fields | {"head_id": parent_id, "revision": new_id()}
        self.trees.write(Change(self.session_id, record, links, expected))
        self.record = record
        return [link.item_id for link in links]

    def values(self, most: int | None = None) -> list[object]:
        """What its history says."""
        record = self.trees.record(self.session_id)
        assert record is not None
        head_id = record["head_id"]
        return [] if head_id is None else values(self.trees.line(head_id, most=most))

    def fork(self, session_id: str, head_id: str) -> "Conversation":
        """A new conversation that shares the history up to a link."""
        fields = {"conversation_id": session_id, "forked_from": self.session_id, "branches": []}
        fork = Conversation(self.trees, session_id, {**self.record, **fields})
        fork.record.pop("revision", None)
        fork.say(head_id=head_id)
        return fork


def values(links: Sequence[Link]) -> list[object]:
    """What links say."""
    return [link.value for link in links]


def trees(store: MemorySessionStore, user_id: str = "ana") -> Trees:
    """The trees of a user, by an object that has seen nothing yet."""
    return Trees(store, "tree", user_id)


def observed() -> tuple[Observed, Conversation]:
    """A store that is watched, and a conversation in it."""
    seen = Observed(MemoryStorage())
    return seen, Conversation(trees(seen.store), "c")
