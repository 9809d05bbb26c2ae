"""A batch that meets what is stored, and is no retry of it, is refused: nothing is lost."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from chatstore import (
    InvalidInputError,
    MaintainedSessionStore,
    ManualClock,
    Message,
    RetentionPolicy,
)
from chatstore_contract_tests.behaviour import (
    Behaviour,
    batch,
    contents,
    message,
    refused,
    unchanged,
)
from chatstore_contract_tests.cases import every_case
from chatstore_contract_tests.foreign import brief_record
from chatstore_contract_tests.harness import Harness

CHANGES: tuple[dict[str, Any], ...] = (
    {"content": "other"},
    {"type": "tool"},
    {"confidence": 0.5},
    {"recommendations": ["a"]},
    {"extra": True},
    {"extra": [1, {"b": 2}]},
)
"""What makes another message of one, each alone. Its `extra` is 1."""

LIMITS = (10, 99, 150, None)
"""How many messages a window holds: engines may keep long ones in another way."""


def refuses(
    store: MaintainedSessionStore, harness: Harness, index: int, *sent: Message, **options: Any
) -> None:
    """Assert that both kinds of append refuse the batch, name the message, and write nothing."""
    for call in (store.append, store.append_and_get):
        with refused(InvalidInputError, harness, "there") as raised:
            call("there", *sent, **options)
        assert isinstance(raised.value, InvalidInputError)
        assert raised.value.field == f"messages[{index}]"


def windows(
    harness: Harness, clock: ManualClock
) -> Iterator[tuple[int | None, MaintainedSessionStore]]:
    """A store for each of the limits, in which there is no session yet."""
    for limit in LIMITS:
        policy = RetentionPolicy(max_messages=limit, max_message_bytes=2_000)
        with harness.open(policy=policy, clock=clock) as store:
            yield limit, store
            store.delete("there")


class ResendingBehaviour(Behaviour):
    """Messages that were stored before, in a further batch."""

    def test_a_stored_id_with_other_content_is_refused(
        self, harness: Harness, clock: ManualClock
    ) -> None:
        """An id that is in the window belongs to the content that is stored with it, unknown
        attributes included."""
        first, last = message("first", extra=1), message("last", extra=1)
        with every_case() as case:
            for limit, store in windows(harness, clock):
                store.create("ana", session_id="there", messages=[first])
                store.append("there", last)
                for changes in CHANGES:
                    other = last.model_copy(update=changes)
                    with case(limit, changes):
                        refuses(store, harness, 0, other)
                        refuses(store, harness, 1, first, other, message("new"))
                with case(limit, "at another version"):
                    # It is the call's own result that is missing, whatever the version.
                    other = last.model_copy(update={"content": "another"})
                    refuses(store, harness, 0, other, if_version=1)
                with case(limit, "the same"), unchanged(harness, "there"):
                    assert store.append("there", last).version == 2

    def test_what_is_new_comes_after_what_is_stored(
        self, harness: Harness, clock: ManualClock
    ) -> None:
        """A new message before one that is stored already is refused, and not dropped."""
        stored, new = batch(2), message("new")
        with every_case() as case:
            for limit, store in windows(harness, clock):
                with case(limit):
                    store.create("ana", session_id="there", messages=stored[:1])
                    refuses(store, harness, 0, new, stored[0])
                    refuses(store, harness, 0, new, stored[0], message("newer"))
                    store.append("there", stored[1])
                    refuses(store, harness, 0, new, stored[1])
                    refuses(store, harness, 1, stored[0], new, stored[1])
                    after = store.append_and_get("there", *stored, new)
                    assert contents(after) == ["message 0", "message 1", "new"]

    def test_what_can_not_have_been_pruned_is_new(
        self, store: MaintainedSessionStore, harness: Harness
    ) -> None:
        """In a full window too: only what stands before its oldest message may have been pruned."""
        stored = batch(15)
        store.create("ana", session_id="there", messages=stored)
        new = message("new")
        refuses(store, harness, 0, new, stored[14])
        refuses(store, harness, 0, new, *stored[6:])
        refuses(store, harness, 1, stored[5], new, stored[6])
        with unchanged(harness, "there"):
            store.append("there", *stored[3:])

    def test_what_is_stored_keeps_its_order(
        self, store: MaintainedSessionStore, harness: Harness
    ) -> None:
        """Stored messages in another order than the stored one are no retry."""
        stored = batch(3)
        store.create("ana", session_id="there", messages=stored)
        refuses(store, harness, 1, stored[1], stored[0])
        refuses(store, harness, 2, stored[0], stored[2], stored[1], message("new"))
        with unchanged(harness, "there"):
            store.append("there", stored[0], stored[2])

    def test_a_retry_may_be_built_anew(
        self, store: MaintainedSessionStore, harness: Harness
    ) -> None:
        """The time at which a message was built does not count: the same id and content are the
        same message, and the time that is stored stays."""
        first, last = message("first"), message("last", extra=1)
        store.create("ana", session_id="there", messages=[first])
        store.append("there", last)
        rebuilt = [
            each.model_copy(update={"timestamp": each.timestamp + timedelta(seconds=1)})
            for each in (first, last)
        ]
        with unchanged(harness, "there"):
            assert store.append("there", *rebuilt).message_count == 2
            assert store.append_and_get("there", rebuilt[1]).messages == [first, last]
        after = store.append_and_get("there", *rebuilt, message("new"))
        assert contents(after) == ["first", "last", "new"]
        assert after.messages[:2] == [first, last]

    def test_equal_content_is_a_retry_in_any_form(
        self, store: MaintainedSessionStore, harness: Harness
    ) -> None:
        """What another service stored, with times and numbers in forms of its own, is the message
        that is read there; the order of names does not count."""
        document = brief_record()
        document["messages"][1].update(extra={"a": 1.0, "b": 2}, confidence=1)
        harness.raw_write(document)
        first, second = store.get("foreign").messages
        turned = second.model_copy(update={"extra": {"b": 2, "a": 1}})
        with unchanged(harness, "foreign"):
            assert store.append("foreign", first, turned).message_count == 2
        after = store.append_and_get("foreign", first, turned, message("new"))
        assert contents(after) == ["message 0", "message 1", "new"]
