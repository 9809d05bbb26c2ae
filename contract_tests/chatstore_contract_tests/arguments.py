"""Each argument of each call, and the call with that one being any value."""

import inspect
from collections.abc import Iterator, Mapping
from typing import Any

from chatstore import MaintainedSessionStore, Message
from chatstore_contract_tests.behaviour import message

NEEDED: Mapping[str, Mapping[str, Any]] = {
    "create": {"user_id": "ana", "session_id": "new"},
    "get": {"session_id": "there"},
    "get_or_create": {"session_id": "there", "user_id": "ana"},
    "get_many": {"session_ids": ["there"]},
    "append": {"session_id": "there"},
    "append_and_get": {"session_id": "there"},
    "rewrite": {"session_id": "there", "messages": [], "if_version": None},
    "amend": {"session_id": "there", "message": message("amended", message_id="known")},
    "list_messages": {"session_id": "there"},
    "iter_messages": {"session_id": "there"},
    "update": {"session_id": "there"},
    "delete": {"session_id": "there"},
    "list_sessions": {"user_id": "ana"},
    "iter_sessions": {"user_id": "ana"},
    "for_user": {"user_id": "ana"},
    "delete_user": {"user_id": "ben"},
    "scan": {},
    "restore": {},
}
"""The calls that take arguments, with those that each must be given."""


def arguments() -> Iterator[tuple[str, str]]:
    """Each argument of each call."""
    for call in NEEDED:
        for name in inspect.signature(getattr(MaintainedSessionStore, call)).parameters:
            if name != "self":
                yield call, name


def called(
    store: MaintainedSessionStore,
    call: str,
    argument: str,
    value: object,
    sent: Message | None = None,
) -> object:
    """Call it with one of its arguments being `value`, and `sent` for what is appended."""
    given = dict(NEEDED[call])
    if call == "restore":
        given = {"session": store.get("there"), "overwrite": True}
    first: list[Any] = []
    if call.startswith("append"):
        session_id = value if argument == "session_id" else given.pop("session_id")
        first = [session_id, value if argument == "messages" else sent or message()]
    if not (first and argument in ("session_id", "messages")):
        given[argument] = value
    elif argument == "session_id":
        del given["session_id"]
    result = getattr(store, call)(*first, **given)
    if call.startswith("iter"):
        return list(result)
    return result.user_id if call == "for_user" else result
