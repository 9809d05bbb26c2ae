"""Random programs, done by the framework's own store in memory and by ours: every answer equal."""

import random
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from pydantic_ai.conversation_store import InMemoryConversationStore
from pydantic_ai.messages import (
    BinaryContent,
    ModelMessage,
    ModelRequest,
    ModelResponse,
    TextPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)

from chatstore.integrations.pydantic_ai import ChatStoreConversationStore
from chatstore.models import new_id
from sides import BEGIN, OpenStore, Side, is_error, minting

pytest_plugins = ["fresh"]
SCOPES = (None, None, None, "web", "phone")
USERS = ("ana", "bo")
IDS = 14
"""How many conversations a user may have at a time: few, so that they meet."""

Step = Callable[[Side], Awaitable[Any]]


class Program:
    """One user's steps, drawn by chance."""

    def __init__(self, seed: str, run: str) -> None:
        self.random = random.Random(seed)  # noqa: S311  no secret
        self.ids = [f"{seed}-{run}-{number}" for number in range(IDS)]
        self.entries: list[str] = ["never-stored"]
        self.held = 0

    def message(self) -> ModelMessage:
        """A message, mostly small."""
        draw = self.random
        text = draw.choice(["yes", "nul \0", "lone \ud800", '"{', "é" * 90, "x" * 40_000, "", "7"])
        chance = draw.random()
        if chance < 0.25:
            binary = BinaryContent(data=draw.randbytes(9), media_type="application/pdf")
            prompt = UserPromptPart([text, binary], timestamp=BEGIN)
            return ModelRequest(parts=[prompt], timestamp=BEGIN)
        if chance < 0.5:
            back = ToolReturnPart("look", {"a": 7.0, "0": [1, None]}, "call", timestamp=BEGIN)
            return ModelRequest(parts=[back], timestamp=BEGIN)
        if chance < 0.75:
            return ModelResponse(parts=[TextPart(text)], timestamp=BEGIN)
        call = ToolCallPart("look", {"z": 7.0, "a": draw.random()}, tool_call_id="call")
        return ModelResponse(parts=[call, TextPart(text)], timestamp=BEGIN)

    def step(self) -> tuple[str, Step]:
        """The next step, and its name."""
        draw = self.random
        one, other = draw.choice(self.ids), draw.choice(self.ids)
        scope, limit = draw.choice(SCOPES), draw.choice([None, None, 0, 1, 2, 5, 60, -1])
        entry = draw.choice(self.entries[-60:])
        number = max(0, self.held - 1 - int(draw.expovariate(1.2)))
        at = draw.choice([0, 1, 2, 3, 1_000, 1_000, 1_000])
        wheres: list[dict[str, Any]] = [{"at": draw.randrange(4)}, {"from_entry": entry}, {"at": 1}]
        where = draw.choice(wheres)
        messages = [self.message() for _ in range(draw.choice([0, 1, 2, 2, 3, 120]))]
        waiting = draw.choice([None, None, "{}", "x" * 9_000, "x" * 40_000])
        steps: list[tuple[int, str, Step]] = [
            (6, "load", lambda side: side.load(one, limit, scope)),
            (1, "begin", lambda side: side.begin(one)),
            (3, "list", lambda side: side.store.list_conversations(scope=scope, limit=limit)),
            (3, "entries", lambda side: side.store.load_entries(one, limit=limit, scope=scope)),
            (3, "entry", lambda side: side.store.read_entry(entry)),
            (2, "look", lambda side: side.look(one)),
            (2, "delete", lambda side: side.store.delete(one, scope=scope)),
            (4, "fork", lambda side: side.fork(one, other, scope=scope, **where)),
            (3, "fork whole", lambda side: side.fork(one, other, source_scope=scope)),
        ]
        if self.held:
            steps += [
                (9, "change", lambda side: side.change(number, at, messages, waiting)),
                (9, "save", lambda side: side.save(number, scope)),
                (1, "reread", lambda side: side.reread(number)),
                (6, "branch", lambda side: side.branch(number, scope, **where)),
            ]
        weights = [weight for weight, _, _ in steps]
        _, name, step = draw.choices(steps, weights)[0]
        return name, step


def fresh(open_store: OpenStore, user_id: str) -> ChatStoreConversationStore:
    """A store that has seen nothing yet."""
    return ChatStoreConversationStore(open_store(), user_id=user_id)


@pytest.mark.parametrize(
    ("seed", "steps"),
    [(0, 700), *(pytest.param(n, 2_000, marks=pytest.mark.long) for n in range(3))],
)
async def test_every_answer_is_that_of_the_framework_s_own_store(
    seed: int, steps: int, open_store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Loads with limits, saves, rewrites, forks, branches, deletes, scopes and conflicts of two
    users at once say the same as the framework's own store, in whichever process they are done."""
    run = new_id()
    programs = {user: Program(f"{seed}-{user}", run) for user in USERS}
    theirs = {user: Side(InMemoryConversationStore()) for user in USERS}
    ours = {user: Side(fresh(open_store, f"{user}-{run}")) for user in USERS}
    choice = random.Random(seed)  # noqa: S311  no secret
    done = Counter[str]()

    with minting(monkeypatch) as minted:
        for _ in range(steps):
            user = choice.choice(USERS)
            program = programs[user]
            name, step = program.step()
            if choice.random() < 0.02:
                ours[user].store = fresh(open_store, f"{user}-{run}")
            before = minted.count
            expected = await theirs[user].answer(step)
            minted.count = before
            assert await ours[user].answer(step) == expected, name
            program.held = len(theirs[user].held)
            if name == "save" and isinstance(expected[0], list):
                program.entries += [entry.id for entry in expected[0]]
            if not is_error(expected):
                done[name] += 1

    assert min(done[name] for name in ("save", "fork", "branch", "delete")) > steps / 700, done
