"""Real agents, with a scripted model and a tool: they go on where the process before stopped."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

from strands.agent.conversation_manager import SlidingWindowConversationManager
from strands.session.repository_session_manager import RepositorySessionManager
from strands.types.content import ContentBlock, Message

from chatstore import MaintainedSessionStore
from chatstore.integrations.strands import ChatStoreSessionRepository
from scripted import film_agent, said

HERE = Path(__file__).parent
ONE_TURN = """
import sys
from datetime import timedelta
from chatstore.integrations.conversations import open_conversation_store
from chatstore.integrations.strands import ChatStoreSessionRepository
from scripted import film_agent
url, user_id, session_id, text = sys.argv[1:]
with open_conversation_store(url, ttl=timedelta(days=30)) as store:
    agent = film_agent(ChatStoreSessionRepository(store, user_id=user_id), session_id)
    agent.state.set("turns", (agent.state.get("turns") or 0) + 1)
    print(agent(text), agent.state.get("turns"))
"""


def run(*arguments: str, cwd: Path) -> str:
    """What a process of its own prints."""
    done = subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        env=os.environ | {"PYTHONPATH": str(HERE)},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_process_is_restarted_between_turns(store_url: str, user_id: str) -> None:
    """Each turn in a process of its own: it knows all that was said, and the agent's state."""
    session_id = f"chat-{uuid4()}"
    for number in (1, 2):
        arguments = (store_url, user_id, session_id, f"heists {number}")
        printed = run("-c", ONE_TURN, *arguments, cwd=HERE)
        assert printed.split("\n") == [
            f"found for heists {number} (question {number})",
            f" {number}",
            "",
        ]


def test_the_example_runs_as_it_stands(
    store: MaintainedSessionStore, store_url: str, tmp_path: Path
) -> None:
    """Twice, each time with answers that tell how often it was asked before."""
    repository = ChatStoreSessionRepository(store, user_id="ana")
    repository.delete_session("films-of-ana")
    example = HERE / "example.py"
    assert len(example.read_text().splitlines()) <= 30
    for first in (1, 3):
        printed = run(str(example), store_url, cwd=tmp_path)
        assert [f"question {first}", f"question {first + 1}"] == [
            line.partition("(")[2].rstrip(")") for line in printed.split("\n") if line
        ]
    repository.delete_session("films-of-ana")


def test_two_users_at_once(store: MaintainedSessionStore) -> None:
    """Each has a conversation of their own, however they interleave."""

    def converse(user_id: str) -> list[Message]:
        repository = ChatStoreSessionRepository(store, user_id=user_id)
        for number in range(5):
            agent = film_agent(repository, f"chat of {user_id}")
            agent(f"{user_id} asks {number}")
        return film_agent(repository, f"chat of {user_id}").messages

    users = [f"ana-{uuid4()}", f"bo-{uuid4()}"]
    with ThreadPoolExecutor(2) as threads:
        for user_id, messages in zip(users, threads.map(converse, users), strict=True):
            assert said(messages) == [f"{user_id} asks {number}" for number in range(5)]
            assert len(messages) == 20


def test_two_users_of_one_repository_each(store: MaintainedSessionStore, user_id: str) -> None:
    """One repository with several sessions at once, as a server has it."""
    repository = ChatStoreSessionRepository(store, user_id=user_id)

    def converse(session_id: str) -> list[str]:
        for number in range(5):
            film_agent(repository, session_id)(f"{session_id} {number}")
        return said(film_agent(repository, session_id).messages)

    sessions = [f"chat-{uuid4()}" for _ in range(4)]
    with ThreadPoolExecutor(4) as threads:
        for session_id, found in zip(sessions, threads.map(converse, sessions), strict=True):
            assert found == [f"{session_id} {number}" for number in range(5)]


def test_an_agent_that_forgets_begins_where_it_stopped(
    store: MaintainedSessionStore, user_id: str
) -> None:
    """With a sliding window, a new process shows the model as much as the old one would have: and
    never a tool's result without its call."""
    repository = ChatStoreSessionRepository(store, user_id=user_id)
    session_id = f"chat-{uuid4()}"
    for number in range(20):
        window = SlidingWindowConversationManager(window_size=10)
        agent = film_agent(repository, session_id, conversation_manager=window)
        agent(f"heists {number}")
        assert len(agent.messages) <= 10
        assert "toolResult" not in agent.messages[0]["content"][0]
    kept = repository.list_messages(session_id, agent.agent_id)
    assert len(kept) == 80
    assert [each.message_id for each in kept] == list(range(80))


def test_what_a_guardrail_redacts_is_gone(store: MaintainedSessionStore, user_id: str) -> None:
    """The manager's own redaction of the newest message reaches the store, whole."""
    repository = ChatStoreSessionRepository(store, user_id=user_id)
    session_id = f"chat-{uuid4()}"

    def script(_: object) -> ContentBlock:
        return {"text": "I can't say"}

    agent = film_agent(repository, session_id, script=script)
    manager = RepositorySessionManager(session_id, repository)
    agent("my card is 4929")
    manager.initialize(other := film_agent(repository, session_id, script=script))
    manager.append_message({"role": "user", "content": [{"text": "my card is 4929"}]}, other)
    manager.redact_latest_message({"role": "user", "content": [{"text": "BLOCKED"}]}, other)
    assert said(film_agent(repository, session_id).messages) == ["my card is 4929", "BLOCKED"]
    [place] = [x.session_id for x in store.iter_sessions(user_id) if "agent" in x.session_id]
    assert "4929" not in str(store.get(place).messages[-1].content)
