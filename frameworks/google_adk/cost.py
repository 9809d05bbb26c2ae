"""What a turn costs with our service, and with ADK's SQLite one: `scripts/frameworks --costs`.

A turn as a runner makes it: the session with its newest 50 events is read, and four events are
appended, each with a change of the session's state.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

from google.adk.events.event import Event
from google.adk.events.event_actions import EventActions
from google.adk.sessions.base_session_service import BaseSessionService, GetSessionConfig
from google.adk.sessions.sqlite_session_service import SqliteSessionService

from chatstore import MaintainedSessionStore
from chatstore.integrations.conversations import Conversations
from chatstore.integrations.google_adk import ChatStoreSessionService
from chatstore.integrations.google_adk.mapping import Place
from chatstore.integrations.items import NewItem
from cost_subject import Subject
from scripted import said

THEIRS = "SqliteSessionService"
APP, CHAT = "films", "chat"
SHOWN = GetSessionConfig(num_recent_events=50)


def event(number: int) -> Event:
    """One of a turn's four events."""
    text = ("Which film is this from? ", "find", "found", "It is from a film. ")[number % 4]
    return Event(
        author="user", content=said(text * 8), actions=EventActions(state_delta={"n": number})
    )


def ours(store: MaintainedSessionStore, user_id: str) -> Subject:
    """Our service over a store; whoever opened the store closes it."""
    owner = str(uuid4())
    place = Place(owner, APP, user_id, CHAT)
    conversations = Conversations(store)

    def grow(_: asyncio.Runner, more: int) -> None:
        for start in range(0, more, 100):
            events = [event(number) for number in range(start, min(start + 100, more))]
            items = [
                NewItem(each.model_dump(mode="json", exclude_none=True), each.author, each.id)
                for each in events
            ]
            conversations.add(place.session_id, place.user, items)

    return _subject(ChatStoreSessionService(store, owner=owner), user_id, grow)


def theirs(folder: Path) -> Subject:
    """ADK's own service, on a file."""
    service = SqliteSessionService(str(folder / "adk.db"))

    async def added(more: int) -> None:
        session = await service.get_session(app_name=APP, user_id="ana", session_id=CHAT)
        assert session is not None
        for number in range(more):
            await service.append_event(session, event(number))

    return _subject(service, "ana", lambda runner, more: runner.run(added(more)))


def _subject(
    service: BaseSessionService, user_id: str, grow: Callable[[asyncio.Runner, int], None]
) -> Subject:
    runner = asyncio.Runner()
    runner.run(service.create_session(app_name=APP, user_id=user_id, session_id=CHAT))

    async def turn() -> None:
        session = await service.get_session(
            app_name=APP, user_id=user_id, session_id=CHAT, config=SHOWN
        )
        assert session is not None
        for number in range(4):
            await service.append_event(session, event(number))

    return Subject(lambda more: grow(runner, more), lambda: runner.run(turn()), runner.close)
