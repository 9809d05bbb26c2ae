"""What a turn costs: a client that goes on talking, whose entries the SDK flushes once a turn."""

import uuid
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from anyio.from_thread import start_blocking_portal
from claude_agent_sdk import InMemorySessionStore
from claude_agent_sdk.types import SessionKey, SessionStore

from chatstore import MaintainedSessionStore
from chatstore.integrations.claude_agent_sdk import ClaudeSessionStore
from cost_subject import Subject

THEIRS = "InMemorySessionStore"

KEY: SessionKey = {"project_key": "-home-ana", "session_id": "s"}
_AT_ONCE = 500


def ours(store: MaintainedSessionStore, user_id: str) -> Subject:
    """A transcript in a chatstore."""
    return _subject(ClaudeSessionStore(store, user_id))


def theirs(_: Path) -> Subject:
    """A transcript in the SDK's own store, which is in memory."""
    return _subject(InMemorySessionStore())


def _subject(sessions: SessionStore) -> Subject:
    stack = ExitStack()
    portal = stack.enter_context(start_blocking_portal())

    def grow(count: int) -> None:
        for start in range(0, count, _AT_ONCE):
            number = min(_AT_ONCE, count - start)
            portal.call(sessions.append, KEY, [_entry("user", "x" * 200) for _ in range(number)])

    def turn() -> None:
        call = {"type": "tool_use", "id": "call", "name": "find_film", "input": {"year": 2004}}
        result = {"type": "tool_result", "tool_use_id": "call", "content": "The Incredibles"}
        entries = [
            _entry("user", "Which film is this from?"),
            _entry("assistant", [call]),
            _entry("user", [result]),
            _entry("assistant", [{"type": "text", "text": "It is from The Incredibles."}]),
        ]
        portal.call(sessions.append, KEY, entries)

    return Subject(grow=grow, turn=turn, close=stack.close)


def _entry(role: str, content: object) -> Any:
    return {
        "type": role,
        "uuid": str(uuid.uuid4()),
        "timestamp": "2026-01-01T00:00:00.000Z",
        "message": {"role": role, "content": content},
    }
