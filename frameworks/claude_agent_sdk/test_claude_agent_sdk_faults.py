"""Answers that are lost, callers that are cancelled, writers that meet: nothing is lost, doubled or
out of order."""

import random
import uuid
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import anyio
import pytest
from claude_agent_sdk import fold_session_summary
from claude_agent_sdk._internal.transcript_mirror_batcher import TranscriptMirrorBatcher
from claude_agent_sdk.types import SessionKey

from both_loops import under_both
from chatstore import BackendUnavailableError
from chatstore.integrations.claude_agent_sdk import ClaudeSessionStore
from chatstore.integrations.conversations import open_conversation_store
from chatstore.protocol import MaintainedSessionStore
from lost_answers import lossy_store

TURNS = 100
KEY: SessionKey = {"project_key": "-home-ana", "session_id": "s"}


class LossyStore:
    """A store; of its writes some fail before they happen, and some after."""

    def __init__(self, store: MaintainedSessionStore, share: float, seed: int) -> None:
        self._store = store
        self._share = share
        self._choose = random.Random(seed)  # noqa: S311  no secret
        self.lost = 0

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)
        return self._failing(method) if name in {"append", "create"} else method

    def _failing(self, write: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            chance = self._choose.random()
            if chance < self._share / 2:
                raise BackendUnavailableError("refused")
            answer = write(*arguments, **options)
            if chance > 1 - self._share / 2:
                self.lost += 1
                raise BackendUnavailableError("no answer")
            return answer

        return call


def turn(number: int) -> list[Any]:
    """A turn with a tool, and a mark without a uuid."""

    def said(role: str, content: Any) -> Any:
        return {"type": role, "uuid": str(uuid.uuid4()), "message": {"content": content}}

    return [
        said("user", f"No. {number}"),
        said("assistant", [{"type": "tool_use", "id": f"call-{number}"}]),
        said("user", [{"type": "tool_result", "tool_use_id": f"call-{number}"}]),
        said("assistant", [{"type": "text", "text": "x" * (60_000 if number % 50 == 7 else 10)}]),
        {"type": "last-prompt", "lastPrompt": f"No. {number}"},
    ]


async def deliver(
    sessions: ClaudeSessionStore, key: SessionKey, entries: list[Any], choose: random.Random
) -> None:
    """Send entries until they are stored, cancelled at random on the way."""
    is_stored = False

    async def send(scope: anyio.CancelScope) -> None:
        nonlocal is_stored
        with scope:
            try:
                await sessions.append(key, entries)
                is_stored = True
            except BackendUnavailableError:
                pass

    while not is_stored:
        async with anyio.create_task_group() as tasks:
            scope = anyio.CancelScope()
            tasks.start_soon(send, scope)
            if choose.random() < 0.3:
                for _ in range(choose.randrange(60)):
                    await anyio.sleep(0)
                scope.cancel()


async def require_exactly(sessions: ClaudeSessionStore, key: SessionKey, sent: list[Any]) -> None:
    """Every entry once, in order, no result before its call, and the summary that of them all."""
    assert await sessions.load(key) == sent
    [summary] = [
        each
        for each in await sessions.list_session_summaries(key["project_key"])
        if each["session_id"] == key["session_id"]
    ]
    assert summary["data"] == fold_session_summary(None, key, sent)["data"]


@pytest.mark.parametrize("share", [0.05, 0.5])
@under_both
async def test_lost_answers_and_cancelled_callers(
    store: MaintainedSessionStore, user_id: str, share: float
) -> None:
    """Many turns, resent until they are stored, with the process restarted in between."""
    lossy: Any = LossyStore(store, share, seed=1)
    choose = random.Random(2)  # noqa: S311  no secret
    sessions = ClaudeSessionStore(lossy, user_id)
    sent: list[Any] = []
    for number in range(TURNS):
        entries = turn(number)
        await deliver(sessions, KEY, entries, choose)
        sent += entries
        if choose.random() < 0.02:
            sessions = ClaudeSessionStore(lossy, user_id)
    assert lossy.lost
    await require_exactly(ClaudeSessionStore(store, user_id), KEY, sent)


@pytest.mark.parametrize("turns", [100, pytest.param(1_000, marks=pytest.mark.long)])
@under_both
async def test_a_proxy_that_drops_answers(store_url: str, user_id: str, turns: int) -> None:
    """The same where 5% of the server's answers never arrive, those of reads included."""
    choose = random.Random(5)  # noqa: S311  no secret
    sent: list[Any] = []
    with lossy_store(store_url, share=0.05) as lossy:
        sessions = ClaudeSessionStore(lossy.store, user_id)
        for number in range(turns):
            entries = turn(number)
            await deliver(sessions, KEY, entries, choose)
            sent += entries
        assert lossy.lost > turns / 40
    with open_conversation_store(store_url, ttl=timedelta(hours=1)) as store:
        await require_exactly(ClaudeSessionStore(store, user_id), KEY, sent)


@under_both
async def test_their_batcher_over_a_lossy_store(
    store: MaintainedSessionStore, user_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The SDK's own way of sending again, several transcripts at once."""
    module = "claude_agent_sdk._internal.transcript_mirror_batcher"
    monkeypatch.setattr(f"{module}.MIRROR_APPEND_BACKOFF_S", (0, 0))
    lossy: Any = LossyStore(store, 0.2, seed=3)
    sent: dict[str, list[Any]] = {"a": [], "b": []}
    errors: list[str] = []

    async def note(_: SessionKey | None, error: str) -> None:
        errors.append(error)

    batcher = TranscriptMirrorBatcher(ClaudeSessionStore(lossy, user_id), "/projects", note)
    for number in range(TURNS):
        name = "ab"[number % 2]
        entries = turn(number)
        for entry in entries:
            batcher.enqueue(f"/projects/-home-ana/{name}.jsonl", [entry])
        sent[name] += entries
        if number % 3:
            await batcher.flush()
    await batcher.close()
    assert (errors, lossy.lost > 0) == ([], True)
    for name, entries in sent.items():
        await require_exactly(
            ClaudeSessionStore(store, user_id),
            {"project_key": "-home-ana", "session_id": name},
            entries,
        )


@under_both
async def test_writers_of_one_session_meet(store: MaintainedSessionStore, user_id: str) -> None:
    """Of three processes, which all send some of the same: each entry is there once, each one's own
    are in order, and the summary is that of the whole."""
    common: list[Any] = [{"type": "user", "uuid": f"common-{number}"} for number in range(20)]
    own: dict[str, list[Any]] = {
        name: [
            {"type": "custom-title", "uuid": f"{name}-{number}", "customTitle": f"{name} {number}"}
            for number in range(20)
        ]
        for name in "abc"
    }

    async def write(name: str) -> None:
        sessions = ClaudeSessionStore(store, user_id)
        for number in range(20):
            await sessions.append(KEY, [own[name][number], common[number]])

    async with anyio.create_task_group() as tasks:
        for name in own:
            tasks.start_soon(write, name)
    sessions = ClaudeSessionStore(store, user_id)
    loaded: list[Any] = await sessions.load(KEY) or []
    assert Counter(each["uuid"] for each in loaded).most_common(1)[0][1] == 1
    assert len(loaded) == 80
    for name in own:
        assert [each for each in loaded if each["uuid"].startswith(f"{name}-")] == own[name]
    await require_exactly(sessions, KEY, loaded)
