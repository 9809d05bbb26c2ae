"""Real agents over our service: tools, processes that come and go, users at once."""

import asyncio
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

from google.adk.agents import LlmAgent
from google.adk.runners import Runner

from chatstore import MaintainedSessionStore
from chatstore.integrations.conversations import open_conversation_store
from chatstore.integrations.google_adk import ChatStoreSessionService
from scripted import ScriptedLlm, find_film, said, text_of

EXAMPLE = Path(__file__).parent / "example.py"


async def asked(store: MaintainedSessionStore, owner: str, user: str, question: str) -> str:
    """The answer of an agent that was made for this question alone, as in a process of its own."""
    service = ChatStoreSessionService(store, owner=owner)
    agent = LlmAgent(name="bot", model=ScriptedLlm(), tools=[find_film], output_key="user:found")
    runner = Runner(
        app_name="films", agent=agent, session_service=service, auto_create_session=True
    )
    call = runner.run_async(user_id=user, session_id="chat", new_message=said(question))
    return [text_of(event) async for event in call if event.is_final_response()][-1]


async def test_two_users_talk_over_restarts(store_url: str) -> None:
    """Each of two users who talk at once has a conversation that goes on in another process, and a
    state of his own."""
    owner = str(uuid4())
    for number in range(1, 4):
        with open_conversation_store(store_url, ttl=timedelta(days=1)) as store:
            answers = await asyncio.gather(
                asked(store, owner, "ana", f"? heists {number}"),
                asked(store, owner, "ben", f"? robots {number}"),
            )
        assert answers[0] == f"a film about heists {number} ({number})"
        assert answers[1] == f"a film about robots {number} ({number})"
    with open_conversation_store(store_url, ttl=timedelta(days=1)) as store:
        service = ChatStoreSessionService(store, owner=owner)
        for user, about in (("ana", "heists"), ("ben", "robots")):
            session = await service.get_session(app_name="films", user_id=user, session_id="chat")
            assert session is not None
            assert len(session.events) == 12
            assert session.state["user:found"] == f"a film about {about} 3 (3)"


def test_the_example_remembers(store_url: str) -> None:
    """The example runs as it stands, on any store, and when it is run again goes on where it
    stopped."""
    answers: list[str] = []
    for _ in range(2):
        command = [sys.executable, str(EXAMPLE), store_url]
        ran = subprocess.run(command, check=True, capture_output=True, text=True)
        answers += ran.stdout.splitlines()
    first = int(answers[0].rpartition("(")[2].rstrip(")"))
    assert answers == [
        f"a film about heists{where} ({first + number})"
        for number, where in enumerate(("", " in space") * 2)
    ]
    assert len(EXAMPLE.read_text(encoding="utf-8").splitlines()) <= 30
