"""Every value from outside becomes plain, or is refused: once, the same on every backend."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from chatstore import (
    ChatStoreError,
    Clock,
    InvalidInputError,
    MaintainedSessionStore,
    Message,
    RetentionPolicy,
    Session,
    SessionInfo,
)
from chatstore_contract_tests.arguments import arguments, called
from chatstore_contract_tests.behaviour import Behaviour, batch, message, refused, unchanged
from chatstore_contract_tests.harness import Harness
from chatstore_contract_tests.impostors import (
    IMPOSTORS,
    PLAIN,
    Count,
    Label,
    Loud,
    Refusing,
)
from chatstore_contract_tests.maintenance import scanned
from chatstore_contract_tests.odd_times import ODD_TIMES, TIMES
from chatstore_contract_tests.operations import KNOWN

PLACES: Mapping[str, Callable[[MaintainedSessionStore, Any], object]] = {
    "a message": lambda store, value: store.append("there", message(extra=value)),
    "a list in a message": lambda store, value: store.append_and_get(
        "there", message(extra=[value])
    ),
    "filters": lambda store, value: store.append(
        "there", message(extracted_filters={"mood": value, "yearRange": {"step": value}})
    ),
    "a part of a content": lambda store, value: store.append("there", message([{"part": value}])),
    "a tool call": lambda store, value: store.append(
        "there", message(tool_calls=[{"arguments": value}], metadata={"key": value})
    ),
    "an amended message": lambda store, value: store.amend(
        "there", message(message_id=store.get("there").messages[-1].message_id, extra=value)
    ),
    "metadata beside a message": lambda store, value: store.append(
        "there", message(), metadata={"key": value}
    ),
    "a rewritten message": lambda store, value: store.rewrite(
        "there", [message(extra={"a": value})], if_version=None
    ),
    "a preference": lambda store, value: store.update("there", user_preferences={"key": value}),
    "metadata": lambda store, value: store.update("there", metadata={"key": [value]}),
    "a new session": lambda store, value: store.create("ana", metadata={"key": value}),
    "a restored session": lambda store, value: store.restore(
        store.get("there").model_copy(update={"unknown": value}), overwrite=True
    ),
}
"""Wherever a caller's JSON value may stand."""


def is_plain(value: object) -> bool:
    """Whether it is JSON of the built-in types themselves, all through."""
    if type(value) is dict:
        return all(type(name) is str and is_plain(entry) for name, entry in value.items())
    if type(value) is list:
        return all(map(is_plain, value))
    return value is None or type(value) in (str, int, float, bool)


def require_plain(model: SessionInfo | Message) -> None:
    """Assert that a model that was read holds plain values, times in UTC, and models."""
    values = {**vars(model), **(model.model_extra or {})}
    for name, value in values.items():
        if type(value) is datetime:
            assert value.tzinfo is UTC, name
        elif name == "messages":
            for each in value:
                require_plain(each)
        elif name == "extracted_filters" and value is not None:
            assert is_plain(value.model_dump(mode="json")), name
        else:
            assert is_plain(value), name


def standing_at(time: Any) -> Clock:
    """A clock that says this time for ever."""
    return lambda: time


