"""What a turn costs with our repository, and with Strands': `scripts/frameworks --costs`.

A turn as a server makes it: the session, the agent and the newest 50 messages are read, four
messages are written, and the agent's state once.
"""

from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

from strands.session.file_session_manager import FileSessionManager
from strands.session.session_repository import SessionRepository
from strands.types.content import Message
from strands.types.session import Session, SessionAgent, SessionMessage, SessionType

from chatstore import SessionStore
from chatstore.integrations.conversations import Conversations
from chatstore.integrations.items import NewItem, composed_id
from chatstore.integrations.strands import ChatStoreSessionRepository
from cost_subject import Subject

THEIRS = "FileSessionManager"
AGENT = "film-bot"
SHOWN = 50
_TURN: tuple[Message, ...] = (
    {"role": "user", "content": [{"text": "Which film is this from? " * 4}]},
    {
        "role": "assistant",
        "content": [{"toolUse": {"name": "find", "toolUseId": "1", "input": {"year": 2004}}}],
    },
    {
        "role": "user",
        "content": [
            {"toolResult": {"toolUseId": "1", "status": "success", "content": [{"text": "found"}]}}
        ],
    },
    {"role": "assistant", "content": [{"text": "It is from a film of that year. " * 8}]},
)


def ours(store: SessionStore, user_id: str) -> Subject:
    """Our repository over a store; whoever opened the store closes it."""
    repository = ChatStoreSessionRepository(store, user_id=user_id)
    session_id = f"chat-{uuid4()}"
    place = composed_id(session_id, "agent", AGENT)
    conversations = Conversations(store)

    def add(messages: list[SessionMessage]) -> None:
        for start in range(0, len(messages), 100):
            items = [
                NewItem(each.to_dict(), "message", str(each.message_id))
                for each in messages[start : start + 100]
            ]
            conversations.add(place, user_id, items)

    return _subject(repository, session_id, add)


def theirs(folder: Path) -> Subject:
    """The framework's own files, in a folder."""
    session_id = f"chat-{uuid4()}"
    files = FileSessionManager(f"other-{uuid4()}", str(folder))

    def add(messages: list[SessionMessage]) -> None:
        for each in messages:
            files.create_message(session_id, AGENT, each)

    return _subject(files, session_id, add)


def _subject(
    repository: SessionRepository,
    session_id: str,
    add: Callable[[list[SessionMessage]], None],
) -> Subject:
    repository.create_session(Session(session_id, SessionType.AGENT))
    repository.create_agent(session_id, SessionAgent(AGENT, {}, {}))
    count = 0

    def messages(more: int) -> list[SessionMessage]:
        nonlocal count
        made = [SessionMessage(_TURN[number % 4], number) for number in range(count, count + more)]
        count += more
        return made

    def turn() -> None:
        repository.read_session(session_id)
        repository.read_agent(session_id, AGENT)
        shown = repository.list_messages(session_id, AGENT, offset=max(0, count - SHOWN))
        assert len(shown) == min(count, SHOWN)
        for each in messages(4):
            repository.create_message(session_id, AGENT, each)
        repository.update_agent(session_id, SessionAgent(AGENT, {"turns": count}, {}))

    return Subject(lambda more: add(messages(more)), turn, lambda: None)
