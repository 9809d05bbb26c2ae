"""States: a JSON object that a session of the store has, as text in its metadata. One that is too
large for that lies in a session of its own.

A name in the metadata that is a composed id is that of a session which belongs to this one: it is
renewed and deleted with it.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from chatstore.errors import SessionExistsError, SessionNotFoundError, VersionConflictError
from chatstore.integrations.attempts import compare_and_set, resent
from chatstore.integrations.conversations import Conversations
from chatstore.integrations.items import NewItem, composed_id, json_text
from chatstore.integrations.numbered import is_being_replaced
from chatstore.integrations.remembered import Remembered
from chatstore.models import JsonObject, SessionInfo, new_id
from chatstore.values.json_values import utf8_size

_STATE = "state"
_STATE_AT = "state_at"
_MOST_BYTES = 24_576
"""Of the 32,768 bytes that metadata may have; the rest is for what else is there."""


class States:
    """One user's states."""

    def __init__(self, conversations: Conversations, user_id: str) -> None:
        self._conversations = conversations
        self._store = conversations.store
        self._user_id = user_id
        self._renewed = Remembered[datetime]()

    def create(self, session_id: str, state: JsonObject, **metadata: str) -> SessionInfo:
        """Create a session with a state. Raises `SessionExistsError` if there is one already."""
        written = {**metadata, **self._patch(session_id, state)}
        found = resent(
            lambda: self._store.get_or_create(session_id, user_id=self._user_id, metadata=written)
        )
        if any(found.metadata.get(name) != value for name, value in written.items()):
            raise SessionExistsError(session_id)
        self._renewed.put(session_id, found.updated_at)
        return found

    def find(self, session_id: str) -> tuple[dict[str, Any], SessionInfo] | None:
        """The state, and the session; None if there is none."""
        try:
            state, info = compare_and_set(lambda: self._read(session_id))
        except SessionNotFoundError:
            return None
        self._renewed.put(session_id, info.updated_at)
        return state, info

    def update(self, session_id: str, state: JsonObject) -> SessionInfo:
        """Replace the state, whatever it is. Raises `SessionNotFoundError`."""
        patch = self._patch(session_id, state)

        def attempt() -> SessionInfo:
            info = self._store.update(session_id, metadata=patch, user_id=self._user_id)
            if is_being_replaced(info):
                # What is replacing it may have read the state that was before.
                raise VersionConflictError(session_id, info.version)
            return info

        info = compare_and_set(attempt)
        for former in [name for name in owned(info) if name != patch[_STATE_AT]]:
            self.delete(former)
            forgotten = {former: None}
            info = self._store.update(session_id, metadata=forgotten, user_id=self._user_id)
        return info

    def own(self, session_id: str, member_id: str) -> None:
        """Let another session belong to this one. Raises `SessionNotFoundError`."""
        member = {member_id: True}
        info = resent(
            lambda: self._store.update(session_id, metadata=member, user_id=self._user_id)
        )
        self._renewed.put(session_id, info.updated_at)

    def keep(self, session_id: str) -> None:
        """Keep a session, and what belongs to it, as long as a part of it is written to: what is
        renewed four times in a ttl does not end."""
        policy, now = self._store.policy, datetime.now(UTC)
        if policy.ttl is None or not policy.renew_on_write:
            return
        renewed = self._renewed.get(session_id)
        if renewed is None or now - renewed > policy.ttl / 4:
            self.renew(session_id)
            self._renewed.put(session_id, now)

    def renew(self, session_id: str) -> None:
        """Let the ttl of a session, and of what belongs to it, begin anew."""
        try:
            info = resent(lambda: self._store.update(session_id, user_id=self._user_id))
        except SessionNotFoundError:
            return
        for name in owned(info):
            self.renew(name)

    def delete(self, session_id: str) -> None:
        """Delete a session with what belongs to it, which goes first: what is broken off can be
        begun again."""
        try:
            info = self._info(session_id)
        except SessionNotFoundError:
            return
        for name in owned(info):
            self.delete(name)
        resent(lambda: self._store.delete(session_id, user_id=self._user_id))

    def _patch(self, session_id: str, state: JsonObject) -> JsonObject:
        text = json_text("state", state)
        if utf8_size(text) <= _MOST_BYTES:
            return {_STATE: text, _STATE_AT: None}
        place = composed_id(session_id, new_id())
        self._conversations.add(place, self._user_id, [NewItem(state, _STATE, _STATE)])
        return {_STATE: None, _STATE_AT: place, place: True}

    def _read(self, session_id: str) -> tuple[dict[str, Any], SessionInfo]:
        info = self._info(session_id)
        place = info.metadata.get(_STATE_AT)
        if not isinstance(place, str):
            return json.loads(str(info.metadata[_STATE])), info
        try:
            [item] = self._conversations.newest(place, self._user_id)
        except SessionNotFoundError as error:
            # Another one has taken its place meanwhile.
            raise VersionConflictError(session_id, info.version) from error
        return item.value, info

    def _info(self, session_id: str) -> SessionInfo:
        return resent(lambda: self._store.get(session_id, user_id=self._user_id, last=0))


def owned(info: SessionInfo) -> Iterator[str]:
    """The ids of the sessions that belong to this one."""
    return (name for name in info.metadata if name.startswith("["))
