"""Random programs, over our repository and the framework's FileSessionManager: every answer is
equal."""

import random
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from strands.multiagent import MultiAgentBase
from strands.session.file_session_manager import FileSessionManager
from strands.session.session_repository import SessionRepository
from strands.types.exceptions import SessionException
from strands.types.session import Session, SessionAgent, SessionMessage, SessionType

from chatstore import MaintainedSessionStore
from chatstore.integrations.strands import ChatStoreSessionRepository

AGENTS = ("a", "b", '["a"]', "ä b")
TEXTS = ("film", "", "\0", "\U0001f600 ä", "7.0", "x" * 500)


class Team(MultiAgentBase):
    """A multi-agent that has a state, and nothing else."""

    def __init__(self, name: str, state: dict[str, Any]) -> None:
        self.id = name
        self.state = state

    def serialize_state(self) -> dict[str, Any]:
        """Its state."""
        return self.state

    async def invoke_async(self, *_: object, **__: object) -> Any:
        """Not used."""
        raise NotImplementedError


class Program:
    """Random steps; what is known of the conversations so far decides which make sense."""

    def __init__(self, dice: random.Random, sides: list[SessionRepository]) -> None:
        self.dice = dice
        self.sides = sides
        self.steps = 0
        self.sessions = [f"chat-{uuid4()}" for _ in range(3)]
        self.agents: dict[tuple[str, str], int] = {}
        self.created: set[str] = set()
        self.teams: set[tuple[str, str]] = set()

    def step(self) -> None:
        """One step, on both sides."""
        steps = {
            self.session: 1,
            self.agent: 6,
            self.add: 40,
            self.read: 10,
            self.change: 8,
            self.page: 12,
            self.team: 4,
        }
        if self.steps < len(AGENTS) * len(self.sessions) * 3:
            # First of all there must be something to talk about.
            steps = {self.session: 1, self.agent: 2}
        self.steps += 1
        [chosen] = self.dice.choices(list(steps), list(steps.values()))
        chosen(self.dice.choice(self.sessions), self.dice.choice(AGENTS))

    def session(self, session_id: str, _: str) -> None:
        """Create a session, again too; or look for it."""
        if self.dice.random() < 0.5:
            self.created.add(session_id)
            session = Session(session_id, SessionType.AGENT)
            self.equal(lambda side: side.create_session(deepcopy(session)))
        self.equal(lambda side: side.read_session(session_id))

    def agent(self, session_id: str, agent_id: str) -> None:
        """Create or change an agent, and look at it."""
        state = {"b": 7.0, "a": [self.value(), None], self.value(): {"": 1}}
        agent = SessionAgent(agent_id, state, {"image": b"\x00\xff"}, {"n": 1e23})
        if session_id in self.created and (session_id, agent_id) not in self.agents:
            self.agents[session_id, agent_id] = 0
            self.equal(lambda side: side.create_agent(session_id, deepcopy(agent)))
        else:
            self.equal(lambda side: side.update_agent(session_id, deepcopy(agent)))
        self.equal(lambda side: side.read_agent(session_id, agent_id))

    def add(self, session_id: str, agent_id: str) -> None:
        """Add the next message."""
        number = self.agents.get((session_id, agent_id))
        if number is not None:
            self.agents[session_id, agent_id] += 1
            message = self.message(number)
            self.equal(lambda side: side.create_message(session_id, agent_id, deepcopy(message)))

    def read(self, session_id: str, agent_id: str) -> None:
        """Look at one message, which need not be there."""
        number = self.number(session_id, agent_id)
        self.equal(lambda side: side.read_message(session_id, agent_id, number))

    def change(self, session_id: str, agent_id: str) -> None:
        """Change or redact a message, which need not be there."""
        message = self.message(self.number(session_id, agent_id))
        if self.dice.random() < 0.5:
            message.redact_message = {"role": "user", "content": [{"text": "BLOCKED"}]}
        self.equal(lambda side: side.update_message(session_id, agent_id, deepcopy(message)))

    def page(self, session_id: str, agent_id: str) -> None:
        """List some or all of the messages."""
        limit = self.dice.choice([None, 0, 1, 7, 100])
        offset = self.number(session_id, agent_id) + 1
        self.equal(lambda side: side.list_messages(session_id, agent_id, limit, offset))
        self.equal(lambda side: side.list_messages(session_id, agent_id))

    def team(self, session_id: str, name: str) -> None:
        """Create or change a multi-agent, and look at it."""
        team = Team(name, {"nodes": [self.value(), 7.0]})
        if session_id in self.created and (session_id, name) not in self.teams:
            self.teams.add((session_id, name))
            self.equal(lambda side: side.create_multi_agent(session_id, team))
        else:
            self.equal(lambda side: side.update_multi_agent(session_id, team))
        self.equal(lambda side: side.read_multi_agent(session_id, name))

    def number(self, session_id: str, agent_id: str) -> int:
        """The number of a message, or one that is not there."""
        return self.dice.randint(-1, self.agents.get((session_id, agent_id), 0) + 1)

    def message(self, number: int) -> SessionMessage:
        """A message, now and then one larger than a message of the store may be."""
        text = "large " * 9_000 if self.dice.random() < 0.03 else self.value()
        content: Any = [{"text": text}, {"image": {"source": {"bytes": b"\xff\x00"}}, "n": 7.0}]
        role: Any = self.dice.choice(("user", "assistant"))
        return SessionMessage({"role": role, "content": content}, number)

    def value(self) -> str:
        """Some text."""
        return self.dice.choice(TEXTS)

    def equal(self, call: Callable[[Any], object]) -> None:
        """Both sides answer the same."""
        ours, theirs = (answer(call, side) for side in self.sides)
        assert ours == theirs


def answer(call: Callable[[Any], object], side: SessionRepository) -> str:
    """What a side says: exactly, number for number; that it refuses is an answer too."""
    try:
        found = call(side)
    except SessionException:
        return "refused"
    return repr([shown(each) for each in found] if isinstance(found, list) else shown(found))


def shown(value: object) -> object:
    """Of a redacted message, theirs still has what was redacted, and ours has not."""
    if isinstance(value, SessionMessage) and value.redact_message is not None:
        return (value.message_id, value.to_message(), value.created_at, value.updated_at)
    return value


@pytest.mark.parametrize("steps", [pytest.param(150), pytest.param(2_000, marks=pytest.mark.long)])
@pytest.mark.parametrize("seed", [1, 2])
def test_every_answer_is_the_file_session_managers(
    store: MaintainedSessionStore, user_id: str, tmp_path: Path, steps: int, seed: int
) -> None:
    """Sessions, agents, messages and multi-agents: what is read, listed, changed and refused."""
    ours = ChatStoreSessionRepository(store, user_id=user_id)
    theirs = FileSessionManager(f"chat-{uuid4()}", str(tmp_path / "theirs"))
    program = Program(random.Random(seed), [ours, theirs])  # noqa: S311  no secret
    for _ in range(steps):
        program.step()
    assert sum(program.agents.values()) > steps / 8
