"""Conversations that branch and fork: each whole in itself, and read at one price."""

import pytest

from chatstore import (
    ConfigurationError,
    CorruptSessionError,
    MemorySessionStore,
    MemoryStorage,
    Message,
)
from chatstore.integrations.trees import RecordConflictError

from .branching import POLICY, Conversation, observed, trees, values


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
    seen.shown = 0
    assert conversation.values(most=20) == list(range(2_980, 3_000))
    assert seen.calls == {"get": 1, "list_messages": 1}
    assert seen.shown <= 50


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
    seen.calls.clear()
    assert values(reader.trees.line(ids[-1])) == list(range(100)) * 20
    assert seen.calls == {"list_messages": 3}


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


def test_a_head_in_another_conversation_is_copied_from_where_the_two_part() -> None:
    """What both have is not stored again."""
    seen, conversation = observed()
    ids = conversation.say(*range(60))
    fork = conversation.fork("f", ids[9])
    fork.say(*range(50))
    later = conversation.say(*range(60, 120))
    fork.say("end", head_id=later[-1], branches=[fork.record["head_id"]])
    assert fork.values() == [*range(120), "end"]
    assert seen.store.get("f").message_count == 10 + 50 + 110 + 1


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
