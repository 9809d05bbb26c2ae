"""Conversations that branch and fork: written once, whoever else writes and whichever answer is
lost."""

import pytest

from chatstore import BackendUnavailableError
from chatstore.integrations.trees import RecordConflictError

from .branching import Conversation, observed, trees


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


@pytest.mark.parametrize("links", [("slower",), (), None])
def test_a_writer_who_is_overtaken_is_told(links: tuple[str, ...] | None) -> None:
    """Another one writes between the look and the write, whatever that is: it is a conflict, and
    the other's turn is there."""
    seen, conversation = observed()
    conversation.say("first")
    faster = Conversation(trees(seen.store), "c", dict(conversation.record))
    conversation.trees.record("c")
    seen.before = lambda: faster.say("faster")
    revision = conversation.record["revision"]
    with pytest.raises(RecordConflictError):
        conversation.trees.delete("c", revision) if links is None else conversation.say(*links)
    assert conversation.values() == ["first", "faster"]


def test_two_first_writers() -> None:
    """Both found nothing under an id: one of them begins the conversation, the other is told."""
    seen, conversation = observed()
    faster = Conversation(trees(seen.store), "c")
    seen.before = lambda: faster.say("faster")
    with pytest.raises(RecordConflictError):
        conversation.say("slower")
    assert faster.values() == ["faster"]


def test_a_revision_that_was_heard_of_elsewhere_counts() -> None:
    """What was read a while ago is no reason for a conflict."""
    seen, conversation = observed()
    conversation.say("first")
    reader = trees(seen.store)
    reader.record("c")
    conversation.say("second")
    Conversation(reader, "c", dict(conversation.record)).say("third")
    assert conversation.values() == ["first", "second", "third"]
