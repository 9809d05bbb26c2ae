"""Bad input is refused before anything is written; odd but good input comes back as it went."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from chatstore import (
    InvalidInputError,
    JsonObject,
    MaintainedSessionStore,
    Message,
    MessageTooLargeError,
    RetentionPolicy,
)
from chatstore.record.encode import stored_message
from chatstore_contract_tests.behaviour import (
    Behaviour,
    batch,
    message,
    raises_itself,
    refused,
    unchanged,
)
from chatstore_contract_tests.cases import every_case
from chatstore_contract_tests.harness import Harness
from chatstore_contract_tests.hostile import BAD_VALUES, TEXTS, nested
from chatstore_contract_tests.operations import CONDITIONAL_WRITES
from chatstore_contract_tests.places import LABELLED, PLACES, WRONG_TYPES

NAIVE = datetime(2026, 1, 1)

BAD_LABELS: tuple[Any, ...] = ("", "x" * 65, "a\0", "\ud800", 7)

_CROWD = {f"key {number}": 1 for number in range(257)}
TOO_MUCH: Mapping[str, tuple[JsonObject, str]] = {
    "257 keys": (_CROWD, "256"),
    "257 removals": (dict.fromkeys(_CROWD, None), "256"),
    "a long value": ({"key": "x" * 32_766}, "32768"),
    "a long name": ({"k" * 32_768: 1}, "32768"),
    "a long list": ({"key": ["é" * 16_382]}, "32768"),
    "many long values": ({f"key {number:02}": "x" * 1_019 for number in range(32)}, "32768"),
}
"""Maps that hold too much, and the limit that the error names."""


class HostileInputBehaviour(Behaviour):
    """The portable envelope."""

    def test_a_bad_value_is_refused(self, store: MaintainedSessionStore, harness: Harness) -> None:
        """JSON only, within what every engine holds: else `InvalidInputError`, and nothing is
        stored."""
        store.create("ana", session_id="there", messages=batch(2), metadata={"a": 1})
        with every_case() as case:
            for place, call in PLACES.items():
                with case(place), unchanged(harness, "there", "there too"):
                    for name, value in BAD_VALUES.items():
                        with case(place, name), raises_itself(InvalidInputError):
                            call(store, "there", value)

    def test_a_wrong_type_is_refused(self, store: MaintainedSessionStore, harness: Harness) -> None:
        """What could be taken for something else is `InvalidInputError`, and nothing is stored."""
        store.create("ana", session_id="there")
        with every_case() as case, unchanged(harness, "there"):
            for name, call in WRONG_TYPES.items():
                with case(name), raises_itself(InvalidInputError):
                    call(store)

    def test_any_text_comes_back(self, store: MaintainedSessionStore) -> None:
        """Contents, names and values are kept to the character."""
        with every_case() as case:
            for name, text in TEXTS.items():
                with case(name):
                    sent = message(text, extra={f"name {text}": text})
                    entries = {f"k{text[:100]}": text[:100]}
                    session = store.create("ana", messages=[sent], metadata=entries)
                    found = store.get(session.session_id)
                    assert found.messages == [sent]
                    assert found.metadata == entries

    def test_24_levels_are_good(self, store: MaintainedSessionStore) -> None:
        """Depth at most 24, the message or the map itself included, is stored."""
        deep = nested(23)
        session = store.create("ana", messages=[message(deep=deep)], metadata={"deep": deep})
        found = store.get(session.session_id)
        assert found.metadata == {"deep": deep}
        assert found.messages[0].model_extra == {"deep": deep}

    def test_a_label_has_1_to_64_characters(
        self, store: MaintainedSessionStore, harness: Harness
    ) -> None:
        """`session_status` and a message's `type` are 1 to 64 characters."""
        store.create("ana", session_id="there")
        with every_case() as case, unchanged(harness, "there"):
            for name, call in LABELLED.items():
                field = "type" if name == "append" else "session_status"
                for label in BAD_LABELS:
                    with case(name, label):
                        with raises_itself(InvalidInputError) as raised:
                            call(store, label)
                        assert field in str(raised.value)
        longest = "é" * 64
        assert store.update("there", session_status=longest).session_status == longest
        store.append("there", message(type=longest))
        assert store.get("there").messages[0].type == longest

    def test_confidence_is_0_to_1(self, store: MaintainedSessionStore, harness: Harness) -> None:
        """`confidence` lies within 0 and 1, both included."""
        store.create("ana", session_id="there")
        with every_case() as case, unchanged(harness, "there"):
            for confidence in (-0.01, 1.01, 7):
                with case(confidence):
                    with raises_itself(InvalidInputError) as raised:
                        store.append("there", message(confidence=confidence))
                    assert "confidence" in str(raised.value)
        store.append("there", message(confidence=0), message(confidence=1))

    def test_a_message_has_a_limit(self, store: MaintainedSessionStore, harness: Harness) -> None:
        """A message over `max_message_bytes` is `MessageTooLargeError`, which names field, limit
        and size; one exactly as large is stored."""
        overhead = stored_message(message("")).size
        store.create("ana", session_id="there", messages=batch(2))
        large = message("x" * (32_768 - overhead + 1))
        attempts: list[Callable[[], object]] = [
            lambda: store.append("there", message(), large),
            lambda: store.rewrite("there", [large], if_version=1),
            lambda: store.create("ana", session_id="there", messages=[large]),
            lambda: store.amend("there", large),
        ]
        for attempt in attempts:
            with refused(MessageTooLargeError, harness, "there") as raised:
                attempt()
            assert isinstance(raised.value, InvalidInputError)
            assert raised.value.field.startswith("message")
            assert "32768" in raised.value.limit
            assert "32769" in str(raised.value.size)
        store.append("there", message("x" * (32_768 - overhead)))

    def test_a_message_must_fit_the_window(self, harness: Harness) -> None:
        """Where bytes bound the window, a message that could never be kept is refused."""
        sent = message("x" * 500)
        limit = stored_message(sent).size
        policy = RetentionPolicy(max_messages=None, max_message_bytes=limit, max_window_bytes=limit)
        with harness.open(policy=policy) as store:
            store.create("ana", session_id="there")
            with refused(MessageTooLargeError, harness, "there") as raised:
                store.append("there", sent)
            assert "max_window_bytes" in str(raised.value)

    def test_create_and_rewrite_take_6000_messages(
        self, store: MaintainedSessionStore, harness: Harness
    ) -> None:
        """At most 6,000 messages in a `create` or `rewrite`."""
        many = batch(6_001)
        store.create("ana", session_id="there")
        with refused(InvalidInputError, harness, "there") as raised:
            store.rewrite("there", many, if_version=1)
        assert "6000" in str(raised.value)
        with refused(InvalidInputError, harness, "other"):
            store.create("ana", session_id="other", messages=many)
        session = store.create("ana", session_id="other", messages=many[:6_000])
        assert session.message_count == 6_000
        assert session.messages == many[5_990:6_000]

    def test_a_map_has_limits(self, store: MaintainedSessionStore, harness: Harness) -> None:
        """At most 256 keys, in a patch too, and at most 32 KiB together, names and values."""
        store.create("ana", session_id="there")
        with every_case() as case:
            for field in ("user_preferences", "metadata"):
                with unchanged(harness, "there", "other"):
                    for name, (entries, limit) in TOO_MUCH.items():
                        bad: Any = {field: entries}
                        with case(field, name):
                            with raises_itself(InvalidInputError) as raised:
                                store.update("there", **bad)
                            assert field in str(raised.value)
                            assert limit in str(raised.value)
                            with raises_itself(InvalidInputError):
                                store.create("ana", session_id="other", **bad)
                good: Any = {field: {"key": "x" * 16_381, "k" * 16_382: 1}}
                store.update("there", **good)
                assert getattr(store.get("there"), field) == good[field]

    def test_a_map_is_an_object(self, store: MaintainedSessionStore, harness: Harness) -> None:
        """Preferences and metadata are objects with str keys."""
        store.create("ana", session_id="there")
        others: list[Any] = [[("a", 1)], "text", 7]
        with every_case() as case, unchanged(harness, "there", "other"):
            for entries in others:
                with case(entries):
                    with raises_itself(InvalidInputError):
                        store.update("there", metadata=entries)
                    with raises_itself(InvalidInputError):
                        store.create("ana", session_id="other", user_preferences=entries)

    def test_a_naive_time_is_refused(self, store: MaintainedSessionStore, harness: Harness) -> None:
        """Times are timezone-aware; a naive datetime is refused, a clock's too."""
        store.create("ana", session_id="there")
        attempts: list[Callable[[], object]] = [
            lambda: store.list_sessions("ana", created_from=NAIVE),
            lambda: store.list_sessions("ana", created_before=NAIVE),
            lambda: store.append("there", message().model_copy(update={"timestamp": NAIVE})),
            lambda: harness.open(clock=lambda: NAIVE).append("there", message()),
            lambda: harness.open(clock=lambda: NAIVE).get("there"),
        ]
        for attempt in attempts:
            with refused(InvalidInputError, harness, "there"):
                attempt()

    def test_a_version_is_a_count(self, store: MaintainedSessionStore, harness: Harness) -> None:
        """`if_version` is an int from 0 to 2**53."""
        store.create("ana", session_id="there")
        versions: list[Any] = [-1, 2**53 + 1, True, 1.0, "1"]
        with every_case() as case, unchanged(harness, "there"):
            for name, write in CONDITIONAL_WRITES.items():
                for version in versions:
                    with case(name, version):
                        with raises_itself(InvalidInputError) as raised:
                            write(store, "there", version)
                        assert "if_version" in str(raised.value)

    def test_only_messages_are_appended(
        self, store: MaintainedSessionStore, harness: Harness
    ) -> None:
        """What is no `Message`, or was built around its validation, is refused."""
        store.create("ana", session_id="there")
        broken = Message.model_construct(type="user_query", content=7, message_id="m")
        others: list[Any] = [{"type": "user_query", "content": "hi"}, "text", None, broken]
        with every_case() as case, unchanged(harness, "there"):
            for bad in others:
                with case(bad), raises_itself(InvalidInputError):
                    store.append("there", message(), bad)

    def test_what_a_caller_changes_later_stays_outside(self, store: MaintainedSessionStore) -> None:
        """A store copies in and out: no caller's list or object is shared with what is stored."""
        inner = {"list": [1]}
        sent = message(extra=inner)
        created = store.create("ana", messages=[sent], metadata={"a": inner})
        inner["list"].append(2)
        created.metadata["a"]["list"].append(3)
        created.messages.clear()
        found = store.get(created.session_id)
        assert found.metadata == {"a": {"list": [1]}}
        assert found.messages[0].model_extra == {"extra": {"list": [1]}}
        found.metadata["a"]["list"].append(4)
        assert store.get(created.session_id).metadata == {"a": {"list": [1]}}
