"""Our session beside the framework's own over SQLite: every answer is equal."""

import random
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from agents import SQLiteSession, TResponseInputItem
from agents.memory import SessionSettings

from chatstore import MaintainedSessionStore
from chatstore.integrations.openai_agents import ChatStoreSession
from sessions import items_of

SESSIONS = 3
STEPS = 500


class Sides:
    """The same sessions on both sides, and objects for them that are made anew now and then."""

    def __init__(self, store: MaintainedSessionStore, file: Path) -> None:
        self._store, self._file = store, file
        self._user_id = f"ana-{uuid.uuid4()}"
        self.names = [f"chat-{uuid.uuid4()}" for _ in range(SESSIONS)]
        self._theirs: dict[str, SQLiteSession] = {}
        self._ours: dict[str, ChatStoreSession] = {}
        for name in self.names:
            self.make(name, None)

    def make(self, name: str, limit: int | None) -> None:
        """New objects for a session, with these settings."""
        self.close(name)
        settings = SessionSettings(limit=limit)
        self._theirs[name] = SQLiteSession(name, self._file, session_settings=settings)
        self._ours[name] = ChatStoreSession(
            name, self._store, user_id=self._user_id, session_settings=settings
        )

    def close(self, name: str) -> None:
        """Close theirs, which holds a file open."""
        if name in self._theirs:
            self._theirs[name].close()

    def both(self, name: str) -> tuple[SQLiteSession, ChatStoreSession]:
        """The two objects of one session."""
        return self._theirs[name], self._ours[name]


@pytest.fixture
def sides(store: MaintainedSessionStore, tmp_path: Path) -> Iterator[Sides]:
    """Both, over the store and over a new file."""
    both = Sides(store, tmp_path / "theirs.db")
    yield both
    for name in both.names:
        both.close(name)


def some_items(choose: random.Random) -> list[TResponseInputItem]:
    """Up to as many as take two writes, among them equal ones and large ones."""
    count = choose.choice((0, 1, 1, 2, 3, 4, 120 if choose.random() < 0.05 else 5))
    return items_of(
        *(
            choose.choice(
                (
                    {"role": "user", "content": choose.choice(("yes", "no", "maybe\0"))},
                    {"type": "function_call", "call_id": str(choose.random()), "n": 7.0},
                    {"type": "function_call_output", "output": "o" * choose.randint(0, 90_000)},
                    {"type": "message", "id": "same", "role": "assistant", "content": []},
                )
            )
            for _ in range(count)
        )
    )


async def replaced(session: Any, limit: int, start: int, output: Any, pruned: Any) -> Any:
    """What a session's snapshot says, and what replacing its end does."""
    snapshot = await session._get_compaction_snapshot(limit, prune_prefix=pruned)
    complete = snapshot.complete
    return snapshot.items, complete, await snapshot.replace_suffix(start, output)


@pytest.mark.parametrize("seed", range(4))
async def test_every_answer_is_equal(sides: Sides, seed: int) -> None:
    """Whatever is called, in whichever order, on whichever object."""
    choose = random.Random(seed)  # noqa: S311  no secret
    for _ in range(STEPS):
        name = choose.choice(sides.names)
        theirs, ours = sides.both(name)
        match choose.choice(("add", "add", "add", "pop", "pop", "get", "replace", "make", "clear")):
            case "add":
                items = some_items(choose)
                await theirs.add_items(items)
                await ours.add_items(items)
            case "pop":
                assert await ours.pop_item() == await theirs.pop_item()
            case "get":
                limit = choose.choice((None, 0, 1, 2, 5, 49, 50, 51, 1_000))
                assert await ours.get_items(limit) == await theirs.get_items(limit)
            case "replace":
                limit = choose.randint(1, 12)
                start = choose.randint(0, limit)
                output = some_items(choose)[:4]
                pruned = choose.choice((None, lambda item: item.get("content") == "yes"))
                answer = await replaced(ours, limit, start, output, pruned)
                assert answer == await replaced(theirs, limit, start, output, pruned)
            case "make":
                sides.make(name, choose.choice((None, None, 3, 60)))
            case "clear" if choose.random() < 0.2:
                await theirs.clear_session()
                await ours.clear_session()
        theirs, ours = sides.both(name)
        if choose.random() < 0.1:
            assert await ours.get_items(2_000) == await theirs.get_items(2_000)
    for name in sides.names:
        theirs, ours = sides.both(name)
        assert await ours.get_items(10_000) == await theirs.get_items(10_000)
