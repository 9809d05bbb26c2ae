"""Archived conversations: one mark, read exactly, whatever others do meanwhile."""

import random
import threading
from contextlib import suppress
from typing import Any

import pytest

from chatstore import (
    InvalidInputError,
    MemorySessionStore,
    MemoryStorage,
    Message,
    SessionNotFoundError,
)
from chatstore.integrations.archive import MARK, Archive
from chatstore.integrations.conversations import Conversations
from chatstore.integrations.entries import ACTIVE, new_item
from chatstore.models import Page

from .archives import KINDS, POLICY, add, archive_over, state, turns


def test_what_is_read_is_of_one_moment() -> None:
    """If others replace everything between two pages of a long conversation, it is read anew."""
    new = turns(80, 500)

    class Hurried(MemorySessionStore):
        is_replaced = False

        def list_messages(self, session_id: str, **options: Any) -> Page[Message]:
            page = super().list_messages(session_id, **options)
            if not self.is_replaced:
                self.is_replaced = True
                archive_over(self).replace("chat", [new_item(each, "u", ACTIVE) for each in new])
            return page

    store = Hurried(policy=POLICY)
    add(store, turns(200))
    found = archive_over(store).snapshot("chat")
    assert [each.value for each in found.active] == new


def test_what_was_archived_can_be_added_again() -> None:
    """A write whose outcome nobody knew is over once something was archived: equal items that come
    next are new ones."""
    store = MemorySessionStore(policy=POLICY)
    conversations = Conversations(store)
    archive: Archive[str] = Archive(conversations, "ana", str, lambda text: KINDS[text[0]])
    items = [new_item("u0", "u", ACTIVE)]
    with suppress(KeyboardInterrupt), conversations.writing("chat", "ana", items) as write:
        write.send()
        raise KeyboardInterrupt
    assert archive.archive("chat", 1) == ["u0"]
    conversations.add("chat", "ana", items)
    assert state(archive) == (["u0"], ["u0"])


def test_a_mark_whose_item_is_gone_counts_for_nothing() -> None:
    """After everything was replaced by another program, everything is active."""
    store = MemorySessionStore(policy=POLICY)
    archive = archive_over(store)
    add(store, turns(3))
    archive.archive("chat", 2)
    kept = store.get("chat").messages[2:]
    store.rewrite("chat", kept, if_version=None, whole=True)
    assert state(archive) == ([], turns(3)[2:])
    store.update("chat", metadata={MARK: "spoilt"})
    assert state(archive) == ([], turns(3)[2:])


def test_a_result_whose_call_is_removed_is_archived() -> None:
    """It stays out of use whatever it comes to stand behind, and can still be read."""
    store = MemorySessionStore(policy=POLICY)
    archive = archive_over(store)
    add(store, ["u0", "a1", "u2", "a3", "t4", "a5"])
    archive.remove("chat", lambda found: found.active[3:4])
    assert state(archive) == (["t4"], ["u0", "a1", "u2", "a5"])
    archive.remove("chat", lambda found: found.active[2:3])
    assert state(archive) == (["t4"], ["u0", "a1", "a5"])
    add(store, ["u6", "t7"])
    archive.remove("chat", lambda found: found.active[3:4])
    assert state(archive) == (["t4", "t7"], ["u0", "a1", "a5"])


def test_what_is_left_of_a_cut_turn_is_archived() -> None:
    """It goes out of use for good, whatever is added later."""
    store = MemorySessionStore(policy=POLICY)
    archive = archive_over(store)
    add(store, ["u0", "a1", "t2", "a3"])
    assert archive.remove("chat", lambda found: found.active[:1], is_cut=True) == ["u0"]
    add(store, ["a4", "u5"])
    assert state(archive) == (["a1", "t2", "a3"], ["a4", "u5"])


def test_a_large_item_across_the_mark_is_whole() -> None:
    """An item of several writes, between which another's was archived, is read whole."""
    store = MemorySessionStore(policy=POLICY)
    archive = archive_over(store)
    large = "u" + "x" * 700_000
    parts = Conversations(store)
    with parts.writing("chat", "ana", [new_item(large, "u", ACTIVE)]) as write:
        unsent = [piece.message for piece in write._unsent]
        store.create("ana", session_id="chat", messages=unsent[:5])
        add(store, ["u0", "a0"])
        archive.archive("chat", 2)
        for message in unsent[5:]:
            store.append("chat", message)
        del write._unsent[:]
        write._info = store.get("chat")
    assert state(archive) == (["u0", "a0"], [large])


def test_two_archive_at_once() -> None:
    """Archivers and writers at work at the same time: each message is archived by one of them, and
    nothing is lost or out of order."""
    storage = MemoryStorage()
    add(MemorySessionStore(storage, policy=POLICY), turns(30))
    taken: list[str] = []

    def work(seed: int) -> None:
        choose = random.Random(seed)  # noqa: S311  no secret
        store = MemorySessionStore(storage, policy=POLICY)
        archive = archive_over(store)
        for _ in range(10):
            if choose.random() < 0.5:
                taken.extend(archive.archive("chat", 2))
            else:
                add(store, ["u900", "a900"])

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    archived, active = state(archive_over(MemorySessionStore(storage, policy=POLICY)))
    assert sorted(taken) == sorted(archived)
    assert (archived + active)[:60] == turns(30)


def test_a_rewrite_that_no_store_takes_is_refused() -> None:
    """Removing from far back in a conversation of more than 6,000 messages is an error that says
    what to do; in what `get` shows of it, it is done."""
    store = MemorySessionStore(policy=POLICY)
    archive = archive_over(store)
    add(store, turns(3_100))
    with pytest.raises(InvalidInputError, match="archive instead"):
        archive.remove("chat", lambda found: found.active[:2])
    archive.archive("chat", 6_190)
    assert archive.remove("chat", lambda found: found.active[:2]) == turns(1, 3_095)
    assert len(state(archive)[1]) == 8


def test_somebody_elses_session_is_not_there() -> None:
    """Every call says so, and emptying it, or one that is not there, does nothing."""
    store = MemorySessionStore(policy=POLICY)
    add(store, turns(1))
    archive = archive_over(store, "ben")
    for call in (
        lambda: archive.snapshot("chat"),
        lambda: archive.archive("chat", 1),
        lambda: archive.remove("chat", lambda found: found.active),
        lambda: archive.replace("chat", [new_item("u", "u", ACTIVE)]),
    ):
        with pytest.raises(SessionNotFoundError):
            call()
    archive.replace("chat", [])
    archive.replace("none", [])
    assert [each.value for each in archive_over(store).snapshot("chat").active] == turns(1)
    with pytest.raises(SessionNotFoundError):
        store.get("none")
