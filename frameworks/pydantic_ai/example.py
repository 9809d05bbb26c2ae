"""A pydantic-ai agent whose conversations are in a chatstore: run it again, and it goes on."""

import asyncio
import sys
from datetime import timedelta

from pydantic_ai import Agent
from pydantic_ai.conversation import Conversation

from chatstore.integrations.conversations import open_conversation_store
from chatstore.integrations.pydantic_ai import ChatStoreConversationStore
from scripted import scripted_model

# A script speaks in a model's place: Agent("openai:…") would be one.
agent = Agent(scripted_model())


async def main(url: str) -> None:
    """Two turns of one conversation."""
    with open_conversation_store(url, ttl=timedelta(days=30)) as store:
        conversations = ChatStoreConversationStore(store, user_id="ana")
        for prompt in ("I like heist films.", "What do I like?"):
            conversation = await conversations.load("films-of-ana")
            conversation = conversation or Conversation(conversation_id="films-of-ana")
            result = await agent.run(prompt, conversation=conversation)
            await conversations.save(result)
            print(result.output)


asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "sqlite:///chat.db"))
