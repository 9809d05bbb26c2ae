"""Agents over the session store: the SDK's own client, with a scripted command line for Claude."""

import subprocess
import sys
import uuid
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest
from claude_agent_sdk import (
    ClaudeAgentOptions,
    ClaudeSDKClient,
    ResultMessage,
    delete_session_via_store,
    fork_session_via_store,
    get_session_messages_from_store,
    get_subagent_messages_from_store,
    import_session_to_store,
    list_sessions_from_store,
    list_subagents_from_store,
    project_key_for_directory,
    query,
    rename_session_via_store,
    tag_session_via_store,
)

from both_loops import under_both
from chatstore.integrations.claude_agent_sdk import ClaudeSessionStore
from chatstore.protocol import MaintainedSessionStore

HERE = Path(__file__).parent
PROMPTS = ["I like heist films.", "Ask a subagent for more.", "Which year?"]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home and a project of the test's own."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def options(store: MaintainedSessionStore, user_id: str, **more: Any) -> ClaudeAgentOptions:
    """As after a restart: nothing is shared but what is stored."""
    sessions = ClaudeSessionStore(store, user_id)
    return ClaudeAgentOptions(
        session_store=sessions, cli_path=HERE / "scripted.py", cwd=Path.cwd(), **more
    )


async def ask(prompt: str, given: ClaudeAgentOptions) -> ResultMessage:
    """One turn in a process of its own."""
    results = [
        message
        async for message in query(prompt=prompt, options=given)
        if isinstance(message, ResultMessage)
    ]
    return results[-1]


def said(prompts: list[str]) -> str:
    """What the agent answers who knows these prompts."""
    return "You said: " + " | ".join(prompts)


@pytest.mark.usefixtures("home")
def test_the_example_runs_as_it_stands(store_url: str) -> None:
    """Twice, on any store: the second run goes on where the first was."""
    # On SQLite its own default does.
    arguments = [] if store_url.startswith("sqlite") else [store_url]
    run = [sys.executable, str(HERE / "example.py"), *arguments]

    def printed() -> list[str]:
        done = subprocess.run(run, check=True, capture_output=True, text=True)
        return done.stdout.splitlines()

    before, after = printed(), printed()
    assert len(before) == 2
    assert after[-1].startswith(f"{before[-1]} | I like heist films.")


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("mode", ["batched", "eager"])
@under_both
async def test_a_conversation_goes_on_after_restarts(
    store: MaintainedSessionStore, user_id: str, mode: Any
) -> None:
    """Each turn in a new process with nothing on its disk: tools, subagents and marks are all
    there, each once and in order, and the agent knows what was said."""
    session_id = str(uuid.uuid4())
    given = options(store, user_id, session_id=session_id, session_store_flush=mode)
    for number, prompt in enumerate(PROMPTS, start=1):
        result = await ask(prompt, given)
        assert (result.session_id, result.result) == (session_id, said(PROMPTS[:number]))
        given = options(store, user_id, resume=session_id, session_store_flush=mode)
    sessions = ClaudeSessionStore(store, user_id)
    messages = await get_session_messages_from_store(sessions, session_id)
    assert [message.type for message in messages] == ["user", "assistant"] * 2 * len(PROMPTS)
    assert len({message.uuid for message in messages}) == len(messages)
    [agent_id] = await list_subagents_from_store(sessions, session_id)
    found = await get_subagent_messages_from_store(sessions, session_id, agent_id)
    assert [message.message["content"] for message in found] == [
        PROMPTS[1],
        [{"type": "text", "text": "Found."}],
    ]


@pytest.mark.usefixtures("home")
@under_both
async def test_two_users_talk_at_once(store: MaintainedSessionStore, user_id: str) -> None:
    """In the same project, each continuing the own newest session: none hears of the other."""
    answers: dict[str, list[str | None]] = {"ana": [], "ben": []}

    async def talk(name: str) -> None:
        for number in range(3):
            given = options(store, f"{user_id}-{name}", continue_conversation=True)
            answers[name].append((await ask(f"{name} {number}", given)).result)

    async with anyio.create_task_group() as tasks:
        for name in answers:
            tasks.start_soon(talk, name)
    for name, results in answers.items():
        prompts = [f"{name} {number}" for number in range(3)]
        assert results == [said(prompts[: number + 1]) for number in range(3)]


