"""Wrong calls, and the sentence that each is answered with."""

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

from chatstore import ManualClock, MemorySessionStore, Message, RetentionPolicy
from chatstore_contract_tests.behaviour import START, message

SECRET = "Zanzibar"  # noqa: S105 - a word, and no password
"""Stands in contents and values only: no error may say it."""

FIRST = message("first", message_id="m1", timestamp=START)
LATER = message("later", message_id="m2", timestamp=START)
EARLY = datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=1)))


def filled() -> MemorySessionStore:
    """A store with one session of one message."""
    store = MemorySessionStore(clock=ManualClock(START))
    store.create("ana", session_id="there", messages=[FIRST])
    return store


def changed(**changes: Any) -> Message:
    """A message that was built around its validation."""
    return LATER.model_copy(update={"content": SECRET, **changes})


def broken() -> datetime:
    """A clock that fails."""
    raise ZeroDivisionError


Call = Callable[[Any], object]

SENTENCES: tuple[tuple[Call, str], ...] = (
    (lambda s: s.get(""), "session_id must be 1 to 1024 UTF-8 bytes long, not empty"),
    (lambda s: s.get("é" * 600), "session_id must be 1 to 1024 UTF-8 bytes long, not 1200 bytes"),
    (lambda s: s.get(7), "session_id must be a str, not an int"),
    (lambda s: s.get(b"there"), "session_id must be a str, not bytes"),
    (
        lambda s: s.get("a\0b"),
        "session_id must be text without NUL, not text with NUL at character 1",
    ),
    (
        lambda s: s.get("a\ud800"),
        (
            "session_id must be text that UTF-8 can carry, not text with a lone surrogate at "
            "character 1"
        ),
    ),
    (lambda s: s.get_many("there"), "session_ids must be a list of ids, not a str"),
    (lambda s: s.get_many([None]), "session_ids[0] must be a str, not None"),
    (
        lambda s: s.list_sessions("ana", limit=2000),
        "limit must be a whole number from 1 to 1,000, not 2000",
    ),
    (
        lambda s: s.list_sessions("ana", limit="10"),
        "limit must be a whole number from 1 to 1,000, not '10'",
    ),
    (
        lambda s: s.list_sessions("ana", cursor="abc"),
        "cursor must be the next_cursor of a page, not 'abc'; list again from the start",
    ),
    (
        lambda s: s.scan(cursor="x" * 1_000),
        f"cursor must be the next_cursor of a page, not '{'x' * 38}…; list again from the start",
    ),
    (
        lambda s: s.list_sessions("ana", newest_first=1),
        "newest_first must be True or False, not 1",
    ),
    (
        lambda s: s.list_sessions("ana", created_from="2026-01-01"),
        "created_from must be a timezone-aware datetime, not a str",
    ),
    (
        lambda s: s.list_sessions("ana", created_from=datetime(2026, 1, 1)),
        (
            "created_from must be a timezone-aware datetime, not 2026-01-01 00:00:00, which has no "
            "time zone; use datetime.now(UTC)"
        ),
    ),
    (
        lambda s: s.list_sessions("ana", created_before=EARLY),
        (
            "created_before must be within the years 1 to 9999 in UTC, not 0001-01-01 00:00:00 at "
            "offset 1:00:00"
        ),
    ),
    (
        lambda s: s.update("there", session_status=""),
        "session_status must be 1 to 64 characters long, not empty",
    ),
    (
        lambda s: s.delete("there", if_version=-1),
        "if_version must be a whole number from 0 to 2**53, not -1",
    ),
    (lambda s: s.append("there"), "messages must be 1 to 100 messages, not none"),
    (
        lambda s: s.append("there", [LATER]),
        (
            "messages[0] must be a Message, not a list; pass messages one by one: "
            "append(session_id, *messages)"
        ),
    ),
    (
        lambda s: s.append("there", {"content": SECRET}),
        "messages[0] must be a Message, not a dict; build one with Message.model_validate(...)",
    ),
    (
        lambda s: s.rewrite("there", LATER, if_version=1),
        "messages must be a list of messages, not one Message; put it in a list",
    ),
    (lambda s: s.create("ana", messages=SECRET), "messages must be a list of messages, not a str"),
    (
        lambda s: s.append("there", *[LATER] * 101),
        "messages must be at most 100 messages, not more; give fewer at a time",
    ),
    (
        lambda s: s.append("there", LATER, LATER),
        (
            "messages[1] must be a message of its own, not one with the id of messages[0], "
            "'m2'; give "
            "each message once, and each an id of its own"
        ),
    ),
    (
        lambda s: s.append("there", FIRST.model_copy(update={"content": SECRET})),
        (
            "messages[0] must be as it is stored under its id 'm1', not of other content; give "
            "a new "
            "message an id of its own; to edit a stored one, use rewrite"
        ),
    ),
    (
        lambda s: s.append("there", changed(), FIRST),
        (
            "messages[0] must be after 'm1', which is stored already, not before it; send what "
            "is new "
            "after what was sent before"
        ),
    ),
    (
        lambda s: s.append("there", changed(confidence=7)),
        "messages[0].confidence must be from 0 to 1, not 7.0",
    ),
    (
        lambda s: s.append("there", changed(messageId=SECRET)),
        (
            "'messageId' in messages[0].model_extra must be a name that is free, not the stored "
            "name "
            "of the field message_id; set message_id itself"
        ),
    ),
    (
        lambda s: s.append("there", changed(extra={"name": object()})),
        (
            "messages[0].extra.name must be JSON (str, int, float, bool, None, list or dict), "
            "not an object"
        ),
    ),
    (
        lambda s: s.append("there", changed(extra=f"{SECRET} \ud800")),
        (
            "messages[0].extra must be text that UTF-8 can carry, not text with a lone "
            "surrogate at "
            "character 9"
        ),
    ),
    (
        lambda s: s.update("there", metadata=[SECRET]),
        "metadata must be a dict with str keys, not a list",
    ),
    (
        lambda s: s.update("there", metadata={f"{n}": SECRET for n in range(257)}),
        "metadata must be a dict of at most 256 keys, not one of 257 keys",
    ),
    (
        lambda s: s.update("there", metadata={"a": SECRET * 5_000}),
        (
            "metadata must be at most 32768 bytes together, names and values, not 40001 bytes; "
            "keep what is longer elsewhere, and its address here"
        ),
    ),
    (
        lambda s: s.update("there", metadata={"a": 10**5_000}),
        "metadata.a must be an int of at most 38 digits, not a longer one",
    ),
    (
        lambda s: s.update("there", metadata={"a": 1e200}),
        "metadata.a must be a float within 1e-130 to 1e125, not a larger one",
    ),
    (
        lambda s: s.update("there", metadata={"": 1}),
        "a name in metadata must be at least 1 character long, not empty",
    ),
    (lambda s: s.restore({"sessionId": SECRET}), "session must be a Session, not a dict"),
    (
        lambda s: s.restore(s.get("there").model_copy(update={"message_count": "many"})),
        "session.message_count must be a whole number from 0 to 2**53, not 'many'",
    ),
    (
        lambda s: s.restore(s.get("there").model_copy(update={"windowBytes": 7})),
        (
            "a name in the session's unknown attributes must be free, not 'windowBytes', which "
            "chatstore keeps for itself"
        ),
    ),
    (
        lambda s: s.restore(s.get("there"), overwrite="no"),
        "overwrite must be True or False, not 'no'",
    ),
    (
        lambda _: MemorySessionStore(clock=lambda: datetime(2026, 1, 1)).get("there"),
        (
            "clock() must be a timezone-aware datetime, not 2026-01-01 00:00:00, which has no time "
            "zone; use datetime.now(UTC)"
        ),
    ),
    (
        lambda _: MemorySessionStore(clock=broken).get("there"),
        (
            "clock must be a function that returns a timezone-aware datetime, not one that fails "
            "with ZeroDivisionError"
        ),
    ),
    (
        lambda _: RetentionPolicy(max_messages=0),
        "max_messages must be a whole number from 1, or None, not 0",
    ),
    (
        lambda _: RetentionPolicy(max_message_bytes=400_000),
        "max_message_bytes must be a whole number from 1 to max_window_bytes (336000), not 400000",
    ),
    (
        lambda _: RetentionPolicy(ttl=60),  # type: ignore[arg-type]  # a wrong type is the point
        "ttl must be whole seconds from 1 second to 36,525 days, or None, not 60; give a timedelta",
    ),
    (
        lambda _: ManualClock(START).advance(timedelta.max),
        (
            "by must be a timedelta that leads to the years 1 to 9999, not 999999999 days, "
            "23:59:59.999999"
        ),
    ),
    (
        lambda _: MemorySessionStore(deadline=-1),
        "deadline must be a number of seconds, more than 0 and at most 3600, not -1",
    ),
)
