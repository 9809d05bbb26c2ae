"""Amending: one message of the window changes in its place."""

from collections.abc import Iterator
from datetime import timedelta

from chatstore import (
    InvalidInputError,
    MaintainedSessionStore,
    ManualClock,
    Message,
    MessageNotFoundError,
    MessageTooLargeError,
    RetentionPolicy,
    SessionNotFoundError,
)
from chatstore.record.encode import stored_message
from chatstore_contract_tests.behaviour import (
    START,
    Behaviour,
    batch,
    contents,
    message,
    refused,
    unchanged,
)
from chatstore_contract_tests.cases import every_case
from chatstore_contract_tests.harness import Harness
from chatstore_contract_tests.histories import NARROW, all_of, keeping, told

KINDS: tuple[RetentionPolicy, ...] = (
    RetentionPolicy(max_message_bytes=2_000),
    RetentionPolicy(max_messages=99, max_message_bytes=2_000),
    RetentionPolicy(max_messages=150, max_message_bytes=2_000),
    RetentionPolicy(max_messages=None, max_message_bytes=2_000),
    keeping(5, max_message_bytes=2_000),
)


def other(first: Message, content: object = "amended", **fields: object) -> Message:
    """Another message with the same id."""
    return message(content, message_id=first.message_id, **fields)


def opened(
    harness: Harness, clock: ManualClock
) -> Iterator[tuple[RetentionPolicy, MaintainedSessionStore, str, list[Message]]]:
    """For each kind of window a store, a session, and the messages of its window, the oldest of
    which have left it."""
    for number, policy in enumerate(KINDS):
        with harness.open(policy=policy, clock=clock) as store:
            clock.now = START
            key = f"{number}"
            store.create("ana", session_id=key, messages=batch(170, "first"), metadata={"a": 1})
            yield policy, store, key, store.append_and_get(key, *batch(3, "last")).messages


