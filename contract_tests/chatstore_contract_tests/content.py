"""What a message may say: text, parts, tool calls, or nothing; and how much of a window is read."""

import random
from collections.abc import Callable
from typing import Any

from chatstore import (
    JsonObject,
    MaintainedSessionStore,
    ManualClock,
    Message,
    RetentionPolicy,
    Session,
)
from chatstore_contract_tests import oracle
from chatstore_contract_tests.behaviour import Behaviour, batch, contents, message, unchanged
from chatstore_contract_tests.cases import every_case
from chatstore_contract_tests.foreign import brief_record
from chatstore_contract_tests.harness import Harness
from chatstore_contract_tests.histories import NARROW, all_of, backed_up, keeping, told
from chatstore_contract_tests.hostile import NUMBERS, TEXTS
from chatstore_contract_tests.maintenance import scanned

KINDS: tuple[RetentionPolicy, ...] = (
    RetentionPolicy(),
    RetentionPolicy(max_messages=150, max_message_bytes=2_000),
    RetentionPolicy(max_messages=None, max_message_bytes=2_000),
    keeping(4),
)
"""Windows as engines may keep them in different ways, and a history."""


def any_value(chance: random.Random, depth: int = 3) -> Any:
    """Any JSON value; its numbers are not yet in their normal form."""
    kind = chance.randrange(8 if depth else 5)
    if kind < 5:
        numbers = [written for written, _ in NUMBERS.values()]
        return (None, chance.random() < 0.5, chance.choice(numbers), any_text(chance), 7.0)[kind]
    values = [any_value(chance, depth - 1) for _ in range(chance.randrange(4))]
    if kind == 5:
        return values
    names = ("text", "content", "messageId", "metadata", "é", "chatstore", "a.b", "tool_calls")
    return dict(zip(chance.sample(names, len(values)), values, strict=True))


def any_text(chance: random.Random) -> str:
    """Any text."""
    return chance.choice(list(TEXTS.values()))[:40]


def any_object(chance: random.Random) -> JsonObject:
    """Any JSON object."""
    names = chance.sample(("type", "text", "id", "image_url", "arguments"), chance.randrange(4))
    return {name: any_value(chance) for name in names}


def any_message(chance: random.Random) -> tuple[Message, Message]:
    """A message, and the same with its numbers in their normal form."""
    makers: dict[str, Callable[[], Any]] = {
        "content": lambda: chance.choice(
            (None, any_text(chance), [any_object(chance) for _ in range(chance.randrange(4))])
        ),
        "tool_calls": lambda: [any_object(chance) for _ in range(chance.randrange(3))],
        "tool_call_id": lambda: any_text(chance),
        "name": lambda: any_text(chance),
        "metadata": lambda: any_object(chance),
        "refusal": lambda: any_value(chance),
        "toolCall": lambda: any_value(chance),
    }
    fields = {name: make() for name, make in makers.items() if chance.random() < 0.5}
    sent = Message(type=chance.choice(("user", "assistant", "tool")), **fields)
    known: dict[str, Any] = {
        "type": sent.type,
        "message_id": sent.message_id,
        "timestamp": sent.timestamp,
    }
    return sent, Message(**known, **oracle.normal(fields))


class ContentBehaviour(Behaviour):
    """Messages as the common model APIs have them."""

    def test_any_message_comes_back_whole(self, harness: Harness, clock: ManualClock) -> None:
        """Text, parts or no content, tool calls, names, metadata and unknown attributes are the
        same after every call that writes, in every call that reads, and in a restored copy."""
        chance = random.Random(4)  # noqa: S311 - test data
        with every_case() as case:
            for number, policy in enumerate(KINDS):
                key = f"{number}"
                with harness.open(policy=policy, clock=clock) as store, case(policy):
                    made = [any_message(chance) for _ in range(26)]
                    sent = [each for each, _ in made]
                    store.create("ana", session_id=key, messages=sent[:6])
                    store.append(key, *sent[6:12])
                    store.append_and_get(key, *sent[12:20])
                    before = store.get(key).messages[:-1]
                    store.rewrite(key, [*before, *sent[20:21]][-3:], if_version=None)
                    store.append(key, *sent[21:24])
                    last, as_read = made[24]
                    amended = last.model_copy(update={"message_id": sent[23].message_id})
                    found = store.amend(key, amended)
                    as_read = as_read.model_copy(update={"message_id": sent[23].message_id})
                    expected = [*(each for _, each in made[20:23]), as_read]
                    assert told(found.messages[-4:]) == told(expected)
                    _require_everywhere(store, found)
                    session, before_it = backed_up(store, key)
                    kept = all_of(store, key)
                    store.delete(key)
                    store.restore(session, history=before_it)
                    _require_everywhere(store, found)
                    assert told(all_of(store, key)) == told(kept)

    def test_what_has_no_content_reads_as_none(
        self, store: MaintainedSessionStore, harness: Harness
    ) -> None:
        """A message that another service stored without `content`, or with null, has None, and is
        known again."""
        document = brief_record()
        del document["messages"][0]["content"]
        document["messages"][1]["content"] = None
        harness.raw_write(document)
        found = store.get("foreign")
        assert contents(found) == [None, None]
        with unchanged(harness, "foreign"):
            assert store.append("foreign", *found.messages).message_count == 2
        empty = [message(None), Message(type="assistant", tool_calls=[{"name": "search"}])]
        after = store.append_and_get("foreign", *empty)
        assert contents(after) == [None] * 4
        assert told(store.list_messages("foreign", newest_first=False).items[2:]) == told(empty)

    def test_the_last_messages_can_be_read_alone(
        self, harness: Harness, clock: ManualClock
    ) -> None:
        """`get` with `last` shows at most so many of the newest messages that it would show, none
        for 0, and in all else what it shows without."""
        with every_case() as case:
            for number, policy in enumerate(KINDS):
                key = f"{number}"
                with (
                    harness.open(policy=policy, clock=clock) as store,
                    harness.open(policy=NARROW, clock=clock) as narrow,
                ):
                    store.create("ana", session_id=key, messages=batch(60), metadata={"a": 1})
                    store.append(key, *batch(65, "more"))
                    with unchanged(harness, key):
                        for reader in (store, narrow):
                            whole = reader.get(key)
                            for last in (0, 1, 2, 3, 4, 5, 99, 100, 101, 150, 2**53):
                                with case(policy, reader.policy, last):
                                    found = reader.get(key, last=last, user_id="ana")
                                    expected = whole.messages[max(len(whole.messages) - last, 0) :]
                                    assert found.messages == expected
                                    assert (
                                        found.model_copy(update={"messages": whole.messages})
                                        == whole
                                    )
            with case("what nobody counted"), harness.open(clock=clock) as store:
                harness.raw_write(brief_record(messageCount=...))
                assert [store.get("foreign", last=n).message_count for n in (0, 1, 9)] == [2] * 3


def _require_everywhere(store: MaintainedSessionStore, session: Session) -> None:
    """Assert that every read shows the messages of `session` just so."""
    key = session.session_id
    (found,) = store.get_many([key])
    (backup,) = (each for each in scanned(store, 10) if each.session_id == key)
    newest = store.list_messages(key, limit=max(len(session.messages), 1)).items[::-1]
    for messages in (store.get(key).messages, found.messages, backup.messages, newest):
        assert told(messages) == told(session.messages)