class DoorBehaviour(Behaviour):
    """What is no plain value."""

    def test_subclasses_become_plain(self, store: MaintainedSessionStore, harness: Harness) -> None:
        """A text, number, dict or list of a subclass is the plain value that it holds, wherever it
        stands, whatever its own methods say."""
        for value, expected in PLAIN.values():
            store.create("ana", session_id="there", messages=batch(1))
            for place in PLACES.values():
                place(store, value)
            found = store.get("there")
            require_plain(found)
            assert found.metadata == {"key": [expected]}
            assert found.user_preferences == {"key": expected}
            assert found.messages[-1].model_extra == {"extra": {"a": expected}}
            harness.settle()
            assert store.delete_user("ana") == 2

    def test_arguments_become_plain(self, store: MaintainedSessionStore, harness: Harness) -> None:
        """An id, a status, a limit or a version of a subclass, such as an enumeration's, is the
        plain value: under it the session is stored, listed and owned."""
        named = message(type=Label.KEY, message_id=Label.KEY)
        made = store.create(
            Label.ANA, session_id=Loud("there"), messages=[named], session_status=Label.CLOSED
        )
        store.create("ana", session_id="other")
        for each in (made, store.get("there", user_id="ana"), store.get_many(["there"])[0]):
            require_plain(each)
            assert (each.session_id, each.user_id) == ("there", "ana")
            assert (each.session_status, each.messages[0].message_id) == ("closed", "key")
        assert store.get(Refusing("there"), user_id=Label.ANA) == made
        assert store.get_many([Loud("there"), "there"], user_id=Label.ANA) == [made, made]
        assert store.get_or_create(Loud("there"), user_id=Label.ANA) == made
        assert store.append(Loud("there"), named, user_id=Label.ANA, if_version=Count.ONE)
        harness.settle()
        page = store.list_sessions(Label.ANA, limit=Count.ONE)
        assert page.next_cursor is not None
        after = store.list_sessions("ana", limit=Count.ONE, cursor=Loud(page.next_cursor))
        assert len(page.items) == len(after.items) == 1
        mine = store.for_user(Label.ANA)
        assert mine.list_sessions(session_status=Label.CLOSED).items[0].session_id == "there"
        assert mine.user_id == "ana"
        store.update(Loud("there"), session_status=Loud("archived"), user_id=Label.ANA)
        info = store.list_sessions("ana", session_status="archived").items[0]
        require_plain(info)
        copied = info.model_copy(update={"session_id": Loud("there"), "version": Count.FIVE})
        whole = Session.model_validate({**vars(copied), "messages": [named]})
        store.restore(whole.model_copy(update={"user_id": Label.ANA}), overwrite=True)
        found = store.get("there")
        require_plain(found)
        assert (found.user_id, found.version) == ("ana", 5)
        assert store.delete(Loud("there"), user_id=Label.ANA, if_version=Count.FIVE) is True
        assert store.delete_user(Label.ANA) == 1

    def test_an_impostor_is_no_value(self, store: MaintainedSessionStore, harness: Harness) -> None:
        """What is neither JSON nor of a subclass is refused in every place, and nothing is
        stored."""
        store.create("ana", session_id="there", messages=batch(1), metadata={"a": 1})
        for make in IMPOSTORS.values():
            for place in PLACES.values():
                with refused(InvalidInputError, harness, "there"):
                    place(store, make())

    def test_every_argument_is_checked(
        self, store: MaintainedSessionStore, harness: Harness
    ) -> None:
        """Each argument of each call is a value that is stored plain, or one of chatstore's errors
        and nothing is stored."""
        store.create("ana", session_id="there", messages=[KNOWN], metadata={"a": 1})
        kept = store.get("there")
        for call, argument in arguments():
            before, taken = harness.raw_read("there"), False
            for make in IMPOSTORS.values():
                with suppress(ChatStoreError):
                    called(store, call, argument, make())
                    # Some are a list of nothing, or good for a name.
                    taken = True
            if taken:
                for session in scanned(store, 100):
                    require_plain(session)
                    store.delete(session.session_id)
                store.restore(kept)
            else:
                assert harness.raw_read("there") == before, f"{argument} of {call}"

    def test_times_lie_in_9999_years(self, harness: Harness, store: MaintainedSessionStore) -> None:
        """A time without an instant in UTC is refused: a bound, a message's, a clock's."""
        store.create("ana", session_id="there", messages=batch(1))
        first = message()
        for time in TIMES.values():
            bad = first.model_copy(update={"timestamp": time})
            late = store.get("there").model_copy(update={"updated_at": time})
            off = harness.open(clock=standing_at(time))
            attempts: list[Callable[[], object]] = [
                partial(store.append, "there", bad),
                partial(store.rewrite, "there", [bad], if_version=None),
                partial(store.restore, late, overwrite=True),
                partial(store.list_sessions, "ana", created_from=time),
                partial(store.list_sessions, "ana", created_before=time),
                partial(off.append, "there", first),
                partial(off.get, "there"),
                partial(off.list_sessions, "ana"),
            ]
            for attempt in attempts:
                with refused(InvalidInputError, harness, "there"):
                    attempt()

    def test_odd_times_are_the_same_instant(self, harness: Harness) -> None:
        """Any instant of those years is kept, in UTC, whatever the time's own class and zone; a
        clock may stand at the first and at the last of them."""
        policy = RetentionPolicy(ttl=timedelta(days=36_525))
        for name, (time, instant) in ODD_TIMES.items():
            with harness.open(policy=policy, clock=standing_at(time)) as store:
                sent = message().model_copy(update={"timestamp": time})
                store.create(name, session_id=name, messages=[sent])
                harness.settle()
                found = store.get(name)
                require_plain(found)
                assert found.created_at.isoformat() == instant
                assert found.messages[0].timestamp == found.created_at
                assert store.append(name, message(), message()).message_count == 3
                store.update(name, metadata={"a": 1})
                page = store.list_sessions(name, created_from=time)
                assert [each.session_id for each in page.items] == [name]
                assert found.expires_at is not None
                assert found.expires_at > found.created_at or name == "the last"
                store.purge_expired()
                assert store.delete(name) is True
                assert store.delete_user(name) == 0

    def test_what_fails_is_the_callers(
        self, store: MaintainedSessionStore, harness: Harness
    ) -> None:
        """A clock, an iterable or a mapping of the caller's that fails is `InvalidInputError`, with
        what it raised for a cause."""
        store.create("ana", session_id="there", messages=batch(1))
        defect = LookupError("no such thing")

        def fail(*_: object) -> Any:
            raise defect

        def some() -> Iterator[Any]:
            yield message()
            raise defect

        with refused(InvalidInputError, harness, "there") as raised:
            harness.open(clock=fail).append("there", message())
        assert raised.value.__cause__ is defect
        for call in (
            lambda: store.rewrite("there", some(), if_version=None),
            lambda: store.create("ana", session_id="other", messages=some()),
            lambda: store.get_many(each.content for each in some()),
        ):
            with (
                unchanged(harness, "other"),
                refused(InvalidInputError, harness, "there") as raised,
            ):
                call()
            assert raised.value.__cause__ is defect
