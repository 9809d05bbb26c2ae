"""Conversations that branch and fork: each whole in itself, written once, and read at one price."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from chatstore import (
    BackendUnavailableError,
    ConfigurationError,
    CorruptSessionError,
    MemorySessionStore,
    MemoryStorage,
    Message,
    RetentionPolicy,
)
from chatstore.integrations.lines import Link
from chatstore.integrations.trees import Change, RecordConflictError, Trees
from chatstore.models import JsonObject, new_id

POLICY = RetentionPolicy(max_messages=50, keep_history=True)
CALLS = ("get", "list_messages", "list_sessions", "append", "create", "update", "delete")


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests don't wait for what waits."""
    monkeypatch.setattr("chatstore.integrations.attempts._LONGEST_PAUSE", 0)


class Observed:
    """A store whose calls are counted. `after` is called once when the next write is done."""

    def __init__(self, storage: MemoryStorage) -> None:
        self.store = MemorySessionStore(storage, policy=POLICY)
        self.calls = Counter[str]()
        self.after: Callable[[], None] | None = None
        for name in CALLS:
            setattr(self.store, name, self._counted(name, getattr(self.store, name)))

    def _counted(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arguments: Any, **options: Any) -> Any:
            self.calls[name] += 1
            result = call(*arguments, **options)
            if self.after is not None and name in ("append", "create", "update", "delete"):
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

    def say(self, *values: object, **fields: object) -> list[str]:
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


def test_a_record_and_its_links_are_one_write() -> None:
    """Nobody sees one of them without the other: they go in one append."""
    seen, conversation = observed()
    conversation.say(1, 2)
    assert seen.calls == {"get": 1, "create": 1}
    seen.calls.clear()
    conversation.trees.record("c")
    conversation.say(3, 4)
    assert seen.calls == {"get": 1, "append": 1}
    assert Conversation(trees(seen.store), "c").values() == [1, 2, 3, 4]


def test_a_history_is_read_by_the_page_and_its_end_at_one_price() -> None:
    """No request for each link; and the newest few cost the same after 10 links and after 3,000."""
    seen, conversation = observed()
    for number in range(30):
        conversation.say(*range(number * 100, number * 100 + 100))
    seen.calls.clear()
    assert conversation.values() == list(range(3_000))
    assert seen.calls == {"get": 1, "list_messages": 3}
    seen.calls.clear()
    assert conversation.values(most=20) == list(range(2_980, 3_000))
    assert seen.calls == {"get": 1, "list_messages": 1}


def test_what_a_branch_left_behind_is_not_read() -> None:
    """The end of a history that branched off early costs one page more, however much lies between:
    the first link of a branch says where the one ends that it follows. By a fresh reader, too."""
    seen, conversation = observed()
    ids = [link for _ in range(20) for link in conversation.say(*range(100))]
    conversation.say("again", head_id=ids[4], branches=[ids[-1]])
    conversation.say("and again")
    reader = Conversation(trees(seen.store), "c")
    seen.calls.clear()
    assert reader.values(most=5) == [2, 3, 4, "again", "and again"]
    assert seen.calls == {"get": 1, "list_messages": 2}
    conversation.say(head_id=ids[9])
    seen.calls.clear()
    assert reader.values(most=3) == [7, 8, 9]
    assert seen.calls == {"get": 1, "list_messages": 1}
    assert values(reader.trees.line(ids[-1])) == list(range(100)) * 20


def test_a_fork_keeps_what_it_shares_when_the_other_is_deleted() -> None:
    """Deleting a conversation erases its own messages, and takes nothing from its forks."""
    seen, conversation = observed()
    ids = conversation.say(*range(250))
    fork = conversation.fork("f", ids[119])
    fork.say("own")
    conversation.trees.delete("c", conversation.record["revision"])
    assert [info.session_id for info in seen.store.list_sessions("ana").items] == ["f"]
    fresh = trees(seen.store)
    assert Conversation(fresh, "f").values() == [*range(120), "own"]
    assert values(fresh.line(ids[7], most=1)) == [7]
    with pytest.raises(LookupError, match="no conversation of this user holds"):
        fresh.line(ids[120])


def test_a_fork_of_what_is_gone_is_a_conflict() -> None:
    """A fork never points at nothing: if its history was deleted meanwhile, it is refused."""
    _, conversation = observed()
    ids = conversation.say(1, 2)
    conversation.trees.delete("c", conversation.record["revision"])
    with pytest.raises(RecordConflictError):
        conversation.fork("f", ids[0])
    assert conversation.trees.record("f") is None


@pytest.mark.parametrize("size", [1, 250])
def test_a_broken_fork_is_not_there_and_can_be_made_again(size: int) -> None:
    """The record comes with the last link: a fork that stopped halfway shows nothing, and making it
    again goes on from what is there."""
    seen, conversation = observed()
    ids = conversation.say(*range(size))

    def broken() -> None:
        raise KeyboardInterrupt

    seen.after = broken
    with pytest.raises(KeyboardInterrupt):
        conversation.fork("f", ids[-1])
    assert (conversation.trees.record("f") is None) is (size > 100)
    if size > 100:
        assert conversation.fork("f", ids[-1]).values() == list(range(size))
        assert seen.store.get("f").message_count == size


