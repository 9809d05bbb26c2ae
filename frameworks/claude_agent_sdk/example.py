"""Claude agents whose sessions are in a chatstore: run it again, and it goes on where it was."""

import sys
from datetime import timedelta
from pathlib import Path

import anyio
from claude_agent_sdk import ClaudeAgentOptions, ResultMessage, query

from chatstore.integrations.claude_agent_sdk import ClaudeSessionStore
from chatstore.integrations.conversations import open_conversation_store


async def main(url: str) -> None:
    """Two turns of one conversation, each in a new process of the agent."""
    with open_conversation_store(url, ttl=timedelta(days=30)) as store:
        options = ClaudeAgentOptions(
            session_store=ClaudeSessionStore(store, user_id="ana"),
            continue_conversation=True,
            # A script speaks in Claude's place. Leave this out, and it is Claude.
            cli_path=Path(__file__).with_name("scripted.py"),
        )
        for prompt in ("I like heist films.", "What do I like?"):
            async for message in query(prompt=prompt, options=options):
                if isinstance(message, ResultMessage):
                    print(message.result)


anyio.run(main, sys.argv[1] if len(sys.argv) > 1 else "sqlite:///chat.db")
