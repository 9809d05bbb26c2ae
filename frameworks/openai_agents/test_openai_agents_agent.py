"""A real agent over our session: a scripted model, a tool, several processes, several users."""

import asyncio
import subprocess
import sys
import uuid
from pathlib import Path

import pytest
import scripted
from sessions import Make, said

from chatstore import MaintainedSessionStore
from chatstore.integrations.openai_agents import ChatStoreSession

pytestmark = pytest.mark.anyio

HERE = Path(__file__).parent


def run(file: str, *arguments: str, folder: Path | None = None) -> str:
    """Run a file in a process of its own; what it printed."""
    command = [sys.executable, str(HERE / file), *arguments]
    done = subprocess.run(  # noqa: S603  our own files
        command, cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


async def test_turns_in_processes_of_their_own_are_one_conversation(
    url: str, store: MaintainedSessionStore
) -> None:
    """Each process begins where the one before ended: its model is shown every item."""
    session_id, user_id = f"chat-{uuid.uuid4()}", f"ana-{uuid.uuid4()}"
    for number in range(3):
        run("one_turn.py", url, session_id, user_id, str(number))
    session = ChatStoreSession(session_id, store, user_id=user_id)
    assert scripted.told(await session.get_items()) == scripted.expected(range(3))


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
    url: str, store: MaintainedSessionStore, tmp_path: Path
) -> None:
    """On a file of SQLite if nothing is said, and at the URL that is named; each run goes on where
    the one before ended."""
    assert [run("example.py", folder=tmp_path) for _ in range(2)] == [
        "Then watch The Incredibles. (2 items are kept)\n",
        "Then watch The Incredibles. (4 items are kept)\n",
    ]
    session = ChatStoreSession("chat-1", store, user_id="ana")
    await session.clear_session()
    assert "(2 items" in run("example.py", url)
    assert len(await session.get_items()) == 2
    assert (await session.get_items(2))[0] == said("Something with superheroes?")[0]


def test_the_example_is_short() -> None:
    """At most 30 lines."""
    assert len((HERE / "example.py").read_text().splitlines()) <= 30
