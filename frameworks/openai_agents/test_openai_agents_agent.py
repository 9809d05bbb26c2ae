"""A real agent over our session: a scripted model, a tool, several processes, several users."""

import asyncio
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

import scripted
from chatstore import MaintainedSessionStore
from chatstore.integrations.openai_agents import ChatStoreSession
from sessions import Make, said

HERE = Path(__file__).parent


def run(file: str, *arguments: str, folder: Path | None = None) -> str:
    """Run a file in a process of its own; what it printed."""
    command = [sys.executable, str(HERE / file), *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.long
async def test_turns_in_processes_of_their_own_are_one_conversation(
    store_url: str, store: MaintainedSessionStore
) -> None:
    """Each process begins where the one before ended: its model is shown every item."""
    session_id, user_id = f"chat-{uuid.uuid4()}", f"ana-{uuid.uuid4()}"
    for number in range(2):
        run("one_turn.py", store_url, session_id, user_id, str(number))
    session = ChatStoreSession(session_id, store, user_id=user_id)
    assert scripted.told(await session.get_items()) == scripted.expected(range(2))


async def test_two_users_at_once_have_their_own(store: MaintainedSessionStore) -> None:
    """Neither sees, or disturbs, what the other's agent does at the same time."""

    async def conversation(user_id: str, first: int) -> list[str]:
        session = ChatStoreSession(f"chat-{uuid.uuid4()}", store, user_id=user_id)
        for number in range(first, first + 8):
            await scripted.turn(session, number)
        return scripted.told(await session.get_items())

    ana, bob = await asyncio.gather(conversation("ana", 0), conversation("bob", 100))
    assert ana == scripted.expected(range(8))
    assert bob == scripted.expected(range(100, 108))


async def test_a_limit_hands_out_no_result_without_its_call(make: Make) -> None:
    """Where a limit cuts a turn in two, the framework leaves out what has lost its other half."""
    session = make()
    for number in range(3):
        call = await scripted.turn(session, number, limit=2 + number)
        calls = [item["call_id"] for item in call.input if item.get("type") == "function_call"]
        results = [
            item["call_id"] for item in call.input if item.get("type") == "function_call_output"
        ]
        assert calls == results
    assert scripted.told(await session.get_items()) == scripted.expected(range(3))


async def test_the_example_runs_as_it_stands(
    store_url: str, store: MaintainedSessionStore, tmp_path: Path
) -> None:
    """On a file of SQLite if nothing is said, and at the URL that is named; each run goes on where
    the one before ended."""
    told = "Then watch The Incredibles. ({} items are kept)\n"
    assert run("example.py", folder=tmp_path) == told.format(2)
    assert (tmp_path / "chat.db").exists()
    session = ChatStoreSession("openai-agents-example", store, user_id="ana")
    await session.clear_session()
    await session.add_items(said("Hello."))
    assert run("example.py", store_url) == told.format(3)
    assert (await session.get_items(2))[0] == said("Something with superheroes?")[0]


def test_the_example_is_short() -> None:
    """At most 30 lines."""
    assert len((HERE / "example.py").read_text().splitlines()) <= 30
