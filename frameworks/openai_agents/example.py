"""An agent that remembers, in whichever store: `python example.py [URL]`, twice."""

import asyncio
import sys
from datetime import timedelta

from agents import Agent, Runner, set_tracing_disabled
from agents.testing import ScriptedModel, assistant_message

from chatstore.integrations.conversations import open_conversation_store
from chatstore.integrations.openai_agents import ChatStoreSession

URL = sys.argv[1] if len(sys.argv) > 1 else "sqlite:///chat.db"


async def main() -> None:
    """One turn of a conversation."""
    set_tracing_disabled(True)
    # A script in the place of a model: your own is named here instead.
    model = ScriptedModel([[assistant_message("Then watch The Incredibles.")]])
    agent = Agent(name="films", instructions="You recommend films.", model=model)
    with open_conversation_store(URL, ttl=timedelta(days=30)) as store:
        session = ChatStoreSession("openai-agents-example", store, user_id="ana")
        result = await Runner.run(agent, "Something with superheroes?", session=session)
        print(result.final_output, f"({len(await session.get_items())} items are kept)")


asyncio.run(main())