@pytest.mark.usefixtures("home")
# The SDK leaves its generators to the collector, of which trio warns.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@under_both
async def test_one_client_talks_for_long(store: MaintainedSessionStore, user_id: str) -> None:
    """Many turns of one process, and a new one after it."""
    prompts = [f"No. {number}" for number in range(40)]
    async with ClaudeSDKClient(options(store, user_id)) as client:
        for prompt in prompts:
            await client.query(prompt)
            results = [message async for message in client.receive_response()]
        assert isinstance(results[-1], ResultMessage)
        assert results[-1].result == said(prompts)
    result = await ask("And now?", options(store, user_id, continue_conversation=True))
    assert result.result == said([*prompts, "And now?"])


@pytest.mark.usefixtures("home")
@under_both
async def test_the_newest_conversation_is_continued(
    store: MaintainedSessionStore, user_id: str
) -> None:
    """The one that was written last, and never a subagent's own session."""
    sessions = ClaudeSessionStore(store, user_id)
    project = project_key_for_directory()
    first, second, side = (str(uuid.uuid4()) for _ in range(3))
    for session_id in (first, second, first, side):
        entry: Any = {
            "type": "user",
            "uuid": str(uuid.uuid4()),
            "isSidechain": session_id == side,
            "message": {"role": "user", "content": session_id},
        }
        await sessions.append({"project_key": project, "session_id": session_id}, [entry])
    result = await ask("Which?", options(store, user_id, continue_conversation=True))
    assert (result.session_id, result.result) == (first, said([first, first, "Which?"]))


@under_both
async def test_a_local_session_is_imported_once(
    store: MaintainedSessionStore, user_id: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was mirrored already is not stored again, whenever the import is repeated."""
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(home / "configuration"))
    session_id = str(uuid.uuid4())
    given = options(store, user_id, session_id=session_id)
    for number in range(8):
        await ask(f"subagent {number}", given)
        given = options(store, user_id, resume=session_id)
    sessions = ClaudeSessionStore(store, user_id)
    key: Any = {"project_key": project_key_for_directory(), "session_id": session_id}
    mirrored = [each for each in await sessions.load(key) or [] if "uuid" in each]
    subkeys = await sessions.list_subkeys(key)
    assert (len(mirrored), len(subkeys)) == (32, 8)
    for batch_size in (500, 3):
        again = ClaudeSessionStore(store, user_id)
        await import_session_to_store(session_id, again, batch_size=batch_size)
        loaded = await again.load(key) or []
        assert [each for each in loaded if "uuid" in each] == mirrored
    assert await sessions.list_subkeys(key) == subkeys


@pytest.mark.usefixtures("home")
@under_both
async def test_sessions_are_named_forked_and_deleted(
    store: MaintainedSessionStore, user_id: str
) -> None:
    """What the SDK does with sessions in a store."""
    sessions = ClaudeSessionStore(store, user_id)
    session_id = (await ask("Ask a subagent.", options(store, user_id))).session_id
    await rename_session_via_store(sessions, session_id, "Heists")
    await tag_session_via_store(sessions, session_id, "films")
    fork = await fork_session_via_store(sessions, session_id)
    listed = {each.session_id: each for each in await list_sessions_from_store(sessions)}
    assert set(listed) == {session_id, fork.session_id}
    assert (listed[session_id].summary, listed[session_id].tag) == ("Heists", "films")
    assert listed[session_id].first_prompt == "Ask a subagent."
    load = partial(get_session_messages_from_store, sessions)
    assert len(await load(fork.session_id)) == len(await load(session_id)) == 4
    await delete_session_via_store(sessions, session_id)
    assert [each.session_id for each in await list_sessions_from_store(sessions)] == [
        fork.session_id
    ]
    assert await list_subagents_from_store(sessions, session_id) == []
    assert len(list(store.iter_sessions(user_id))) == 1