class AmendingBehaviour(Behaviour):
    """amend."""

    def test_amend_takes_the_place(self, harness: Harness, clock: ManualClock) -> None:
        """`amend` puts a message in the place of the one with its id, wherever in the window, and
        returns the session: count, order and all else stay; it is a write."""
        with every_case() as case:
            for policy, store, key, window in opened(harness, clock):
                kept = all_of(store, key)
                before = store.get(key)
                for index in sorted({0, 1, len(window) // 2, len(window) - 1}):
                    with case(policy, index):
                        clock.advance(timedelta(seconds=1))
                        amended = other(window[index], [{"text": index}], name="bot", extra=None)
                        window[index] = amended
                        kept[index - len(window)] = amended
                        found = store.amend(key, amended)
                        assert told(found.messages) == told(window)
                        assert (found.version, found.updated_at) == (before.version + 1, clock.now)
                        assert found.ttl == (before.ttl or 0) + 1
                        same = {"session_id", "message_count", "metadata", "created_at", "history"}
                        assert found.model_dump(include=same) == before.model_dump(include=same)
                        assert store.get(key) == found
                        assert told(all_of(store, key)) == told(kept)
                        before = found
                with case(policy, "goes on"):
                    after = store.append_and_get(key, message("new"))
                    assert told(after.messages[-3:-1]) == told(window[-2:])
                    assert after.message_count == 174

        with every_case() as case, harness.open(policy=keeping(4), clock=clock) as store:
            source = store.create("ana", session_id="twice", messages=batch(4, "once"))
            first, second, third, _ = source.messages
            newer = other(first, "sent long after")
            copy = source.model_copy(update={"messages": [third, newer]})
            store.restore(copy, history=[first, second], overwrite=True)
            with case("the newest, if an id is there twice"):
                found = store.amend("twice", other(first))
                assert contents(found) == [*contents(source)[:3], "amended"]

    def test_an_equal_amend_writes_nothing(self, harness: Harness, clock: ManualClock) -> None:
        """What says the same already is not written, whatever its time and the version asked
        for."""
        with every_case() as case:
            for policy, store, key, window in opened(harness, clock):
                with case(policy), unchanged(harness, key):
                    found = store.get(key)
                    clock.advance(timedelta(seconds=1))
                    later = window[-2].timestamp + timedelta(seconds=1)
                    same = window[-2].model_copy(update={"timestamp": later})
                    assert store.amend(key, window[-2]) == found
                    assert store.amend(key, same, user_id="ana", if_version=7) == found
                with case(policy, "amended"):
                    found = store.amend(key, other(window[0], extra={"a": 1.0}))
                    with unchanged(harness, key):
                        assert store.amend(key, other(window[0], extra={"a": 1})) == found

    def test_only_the_window_is_amended(self, harness: Harness, clock: ManualClock) -> None:
        """A message that is not in the session's window is `MessageNotFoundError`, if it was never
        there, has left it or was taken out; the window counts, not what the caller is shown."""
        with every_case() as case:
            for policy, store, key, window in opened(harness, clock):
                gone = [message("never"), store.list_messages(key, newest_first=False).items[0]]
                if not policy.keep_history:
                    gone[1] = batch(1)[0]
                store.rewrite(key, window[:-1], if_version=None)
                for name, each in zip(("never", "left"), gone, strict=True):
                    with case(policy, name), refused(MessageNotFoundError, harness, key) as raised:
                        store.amend(key, other(each), if_version=7)
                    assert isinstance(raised.value, LookupError)
                    assert isinstance(raised.value, MessageNotFoundError)
                    assert (raised.value.session_id, raised.value.message_id) == (
                        key,
                        each.message_id,
                    )
                with case(policy, "taken out"), refused(MessageNotFoundError, harness, key):
                    store.amend(key, other(window[-1]))
                with case(policy, "missing"), refused(SessionNotFoundError, harness, "missing"):
                    store.amend("missing", other(window[0]))
                with case(policy, "narrow"), harness.open(policy=NARROW, clock=clock) as narrow:
                    found = narrow.amend(key, other(window[0], "unseen"))
                    assert len(found.messages) == 3
                    assert "unseen" in contents(store.get(key))

    def test_an_amended_message_is_known_again(self, harness: Harness, clock: ManualClock) -> None:
        """The id of an amended message is that of a message sent again, whatever the content: its
        first one, as a driver sends it again, or any other. Nobody sees the mark."""
        with every_case() as case:
            for policy, store, key, window in opened(harness, clock):
                with case(policy):
                    first = window[-2]
                    store.amend(key, other(first, "half"))
                    found = store.amend(key, other(first, "whole", extra=1))
                    with unchanged(harness, key):
                        for again in (first, other(first, "half"), other(first, None)):
                            assert store.append(key, again).version == found.version
                            assert store.append(key, window[-3], again, window[-1]) is not None
                    assert found.messages[-2].model_extra == {"extra": 1}
                    listed = store.list_messages(key, limit=2).items
                    assert listed[-1].model_extra == {"extra": 1}
                    after = store.append_and_get(key, first, window[-1], message("new"))
                    assert contents(after)[-3:] == ["whole", "last 2", "new"]
                with case(policy, "another"), refused(InvalidInputError, harness, key):
                    store.append(key, other(window[-1]))

    def test_an_amended_message_must_fit(self, harness: Harness, clock: ManualClock) -> None:
        """Where bytes bound the window, a message that would not fit beside the others is
        `MessageTooLargeError`: nothing is trimmed for it. To the byte, it fits."""
        with every_case() as case:
            sent = [message("x" * 300) for _ in range(3)]
            weight = sum(stored_message(each).weight for each in sent)
            bounded = RetentionPolicy(
                max_messages=None, max_message_bytes=weight, max_window_bytes=weight + 50
            )
            with case("bounded"), harness.open(policy=bounded, clock=clock) as store:
                store.create("ana", session_id="bounded", messages=sent)
                _fits(harness, store, "bounded", sent[1], 350)
            sent = [message("x" * 30_000) for _ in range(11)]
            weight = sum(stored_message(each).weight for each in sent)
            sent.append(message("x" * 10))
            room = 336_000 - weight - stored_message(sent[-1]).weight
            for policy in (keeping(50), RetentionPolicy(max_messages=50)):
                key = f"{policy.keep_history}"
                with case(key), harness.open(policy=policy, clock=clock) as store:
                    store.create("ana", session_id=key, messages=[message("z" * 30_000), *sent])
                    _fits(harness, store, key, sent[-1], 10 + room)
                    assert told(store.get(key).messages[-12:-1]) == told(sent[:-1])


def _fits(
    harness: Harness, store: MaintainedSessionStore, key: str, first: Message, length: int
) -> None:
    """Assert that a content of so many bytes fits in a message's place, and one byte more does
    not."""
    count = len(store.get(key).messages)
    with refused(MessageTooLargeError, harness, key) as raised:
        store.amend(key, other(first, "y" * (length + 1)))
    assert "max_window_bytes" in str(raised.value)
    found = store.amend(key, other(first, "y" * length))
    assert len(found.messages) == count
    assert store.amend(key, other(first, "small")).version == found.version + 1
    assert store.amend(key, other(first, "y" * length)).version == found.version + 2
