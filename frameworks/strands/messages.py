"""A session with an agent; messages, and what they say."""

from typing import Any

from strands.types.session import Session, SessionAgent, SessionMessage, SessionType

from chatstore.integrations.strands import ChatStoreSessionRepository

AGENT = "film-bot"
"""The agent that the session of these tests has."""


def begin(repository: ChatStoreSessionRepository, session_id: str) -> None:
    """Create a session that has an agent."""
    repository.create_session(Session(session_id, SessionType.AGENT))
    repository.create_agent(session_id, SessionAgent(AGENT, {}, {}))


def message(number: int, text: str = "", **more: Any) -> SessionMessage:
    """A message of the user."""
    content: Any = {"role": "user", "content": [{"text": text or f"text {number}"}, more]}
    return SessionMessage(content, number)


def texts(messages: list[SessionMessage]) -> list[str]:
    """What they say."""
    return [each.to_message()["content"][0]["text"] for each in messages]
