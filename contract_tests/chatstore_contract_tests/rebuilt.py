"""Models that were built around their validation, and records that nobody should have stored: what
is written can be read, and what can't be read is said to be so."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from itertools import islice
from typing import Any, cast

import pytest

from chatstore import (
    ChatStoreError,
    CorruptSessionError,
    ExtractedFilters,
    InvalidInputError,
    JsonObject,
    MaintainedSessionStore,
    Message,
    Page,
    Session,
    SessionInfo,
    YearRange,
)
from chatstore.record.stored import AMENDED_NAME
from chatstore_contract_tests.behaviour import Behaviour, batch, message, refused, unchanged
from chatstore_contract_tests.cases import every_case
from chatstore_contract_tests.door import require_plain
from chatstore_contract_tests.foreign import brief_record
from chatstore_contract_tests.harness import Harness

_FILTERS = ExtractedFilters(genres=["drama"], year_range=YearRange(min=1990))


def _looping() -> ExtractedFilters:
    loop = _FILTERS.model_copy()
    object.__setattr__(loop, "year_range", loop)
    return loop


BAD_MESSAGES: Mapping[str, Callable[[], JsonObject]] = {
    "a stored name": lambda: {"messageId": "other"},
    "another stored name": lambda: {"extractedFilters": {}},
    "no id": lambda: {"message_id": None},
    "a number for an id": lambda: {"message_id": 7},
    "a number for a content": lambda: {"content": 7},
    "texts for contents": lambda: {"content": ["text"]},
    "a tuple of contents": lambda: {"content": ({"type": "text"},)},
    "an object for tool calls": lambda: {"tool_calls": {"name": "search"}},
    "a number for a tool call's id": lambda: {"tool_call_id": 7},
    "a list for a name": lambda: {"name": ["search"]},
    "a list for metadata": lambda: {"metadata": [1]},
    "the mark of an amended message": lambda: {AMENDED_NAME: True},
    "a text for a confidence": lambda: {"confidence": "0.5"},
    "a yes for a confidence": lambda: {"confidence": True},
    "numbers for recommendations": lambda: {"recommendations": [7]},
    "a text for recommendations": lambda: {"recommendations": "abc"},
    "a text for a time": lambda: {"timestamp": "2026-01-01T00:00:00Z"},
    "no time": lambda: {"timestamp": None},
    "a text for filters": lambda: {"extracted_filters": "drama"},
    "a stored name in filters": lambda: {
        "extracted_filters": _FILTERS.model_copy(update={"yearRange": {"min": 1}})
    },
    "a text for a year": lambda: {
        "extracted_filters": _FILTERS.model_copy(update={"year_range": {"min": "1990"}})
    },
    "filters in themselves": lambda: {"extracted_filters": _looping()},
    "a message in a message": lambda: {"unknown": message()},
}
"""What a message that was copied may hold, and can't be read again with."""

BAD_SESSIONS: Mapping[str, Callable[[], JsonObject]] = {
    "a stored name": lambda: {"sessionId": "other"},
    "another stored name": lambda: {"messageCount": 7},
    "a number for an owner": lambda: {"user_id": 7},
    "no owner": lambda: {"user_id": None},
    "a text for a count": lambda: {"message_count": "many"},
    "no count": lambda: {"message_count": None},
    "no version": lambda: {"version": None},
    "a fraction of a ttl": lambda: {"ttl": 1.5},
    "a text for a time": lambda: {"created_at": "2026-01-01T00:00:00Z"},
    "no time": lambda: {"updated_at": None},
    "no preferences": lambda: {"user_preferences": None},
    "a list of metadata": lambda: {"metadata": [1]},
    "a number for a status": lambda: {"session_status": 7},
    "a number for a token": lambda: {"creation_id": 7},
    "no window of a history": lambda: {"history": 0},
    "too long a window of a history": lambda: {"history": 51},
    "no messages": lambda: {"messages": None},
    "a message": lambda: {"messages": message()},
    "documents": lambda: {"messages": [{"content": "x"}]},
    "a stored name in a message": lambda: {
        "messages": [message().model_copy(update={"messageId": "other"})]
    },
    "a reserved name": lambda: {"windowBytes": 1},
    "an object": lambda: {"unknown": object()},
}
"""What a session that was copied may hold, and can't be read again with."""

EDGES = ("0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59.999999-01:00")
"""Times that have no instant in UTC within the years that there are."""

ODD_VALUES: tuple[Any, ...] = (None, True, 7.5, 2**60, "", "x", [None], {"a": 1}, *EDGES)


def odd_records() -> Iterator[JsonObject]:
    """A record of another service, with one of its attributes made odd."""
    record = brief_record(metadata={"a": 1}, version=3, creationId="token")
    for name in sorted(record.keys() - {"sessionId", "userId", "createdAt"}):
        for value in ODD_VALUES:
            yield {**record, name: value}
    for value in filter(lambda each: isinstance(each, str) and each, ODD_VALUES):
        yield {**record, "createdAt": value}
    for name in sorted(record["messages"][0].keys() | {"confidence", "recommendations"}):
        for value in ODD_VALUES:
            yield {**record, "messages": [{**record["messages"][0], name: value}]}


