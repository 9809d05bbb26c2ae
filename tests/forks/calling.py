"""Calls of every public method, made from what the code itself says: a new method is called too."""

import asyncio
import inspect
import time
from collections.abc import Mapping
from typing import Any

from chatstore import (
    BackendError,
    ChatStoreError,
    ConfigurationError,
    Message,
    Session,
    utc_now,
)
from chatstore.cache.protocol import Marker, Snapshot

GIVEN: Mapping[str, Any] = {
    "user_id": "ana",
    "session_id": "chat",
    "session_ids": ["chat"],
    "messages": [Message(type="user", content="x")],
    "message": Message(type="user", content="x"),
    "session": Session(
        session_id="restored",
        user_id="ana",
        created_at=utc_now(),
        updated_at=utc_now(),
        message_count=0,
        version=1,
    ),
    "if_version": None,
    "snapshots": {"chat": Snapshot("life", 1, b"body")},
    "marker": Marker("life", 2),
    "lapse": 60.0,
    "tombstone_lapse": 60.0,
    "wrote": True,
}
"""What parameters without a default are given, by their names; `asked_at` is the call's moment."""

_NO_CALLS = {"close", "for_user"}


def message(identity: str) -> Message:
    """A message of this id."""
    return Message(message_id=identity, type="user", content="x")


def public_methods(subject: object, protocol: type) -> list[str]:
    """The names of the protocol's methods that the subject has, and that call the engine."""
    return [
        name
        for name in dir(protocol)
        if not name.startswith("_")
        and name not in _NO_CALLS
        and callable(getattr(subject, name, None))
    ]


def call(subject: object, name: str) -> object:
    """What a method returns, awaited and walked to its end."""
    method = getattr(subject, name)
    arguments: list[Any] = []
    options: dict[str, Any] = {}
    for parameter in inspect.signature(method).parameters.values():
        if parameter.kind is parameter.VAR_POSITIONAL:
            arguments += GIVEN[parameter.name]
        elif parameter.kind is parameter.VAR_KEYWORD or parameter.default is not parameter.empty:
            continue
        elif parameter.kind is parameter.KEYWORD_ONLY:
            options[parameter.name] = _given(parameter.name)
        else:
            arguments.append(GIVEN[parameter.name])
    result = method(*arguments, **options)
    if inspect.isawaitable(result):
        return asyncio.run(_awaited(result))
    if inspect.isasyncgen(result):
        return asyncio.run(_walked(result))
    return list(result) if inspect.isgenerator(result) else result


def _given(name: str) -> Any:
    return time.monotonic() if name == "asked_at" else GIVEN[name]


def outcome(subject: object, name: str) -> str:
    """How a call ended: "refused" as the parent's, "answered", or what it raised."""
    try:
        call(subject, name)
    except ConfigurationError as error:
        return "refused" if "before the process was forked" in str(error) else repr(error)
    except BackendError as error:
        return repr(error)
    except ChatStoreError:
        # Such as a session that is not there.
        return "answered"
    return "answered"


async def _awaited(result: Any) -> object:
    return await result


async def _walked(result: Any) -> list[object]:
    return [each async for each in result]
