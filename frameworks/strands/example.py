"""A Strands agent that remembers, in whichever store: `python example.py [URL]`, twice."""

import sys
from datetime import timedelta

from strands import Agent
from strands.session.repository_session_manager import RepositorySessionManager

from chatstore.integrations.conversations import open_conversation_store
from chatstore.integrations.strands import ChatStoreSessionRepository
from scripted import ScriptedModel, film_script, find_film

URL = sys.argv[1] if len(sys.argv) > 1 else "sqlite:///chat.db"

with open_conversation_store(URL, ttl=timedelta(days=30)) as store:
    repository = ChatStoreSessionRepository(store, user_id="ana")
    agent = Agent(
        model=ScriptedModel(film_script),
        tools=[find_film],
        callback_handler=None,
        session_manager=RepositorySessionManager("films-of-ana", repository),
    )
    for text in ("heists", "heists in space"):
        print(agent(text))
