"""Where a caller's values may stand: calls, by what names the place."""

from collections.abc import Callable, Mapping
from typing import Any

from chatstore import MaintainedSessionStore
from chatstore_contract_tests.behaviour import message

PLACES: Mapping[str, Callable[[MaintainedSessionStore, str, Any], object]] = {
    "message": lambda store, session_id, value: store.append(session_id, message(extra=value)),
    "second message": lambda store, session_id, value: store.append_and_get(
        session_id, message(), message(extra=[value])
    ),
    "filters": lambda store, session_id, value: store.append(
        session_id, message(extracted_filters={"mood": value})
    ),
    "part of a content": lambda store, session_id, value: store.append(
        session_id, message([{"type": "text", "text": "good"}, {"extra": value}])
    ),
    "tool call": lambda store, session_id, value: store.append_and_get(
        session_id, message(tool_calls=[{"arguments": value}])
    ),
    "metadata of a message": lambda store, session_id, value: store.append(
        session_id, message(metadata={"key": value})
    ),
    "metadata beside a message": lambda store, session_id, value: store.append(
        session_id, message(), metadata={"key": value}
    ),
    "amended message": lambda store, session_id, value: store.amend(
        session_id, message(extra=value)
    ),
    "rewritten message": lambda store, session_id, value: store.rewrite(
        session_id, [message(extra=value)], if_version=1
    ),
    "preference": lambda store, session_id, value: store.update(
        session_id, user_preferences={"good": 1, "key": value}
    ),
    "metadata": lambda store, session_id, value: store.update(
        session_id, metadata={"key": [value]}
    ),
    "new message": lambda store, session_id, value: store.create(
        "ana", session_id=f"{session_id} too", messages=[message(extra=value)]
    ),
    "new preference": lambda store, session_id, value: store.create(
        "ana", session_id=f"{session_id} too", user_preferences={"key": value}
    ),
    "new metadata": lambda store, session_id, value: store.get_or_create(
        f"{session_id} too", user_id="ana", metadata={"key": value}
    ),
}
"""Wherever a caller's JSON value may stand."""


WRONG_TYPES: Mapping[str, Callable[[Any], object]] = {
    "an id for a list of ids": lambda store: store.get_many("there"),
    "a text for a time": lambda store: store.list_sessions("ana", created_from="2026-01-01"),
    "a document for a session": lambda store: store.restore({"sessionId": "there"}),
    "a text for a yes": lambda store: store.restore(store.get("there"), overwrite="no"),
    "a number for a yes": lambda store: store.rewrite("there", [], if_version=1, whole=1),
    "a text for an order": lambda store: store.list_messages("there", newest_first="yes"),
    "less than none": lambda store: store.get("there", last=-1),
    "a yes for a number": lambda store: store.get("there", last=True),
    "a list for a message": lambda store: store.amend("there", [message()]),
    "a document for a message": lambda store: store.amend("there", {"content": "x"}),
}

LABELLED: Mapping[str, Callable[[MaintainedSessionStore, Any], object]] = {
    "update": lambda store, label: store.update("there", session_status=label),
    "append beside messages": lambda store, label: store.append(
        "there", message(), session_status=label
    ),
    "append": lambda store, label: store.append(
        "there", message().model_copy(update={"type": label})
    ),
    "list_sessions": lambda store, label: store.list_sessions("ana", session_status=label),
    "create": lambda store, label: store.create("ana", session_id="there", session_status=label),
}
"""Wherever a label may stand."""
