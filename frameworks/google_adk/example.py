"""An ADK agent that remembers, in whichever store: `python example.py [URL]`, twice."""

import asyncio
import sys
from datetime import timedelta

from google.adk.agents import LlmAgent
from google.adk.runners import Runner

from chatstore.integrations.conversations import open_conversation_store
from chatstore.integrations.google_adk import ChatStoreSessionService
from scripted import ScriptedLlm, find_film, said, text_of


async def main(url: str) -> None:
    """Two questions."""
    with open_conversation_store(url, ttl=timedelta(days=30)) as store:
        service = ChatStoreSessionService(store, owner="example")
        agent = LlmAgent(name="bot", model=ScriptedLlm(), tools=[find_film])
        runner = Runner(
            app_name="films", agent=agent, session_service=service, auto_create_session=True
        )
        for text in ("? heists", "? heists in space"):
            call = runner.run_async(user_id="ana", session_id="1", new_message=said(text))
            print(*[text_of(event) async for event in call if event.is_final_response()])


asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "sqlite:///chat.db"))