@pytest.mark.parametrize("links", [(), (1,), tuple(range(250))])
def test_a_write_that_meets_its_own_result_is_done(links: tuple[int, ...]) -> None:
    """An answer was lost, and somebody has written since then: the write is not taken for one of
    another, and nothing is stored twice."""
    seen, conversation = observed()
    conversation.say("first")
    other = trees(seen.store)

    def lost() -> None:
        record = other.record("c")
        assert record is not None
        if len(links) < 100:
            Conversation(other, "c", record).say("other")
        raise BackendUnavailableError("no answer")

    seen.after = lost
    conversation.say(*links)
    expected = ["first", *links, *(["other"] if len(links) < 100 else [])]
    assert conversation.values() == expected
    assert seen.store.get("c").message_count == len(expected)


def test_a_deletion_that_meets_its_own_result_is_done() -> None:
    """Its answer was lost: the conversation is gone, and that is no conflict."""
    seen, conversation = observed()
    conversation.say("first")

    def lost() -> None:
        raise BackendUnavailableError("no answer")

    seen.after = lost
    conversation.trees.delete("c", conversation.record["revision"])
    assert conversation.trees.record("c") is None


def test_the_faster_of_two_writers_wins() -> None:
    """The other is told, leaves nothing behind, and loses nothing of the first."""
    seen, conversation = observed()
    conversation.say("first")
    slower = Conversation(trees(seen.store), "c", slower_record := dict(conversation.record))
    assert slower.trees.record("c") == slower_record
    conversation.say("faster")
    for change in ("slower",), ():
        with pytest.raises(RecordConflictError):
            slower.say(*change)
    with pytest.raises(RecordConflictError):
        slower.trees.delete("c", slower_record["revision"])
    with pytest.raises(RecordConflictError):
        Conversation(slower.trees, "c").say("as if new")
    assert slower.values() == ["first", "faster"]
    assert seen.store.get("c").message_count == 2


def test_what_others_do_to_the_session_is_no_conflict() -> None:
    """An application may name the conversation, or add a message of its own, between two turns: the
    history goes on, and shows nothing of that."""
    seen, conversation = observed()
    seen.store.create("ana", session_id="c", metadata={"title": "before"})
    conversation.say("first")
    conversation.trees.record("c")
    seen.store.append("c", Message(type="note", content="by hand"), metadata={"title": "after"})
    conversation.say("second")
    assert conversation.values() == ["first", "second"]
    assert seen.store.get("c").metadata["title"] == "after"


def test_a_large_record_is_an_item() -> None:
    """The metadata has room for 32,768 bytes; a record may be larger, and small again."""
    seen, conversation = observed()
    for size in (0, 9_000, 400_000, 9_000, 1):
        conversation.say(size, waiting="x" * size)
        fresh = trees(seen.store)
        assert fresh.record("c") == conversation.record
        assert list(fresh.records()) == [conversation.record]
        conversation.say(waiting="y" * size)
        assert fresh.record("c") == conversation.record
    assert conversation.values() == [0, 9_000, 400_000, 9_000, 1]


def test_a_session_of_somebody_else_is_not_there() -> None:
    """Nothing of it is read, listed, forked, written or deleted."""
    seen, conversation = observed()
    ids = conversation.say("private")
    other = Conversation(trees(seen.store, "bo"), "c")
    assert other.trees.record("c") is None
    assert list(other.trees.records()) == []
    with pytest.raises(LookupError):
        other.trees.line(ids[0])
    for attempt in (
        lambda: other.say("forged"),
        lambda: other.fork("f", ids[0]),
        lambda: other.trees.delete("c", conversation.record["revision"]),
    ):
        with pytest.raises(RecordConflictError):
            attempt()
    assert conversation.values() == ["private"]


def test_a_session_without_history_is_refused() -> None:
    """It would drop what the history still needs. Nothing is written."""
    storage = MemoryStorage()
    MemorySessionStore(storage).create("ana", session_id="c")
    with pytest.raises(ConfigurationError, match="created without history"):
        Conversation(trees(MemorySessionStore(storage, policy=POLICY)), "c").say(1)
    with pytest.raises(ConfigurationError, match="keeps none"):
        trees(MemorySessionStore(storage))


@pytest.mark.parametrize("text", ["{", "{}", "[]", '{"record": null, "item": "gone"}'])
def test_a_record_that_can_t_be_read_is_told(text: str) -> None:
    """It does not pass for a conversation that is not there, which a save would begin anew."""
    seen, conversation = observed()
    seen.store.create("ana", session_id="c", metadata={"tree": text})
    with pytest.raises(CorruptSessionError, match="'c'"):
        conversation.trees.record("c")
