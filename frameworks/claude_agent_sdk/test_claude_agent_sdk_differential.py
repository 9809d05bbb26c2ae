"""Random programs on our session store and on the SDK's own: every answer is equal."""

import random
import uuid
from typing import Any, cast

import pytest
from claude_agent_sdk import InMemorySessionStore
from claude_agent_sdk.types import SessionKey, SessionStore

from both_loops import under_both
from chatstore.integrations.claude_agent_sdk import ClaudeSessionStore
from chatstore.protocol import MaintainedSessionStore

STEPS = 500
PROJECTS = ["-home-ana", "-home-ben"]
SUBPATHS = [None, None, "subagents/agent-1", "subagents/runs/agent-2"]


class Program:
    """What a caller may do, by chance."""

    def __init__(self, seed: int) -> None:
        self.choose = random.Random(seed)  # noqa: S311  no secret
        self.sessions = [str(uuid.UUID(int=number)) for number in range(6)]

    def key(self) -> SessionKey:
        """A transcript."""
        choose = self.choose
        key: Any = {
            "project_key": choose.choice(PROJECTS),
            "session_id": choose.choice(self.sessions),
        }
        if (subpath := choose.choice(SUBPATHS)) is not None:
            key["subpath"] = subpath
        return cast("SessionKey", key)

    def entries(self) -> list[Any]:
        """New entries, few or many, small or large, with a uuid or without."""
        many = self.choose.choice([1, 1, 2, 3, 3, 5, 120])
        return [self._entry(large=many < 5) for _ in range(many)]

    def _entry(self, *, large: bool) -> Any:
        choose = self.choose
        text = choose.choice(["7.0", "é", "a\0b", "<command-name>/clear</command-name>", "\n"])
        if large and choose.random() < 0.1:
            text = "x" * choose.randrange(200_000)
        kind = choose.choice(["user", "assistant", "tag", "custom-title", "last-prompt"])
        known: dict[str, dict[str, Any]] = {
            "user": {"message": {"role": "user", "content": text}, "isSidechain": False},
            "assistant": {"message": {"content": [{"type": "text", "text": text}]}},
            "tag": {"tag": choose.choice(["", "films"])},
            "custom-title": {"customTitle": text[:100]},
            "last-prompt": {"lastPrompt": text[:10_000]},
        }
        stamp = f"2026-01-{choose.randrange(1, 29):02}T00:00:00Z"
        entry: Any = {"type": kind, "timestamp": stamp, "number": choose.random(), **known[kind]}
        if kind in {"user", "assistant"}:
            entry["uuid"] = str(uuid.UUID(int=choose.getrandbits(128)))
        return entry


async def shown(sessions: SessionStore, project_key: str) -> list[Any]:
    """What a listing says, without times: the last written first."""
    summaries = {
        each["session_id"]: each["data"]
        for each in await sessions.list_session_summaries(project_key)
    }
    listed = await sessions.list_sessions(project_key)
    listed.sort(key=lambda each: each["mtime"], reverse=True)
    names = [each["session_id"] for each in listed]
    return [(name, summaries.get(name)) for name in names]


@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(seed, marks=pytest.mark.long) for seed in (1, 2, 3))]
)
@under_both
async def test_every_answer_is_that_of_their_own_store(
    store: MaintainedSessionStore, user_id: str, seed: int
) -> None:
    """2,000 steps in all; ours is also restarted, and sent the same entries again."""
    program = Program(seed)
    theirs: SessionStore = InMemorySessionStore()
    ours: SessionStore = ClaudeSessionStore(store, user_id)
    for _ in range(STEPS):
        key, action = program.key(), program.choose.random()
        if action < 0.45:
            entries = program.entries()
            await theirs.append(key, entries)
            await ours.append(key, entries)
            if program.choose.random() < 0.2:
                await ours.append(key, [each for each in entries if "uuid" in each])
        elif action < 0.65:
            assert await ours.load(key) == await theirs.load(key)
        elif action < 0.8:
            project = key["project_key"]
            assert await shown(ours, project) == await shown(theirs, project)
        elif action < 0.9:
            subkeys = await theirs.list_subkeys(key)
            assert sorted(await ours.list_subkeys(key)) == sorted(subkeys)
        elif action < 0.95:
            await theirs.delete(key)
            await ours.delete(key)
        else:
            ours = ClaudeSessionStore(store, user_id)