def records_with_times() -> Iterator[tuple[str, JsonObject]]:
    """Records with a time at the edge, and where it stands."""
    first, second = brief_record()["messages"]
    for time in EDGES:
        yield "createdAt", brief_record(createdAt=time)
        yield "updatedAt", brief_record(updatedAt=time)
        yield "messages", brief_record(messages=[first, {**second, "timestamp": time}])


def _models(found: object) -> Sequence[SessionInfo]:
    """The sessions among what a call returned."""
    if isinstance(found, Page):
        return cast("Page[SessionInfo]", found).items
    if isinstance(found, list):
        return cast("list[SessionInfo]", found)
    return [found] if isinstance(found, SessionInfo) else []


class RebuiltBehaviour(Behaviour):
    """What was built around its validation."""

    def test_a_message_can_be_read_again(
        self, store: MaintainedSessionStore, harness: Harness
    ) -> None:
        """A message that could not be read again, or not as the one it says it is, is refused,
        whatever it was built around."""
        store.create("ana", session_id="there", messages=batch(1))
        hollow = Message.__new__(Message)
        bad = [hollow, Message.model_construct(), Message.model_construct(content="x")]
        bad += [message().model_copy(update=changes()) for changes in BAD_MESSAGES.values()]
        for each in bad:
            for attempt in (
                partial(store.append, "there", each),
                partial(store.append_and_get, "there", message(), each),
                partial(store.rewrite, "there", [each], if_version=1),
                partial(store.create, "ana", session_id="there", messages=[each]),
            ):
                with refused(InvalidInputError, harness, "there"):
                    attempt()

    def test_a_session_can_be_read_again(
        self, store: MaintainedSessionStore, harness: Harness
    ) -> None:
        """`restore` writes what can be read again, and under the id that the session says it
        has."""
        kept = store.create("ana", session_id="there", messages=batch(1))
        store.create("ana", session_id="other", messages=batch(2))
        hollow = Session.__new__(Session)
        bad = [hollow, Session.model_construct(session_id="there", created_at=kept.created_at)]
        bad += [kept.model_copy(update=changes()) for changes in BAD_SESSIONS.values()]
        for each in bad:
            with unchanged(harness, "other"), refused(InvalidInputError, harness, "there"):
                store.restore(each, overwrite=True)
        changed = kept.model_copy(deep=True)
        changed.messages.append(message("more"))
        changed.metadata["title"] = "Friday"
        store.restore(changed, overwrite=True)
        found = store.get("there")
        require_plain(found)
        assert found == changed

    def test_a_stored_time_at_the_edge_is_corrupt(
        self, store: MaintainedSessionStore, harness: Harness
    ) -> None:
        """A stored time that has no instant in UTC can't be read: the record is named by every
        read, in its user's listing too, and can be deleted."""
        reads: Mapping[str, Callable[[], object]] = {
            "get": partial(store.get, "foreign"),
            "get_many": partial(store.get_many, ["foreign"]),
            "scan": partial(store.scan),
            "list_sessions": partial(store.list_sessions, "ana"),
        }
        with every_case() as case:
            for place, record in records_with_times():
                harness.raw_write(record)
                harness.settle()
                for name, read in reads.items():
                    if (place, name) != ("messages", "list_sessions"):
                        with case(place, name):
                            with pytest.raises(CorruptSessionError) as raised:
                                read()
                            assert raised.value.session_id == "foreign"
                with case(place, "delete"):
                    assert store.delete("foreign", user_id="ana") is True
                    harness.settle()
                    assert store.list_sessions("ana").items == []

    def test_an_odd_record_is_read_or_named(
        self, store: MaintainedSessionStore, harness: Harness
    ) -> None:
        """Whatever another service stored, a call works, or raises one of chatstore's errors; and
        what a read returns is plain."""
        for number, record in enumerate(odd_records()):
            try:
                harness.raw_write(record)
            except Exception:  # noqa: BLE001, S112 - what an engine can't hold can't lie there
                continue
            # Calls that read or write alike take turns: to make all of them on every record would
            # take an emulated engine ten seconds.
            reads = (
                partial(store.get_many, ["foreign"]),
                partial(store.list_sessions, "ana"),
                partial(store.scan),
            )
            writes = (
                partial(store.update, "foreign", metadata={"a": 2}),
                partial(store.rewrite, "foreign", [message()], if_version=None),
            )
            for call in (
                partial(store.get, "foreign"),
                reads[number % 3],
                partial(store.append_and_get, "foreign", message()),
                writes[number % 2],
                partial(store.delete, "foreign"),
            ):
                with suppress(ChatStoreError):
                    for each in _models(call()):
                        require_plain(each)
            if harness.raw_read("foreign") is not None:
                store.delete_user("ana")
                assert harness.raw_read("foreign") is None
        for record in islice(odd_records(), 0, None, 9):
            with suppress(Exception):
                harness.raw_write(record)
            store.purge_expired()
            store.delete_user("ana")
            assert harness.raw_read("foreign") is None
