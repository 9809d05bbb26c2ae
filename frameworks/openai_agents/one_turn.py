"""A process that runs one turn of a session: URL, session id, user id, number."""

import asyncio
import sys
from datetime import timedelta

import scripted
from chatstore.integrations.conversations import open_conversation_store
from chatstore.integrations.openai_agents import ChatStoreSession


async def main(url: str, session_id: str, user_id: str, number: int) -> None:
    """Open the store, find the turns before, and add one."""
    with open_conversation_store(url, ttl=timedelta(hours=1)) as store:
        session = ChatStoreSession(session_id, store, user_id=user_id)
        assert scripted.told(await session.get_items()) == scripted.expected(range(number))
        call = await scripted.turn(session, number)
        # All but the answer, which is what the model is asked for.
        assert scripted.told(call.input) == scripted.expected(range(number + 1))[:-1]


asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])))
