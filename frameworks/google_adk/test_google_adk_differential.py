"""Random programs, over our service and ADK's in-memory one: every answer is equal."""

import random
from typing import Any
from uuid import uuid4

import pytest
from google.adk.events.event import Event
from google.adk.events.event_actions import EventActions
from google.adk.platform import time as platform_time
from google.adk.sessions.base_session_service import BaseSessionService, GetSessionConfig
from google.adk.sessions.in_memory_session_service import InMemorySessionService
from google.adk.sessions.session import Session
from google.genai import types

from chatstore import MaintainedSessionStore
from chatstore.integrations.google_adk import ChatStoreSessionService

VALUES = (1, 7.0, None, True, "\0", "\U0001f600 ä", [1, {"b": 2.0, "a": []}], {"b": 1, "a": ""})
NAMES = ("x", "y", "app:x", "user:x", "user:y", "temp:x", "", "last_update_time", '"')


class Program:
    """Random steps, each done on both sides."""

    def __init__(self, dice: random.Random, sides: list[BaseSessionService]) -> None:
        self.dice = dice
        self.sides = sides
        self.apps = [f"app-{uuid4()}" for _ in range(2)]
        self.users = ["ana", '["ana"]']
        self.names = ["chat", " chat 2 ", '","']
        self.ids = ["one"]
        self.now = 1_800_000_000.0

    async def step(self) -> None:
        """One step."""
        steps = {self.create: 3, self.append: 20, self.get: 8, self.list: 3, self.delete: 1}
        steps[self.user_state] = 2
        [chosen] = self.dice.choices(list(steps), list(steps.values()))
        self.now += 1.25
        platform_time.set_time_provider(lambda: self.now)
        try:
            await chosen(self.dice.choice(self.apps), self.dice.choice(self.users))
        finally:
            platform_time.reset_time_provider()

    def state(self) -> dict[str, Any]:
        """Some changes of state."""
        names = self.dice.sample(NAMES, self.dice.randrange(4))
        return {name: self.dice.choice(VALUES) for name in names}

    async def create(self, app: str, user: str) -> None:
        """Create a session, again too."""
        name, state = self.dice.choice(self.names), self.state()
        await self.equal(
            lambda side: side.create_session(
                app_name=app, user_id=user, session_id=name, state=dict(state)
            )
        )

    async def append(self, app: str, user: str) -> None:
        """Append one or two events to a session that was read, one of them twice."""
        name = self.dice.choice(self.names)
        events = [self.event() for _ in range(self.dice.choice((1, 1, 2)))]
        if self.dice.random() < 0.1:
            # Another event, with the id of one that is there perhaps.
            events[0].id = self.dice.choice(self.ids)
        self.ids.append(events[0].id)
        is_repeated = self.dice.random() < 0.1
        if is_repeated:
            # ADK's service takes an event whose temporary state it has left out for another one.
            events[-1].actions.state_delta = {"x": 7.0}

        async def appended(side: BaseSessionService) -> object:
            session = await side.get_session(app_name=app, user_id=user, session_id=name)
            if session is None:
                return None
            for event in events:
                await side.append_event(session, event.model_copy(deep=True))
            if is_repeated:
                await side.append_event(session, events[-1].model_copy(deep=True))
            return session

        await self.equal(appended)

    def event(self) -> Event:
        """An event of some kind."""
        text = self.dice.choice(("film", "", "\0", "\U0001f600 ä", "x" * 60_000))
        part = self.dice.choice(
            (
                types.Part(text=text),
                types.Part(function_call=types.FunctionCall(name="find", args={"year": 2004.0})),
                types.Part(inline_data=types.Blob(data=b"\x00\xff", mime_type="image/png")),
            )
        )
        self.now += 0.5
        return Event(
            author=self.dice.choice(("user", "bot")),
            invocation_id=str(uuid4()),
            content=types.Content(role="user", parts=[part]),
            actions=EventActions(state_delta=self.state()),
            partial=self.dice.random() < 0.05,
            timestamp=self.now,
        )

    async def get(self, app: str, user: str) -> None:
        """Read a session, whole or the end of it."""
        name = self.dice.choice(self.names)
        most = self.dice.choice((None, None, 0, 1, 3, 60, 1_000))
        since = self.dice.choice((None, None, self.now - 300, self.now))
        config = GetSessionConfig(num_recent_events=most, after_timestamp=since)
        await self.equal(
            lambda side: side.get_session(
                app_name=app, user_id=user, session_id=name, config=config
            )
        )

    async def list(self, app: str, user: str) -> None:
        """List the sessions of a user, or of all."""
        whose = self.dice.choice((user, None))
        await self.equal(lambda side: side.list_sessions(app_name=app, user_id=whose))

    async def delete(self, app: str, user: str) -> None:
        """Delete a session, which need not be there."""
        name = self.dice.choice(self.names)
        await self.equal(
            lambda side: side.delete_session(app_name=app, user_id=user, session_id=name)
        )

    async def user_state(self, app: str, user: str) -> None:
        """Read a user's state."""
        await self.equal(lambda side: side.get_user_state(app_name=app, user_id=user))

    async def equal(self, call: Any) -> None:
        """Make the call on both sides."""
        answers = []
        for side in self.sides:
            try:
                answers.append(told(await call(side)))
            except Exception as error:  # noqa: BLE001 - an answer too
                answers.append(f"{type(error).__name__}")
        assert answers[0] == answers[1]


def told(answer: Any) -> object:
    """An answer in a form in which 7 is not 7.0."""
    if isinstance(answer, Session):
        events = [event.model_dump(mode="json", exclude_none=True) for event in answer.events]
        state = sorted((name, repr(value)) for name, value in answer.state.items())
        return (answer.id, answer.app_name, answer.user_id, state, events, answer.last_update_time)
    if hasattr(answer, "sessions"):
        return [told(session) for session in answer.sessions]
    if isinstance(answer, dict):
        # A state's names have no order.
        return sorted((name, repr(value)) for name, value in answer.items())
    return repr(answer)


async def run(store: MaintainedSessionStore, steps: int, seed: int) -> None:
    """A program of so many steps."""
    service = ChatStoreSessionService(store, owner=str(uuid4()))
    dice = random.Random(seed)  # noqa: S311 - chance, not secrecy
    program = Program(dice, [InMemorySessionService(), service])
    for _ in range(steps):
        await program.step()


@pytest.mark.parametrize("seed", [1, 2])
async def test_a_short_program_is_answered_alike(store: MaintainedSessionStore, seed: int) -> None:
    """Each answer of some hundred steps is that of ADK's own service."""
    await run(store, 200, seed)


@pytest.mark.long
async def test_a_long_program_is_answered_alike(store: MaintainedSessionStore) -> None:
    """Each answer of 2,000 steps is that of ADK's own service."""
    await run(store, 2_000, 3)
