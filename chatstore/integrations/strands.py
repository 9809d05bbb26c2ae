"""Strands: a `SessionRepository` over any session store.

A session, and each of its agents and multi-agents, is a session of the store. To that of the
session belong the others; that of an agent holds its state and its messages, an item each.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from strands.session.session_repository import SessionRepository
from strands.types.exceptions import SessionException
from strands.types.session import (
    Session,
    SessionAgent,
    SessionMessage,
    decode_bytes_values,
    encode_bytes_values,
)

from chatstore.errors import SessionExistsError, SessionNotFoundError
from chatstore.integrations.conversations import Conversations
from chatstore.integrations.items import composed_id
from chatstore.integrations.numbered import NumberedItems
from chatstore.integrations.states import States
from chatstore.models import JsonObject
from chatstore.protocol import SessionStore

if TYPE_CHECKING:
    from strands.multiagent import MultiAgentBase

_AGENT = "agent"
_MULTI_AGENT = "multi_agent"


class ChatStoreSessionRepository(SessionRepository):
    """The sessions of one user, for `RepositorySessionManager(session_id, repository)`.

    A session of somebody else is not found. What `update_message` redacts is gone: nothing of the
    former text stays in the store. A message whose write failed is written before the next one of
    its agent. Safe to share between threads. Raises `ConfigurationError` for a store whose policy
    keeps no history.
    """

    def __init__(self, store: SessionStore, *, user_id: str) -> None:
        self._states = States(Conversations(store), user_id)
        self._items = NumberedItems(store, user_id)

    def create_session(self, session: Session, **kwargs: Any) -> Session:
        """Create a session. Raises `SessionException` if the id is taken."""
        with _told(f"session {session.session_id}"):
            self._states.create(self._place(session.session_id), session.to_dict())
        return session

    def read_session(self, session_id: str, **kwargs: Any) -> Session | None:
        """The session, or None."""
        found = self._states.find(self._place(session_id))
        return None if found is None else Session.from_dict(found[0])

    def delete_session(self, session_id: str, **kwargs: Any) -> None:
        """Delete a session, its agents and their messages, if it is there."""
        self._states.delete(self._place(session_id))

    def create_agent(self, session_id: str, session_agent: SessionAgent, **kwargs: Any) -> None:
        """Create an agent. Raises `SessionException` if there is no session, or such an agent."""
        state, created_at = session_agent.to_dict(), session_agent.created_at
        self._create(session_id, _AGENT, session_agent.agent_id, state, created_at=created_at)

    def read_agent(self, session_id: str, agent_id: str, **kwargs: Any) -> SessionAgent | None:
        """The agent, or None."""
        found = self._states.find(self._place(session_id, _AGENT, agent_id))
        if found is None:
            return None
        state, info = found
        return SessionAgent.from_dict({**state, "created_at": info.metadata["created_at"]})

    def update_agent(self, session_id: str, session_agent: SessionAgent, **kwargs: Any) -> None:
        """Replace an agent's state, but for its `created_at`. Raises `SessionException`."""
        place = self._place(session_id, _AGENT, session_agent.agent_id)
        with _told(f"agent {session_agent.agent_id} in session {session_id}"):
            info = self._states.update(place, session_agent.to_dict())
        self._items.note(info)
        session_agent.created_at = str(info.metadata["created_at"])
        self._states.keep(self._place(session_id))

    def create_message(
        self, session_id: str, agent_id: str, session_message: SessionMessage, **kwargs: Any
    ) -> None:
        """Add the next message of an agent; the same again changes nothing.

        Raises `SessionException` if there is no such agent, and `InvalidInputError` if the message
        is not the next one: another process has added one.
        """
        place = self._place(session_id, _AGENT, agent_id)
        number, value = session_message.message_id, _value_of(session_message)
        with _told(f"agent {agent_id} in session {session_id}"):
            self._items.add(place, number, value, session_message.to_message()["role"])
        self._states.keep(self._place(session_id))

    def read_message(
        self, session_id: str, agent_id: str, message_id: int, **kwargs: Any
    ) -> SessionMessage | None:
        """One message, or None."""
        place = self._place(session_id, _AGENT, agent_id)
        item = self._items.item(place, message_id)
        return None if item is None else SessionMessage.from_dict(item.value)

    def update_message(
        self, session_id: str, agent_id: str, session_message: SessionMessage, **kwargs: Any
    ) -> None:
        """Replace a message, but for its `created_at`, however long ago it was. Raises
        `SessionException` if there is none with its number."""
        number = session_message.message_id

        def changed(former: dict[str, Any]) -> JsonObject:
            session_message.created_at = former["created_at"]
            return _value_of(session_message)

        with _told(f"agent {agent_id} in session {session_id}"):
            place = self._place(session_id, _AGENT, agent_id)
            if not self._items.replace(place, number, changed):
                raise SessionException(f"Message {number} does not exist")
        self._states.keep(self._place(session_id))

    def list_messages(
        self,
        session_id: str,
        agent_id: str,
        limit: int | None = None,
        offset: int = 0,
        **kwargs: Any,
    ) -> list[SessionMessage]:
        """At most `limit` messages, from number `offset`: 0 is the first ever. Raises
        `SessionException` if there is no such agent."""
        with _told(f"agent {agent_id} in session {session_id}"):
            items = self._items.items(self._place(session_id, _AGENT, agent_id), offset, limit)
        return [SessionMessage.from_dict(item.value) for item in items]

    def create_multi_agent(
        self, session_id: str, multi_agent: "MultiAgentBase", **kwargs: Any
    ) -> None:
        """Create a multi-agent. Raises `SessionException` if there is no session, or such one."""
        self._create(session_id, _MULTI_AGENT, multi_agent.id, _state_of(multi_agent))

    def read_multi_agent(
        self, session_id: str, multi_agent_id: str, **kwargs: Any
    ) -> dict[str, Any] | None:
        """The state of a multi-agent, or None."""
        place = self._place(session_id, _MULTI_AGENT, multi_agent_id)
        found = self._states.find(place)
        return None if found is None else dict(decode_bytes_values(found[0]))

    def update_multi_agent(
        self, session_id: str, multi_agent: "MultiAgentBase", **kwargs: Any
    ) -> None:
        """Replace the state of a multi-agent. Raises `SessionException` if there is none."""
        place = self._place(session_id, _MULTI_AGENT, multi_agent.id)
        with _told(f"multi-agent {multi_agent.id} in session {session_id}"):
            self._states.update(place, _state_of(multi_agent))
        self._states.keep(self._place(session_id))

    def _place(self, *names: str) -> str:
        """The id that a session of this repository has in the store."""
        return composed_id(*names)

    def _create(
        self, session_id: str, kind: str, name: str, state: JsonObject, **metadata: str
    ) -> None:
        place = self._place(session_id, kind, name)
        with _told(f"session {session_id}"):
            self._states.own(self._place(session_id), place)
        with _told(f"{kind} {name} in session {session_id}"):
            self._states.create(place, state, **metadata)


@contextmanager
def _told(what: str) -> Iterator[None]:
    """The framework's own error, where something is missing or there already."""
    try:
        yield
    except SessionNotFoundError as error:
        raise SessionException(f"{what} does not exist") from error
    except SessionExistsError as error:
        raise SessionException(f"{what} already exists") from error


def _value_of(session_message: SessionMessage) -> JsonObject:
    """What is kept of a message. Of one that was redacted, that is not what it was before."""
    value: JsonObject = session_message.to_dict()
    redacted = value["redact_message"]
    return value if redacted is None else {**value, "message": redacted}


def _state_of(multi_agent: "MultiAgentBase") -> JsonObject:
    state: JsonObject = encode_bytes_values(multi_agent.serialize_state())
    return state
