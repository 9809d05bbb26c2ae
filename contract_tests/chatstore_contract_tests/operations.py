"""The calls on one session, by name: for promises that hold for all of them."""

from collections.abc import Callable, Mapping

from chatstore import SessionStore
from chatstore_contract_tests.behaviour import message

Call = Callable[[SessionStore, str, str | None], object]
"""A call on the store, about a session id, as a user (None: no ownership check)."""

KNOWN = message("known", message_id="known")
"""A message that a session must hold for all of the calls to succeed."""

_AMENDED = message("amended", message_id="known")

READS: Mapping[str, Call] = {
    "get": lambda store, session_id, user_id: store.get(session_id, user_id=user_id),
    "get the last": lambda store, session_id, user_id: store.get(
        session_id, user_id=user_id, last=1
    ),
    "list_messages": lambda store, session_id, user_id: store.list_messages(
        session_id, user_id=user_id
    ),
    "iter_messages": lambda store, session_id, user_id: list(
        store.iter_messages(session_id, user_id=user_id)
    ),
}

WRITES: Mapping[str, Call] = {
    "append": lambda store, session_id, user_id: store.append(
        session_id, message(), user_id=user_id
    ),
    "append_and_get": lambda store, session_id, user_id: store.append_and_get(
        session_id, message(), user_id=user_id
    ),
    "append with state": lambda store, session_id, user_id: store.append(
        session_id, message(), metadata={"title": "Friday"}, user_id=user_id
    ),
    "amend": lambda store, session_id, user_id: store.amend(session_id, _AMENDED, user_id=user_id),
    "rewrite": lambda store, session_id, user_id: store.rewrite(
        session_id, [message()], if_version=1, user_id=user_id
    ),
    "rewrite the whole": lambda store, session_id, user_id: store.rewrite(
        session_id, [message()], if_version=1, user_id=user_id, whole=True
    ),
    "rewrite without a version": lambda store, session_id, user_id: store.rewrite(
        session_id, [message()], if_version=None, user_id=user_id
    ),
    "update": lambda store, session_id, user_id: store.update(
        session_id, metadata={"title": "Friday"}, user_id=user_id
    ),
    "touch": lambda store, session_id, user_id: store.update(session_id, user_id=user_id),
}
"""Writes that a session which the caller may not see answers with `SessionNotFoundError`."""

CALLS: Mapping[str, Call] = {**READS, **WRITES}

CONDITIONAL_WRITES: Mapping[str, Callable[[SessionStore, str, int], object]] = {
    "append": lambda store, session_id, version: store.append(
        session_id, message(), if_version=version
    ),
    "append_and_get": lambda store, session_id, version: store.append_and_get(
        session_id, message(), if_version=version
    ),
    "append with state": lambda store, session_id, version: store.append(
        session_id, message(), metadata={"title": "Friday"}, if_version=version
    ),
    "amend": lambda store, session_id, version: store.amend(
        session_id, _AMENDED, if_version=version
    ),
    "rewrite": lambda store, session_id, version: store.rewrite(
        session_id, [message()], if_version=version
    ),
    "rewrite the whole": lambda store, session_id, version: store.rewrite(
        session_id, [message()], if_version=version, whole=True
    ),
    "update": lambda store, session_id, version: store.update(
        session_id, metadata={"title": "Friday"}, if_version=version
    ),
    "touch": lambda store, session_id, version: store.update(session_id, if_version=version),
    "delete": lambda store, session_id, version: store.delete(session_id, if_version=version),
}
