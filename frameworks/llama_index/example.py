"""A LlamaIndex agent that remembers, in whichever store: `python example.py [URL]`, twice."""

import asyncio
import sys
from datetime import timedelta

from llama_index.core.memory import Memory

from chatstore.integrations.conversations import open_conversation_store
from chatstore.integrations.llama_index import SessionChatStore
from scripted import film_agent

URL = sys.argv[1] if len(sys.argv) > 1 else "sqlite:///chat.db"


async def main() -> None:
    """Two turns of one conversation."""
    with open_conversation_store(URL, ttl=timedelta(days=30)) as store:
        chat_store = SessionChatStore(store, user_id="ana")
        memory = Memory.from_defaults(session_id="films-of-ana", chat_store=chat_store)
        for text in ("I like heists", "What do I like?"):
            print(await film_agent().run(text, memory=memory))


asyncio.run(main())
