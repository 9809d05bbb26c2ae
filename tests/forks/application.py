"""A small web application, run by gunicorn: each request appends to a session and reads it back.

`CHAT_OPENING` is "import" for an application that opens its store when it is imported, which
`--preload` does before it forks, and "request" for one that opens it in the worker, at the first
request, while the parent has a store of its own open.
"""

import json
import os
import threading
from collections.abc import Callable, Iterable, Mapping

from chatstore import ChatStoreError, MaintainedSessionStore, Message, open_store

_URL = os.environ["CHAT_URL"]
_of_the_parent = open_store(_URL)
_of_the_parent.create("parent", session_id=f"parent-{os.getpid()}")
_opening = threading.Lock()
_own: list[MaintainedSessionStore] = []


def _store() -> MaintainedSessionStore:
    if os.environ["CHAT_OPENING"] == "import":
        return _of_the_parent
    with _opening:
        if not _own:
            _own.append(open_store(_URL))
    return _own[0]


def application(
    environment: Mapping[str, str], start_response: Callable[[str, list[tuple[str, str]]], object]
) -> Iterable[bytes]:
    """Answer `/SESSION_ID/MESSAGE_ID` with whose session it is, and the ids of its messages."""
    _, session_id, message_id = environment["PATH_INFO"].split("/")
    try:
        store = _store()
        store.append(session_id, Message(message_id=message_id, type="user", content="x"))
        session = store.get(session_id)
    except ChatStoreError as error:
        start_response("500 Internal Server Error", [])
        return [f"{type(error).__name__}: {error}".encode()]
    start_response("200 OK", [])
    ids = [message.message_id for message in session.messages]
    return [json.dumps([os.getpid(), session.user_id, ids]).encode()]
