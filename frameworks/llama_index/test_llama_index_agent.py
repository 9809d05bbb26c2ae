"""Real agents over real stores: several turns with tools, in fresh processes, for several users."""

import asyncio
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from llama_index.core.agent.workflow import AgentWorkflow
from llama_index.core.llms import ChatMessage
from llama_index.core.memory import Memory
from llama_index.core.storage.chat_store.base_db import MessageStatus

from chatstore import MaintainedSessionStore, SessionNotFoundError
from chatstore.integrations.conversations import open_conversation_store
from chatstore.integrations.llama_index import SessionChatStore
from scripted import film_agent, require_acceptable

HERE = Path(__file__).parent


def memory_over(
    store: MaintainedSessionStore, user_id: str, key: str, token_limit: int = 30_000
) -> Memory:
    """A Memory that counts words."""
    return Memory.from_defaults(
        session_id=key,
        chat_store=SessionChatStore(store, user_id=user_id),
        token_limit=token_limit,
        token_flush_size=max(1, token_limit // 10),
        tokenizer_fn=str.split,
    )


def roles(messages: list[ChatMessage]) -> str:
    """The first letters of the roles."""
    return "".join(message.role.value[0] for message in messages)


def test_the_next_process_goes_on(store_url: str, user_id: str, key: str) -> None:
    """Each turn runs over a store of its own, as after a restart, and the agent knows what was said
    before. Every message is kept, tools' calls and results too, in order."""

    async def turn(text: str) -> str:
        with open_conversation_store(store_url, ttl=timedelta(hours=1)) as store:
            memory = memory_over(store, user_id, key)
            return str(await film_agent().run(text, memory=memory))

    asked = ("I like heists", "And old submarines", "What do I like?")
    answers = [asyncio.run(turn(text)) for text in asked]
    assert answers[0] == "Watch a film about heists."
    assert answers[2] == "You said: ['I like heists', 'And old submarines']."

    async def everything() -> list[ChatMessage]:
        with open_conversation_store(store_url, ttl=timedelta(hours=1)) as store:
            return await memory_over(store, user_id, key).aget_all()

    assert roles(asyncio.run(everything())) == "uatta" * 2 + "ua"


def test_memory_archives_and_the_rest_is_acceptable(
    store: MaintainedSessionStore, user_id: str, key: str
) -> None:
    """A Memory with a token limit archives the oldest turns as the agent goes on. What the model is
    given is always acceptable to it, and everything can still be read, in order."""

    async def run() -> None:
        chat_store = SessionChatStore(store, user_id=user_id)
        for number in range(40):
            memory = memory_over(store, user_id, key, token_limit=120)
            await film_agent().run(f"I like film number {number}", memory=memory)
            active = await memory.aget()
            require_acceptable(active)
            assert len(active) < 40
        archived = await chat_store.get_messages(key, MessageStatus.ARCHIVED)
        everything = await chat_store.get_messages(key, None)
        assert len(archived) > 100
        assert everything == archived + await chat_store.get_messages(key)
        assert roles(everything) == "uatta" * 40
        assert [each.content for each in everything[::5]] == [
            f"I like film number {number}" for number in range(40)
        ]

    asyncio.run(run())


def test_two_users_at_once(store: MaintainedSessionStore, user_id: str, key: str) -> None:
    """Agents of two users run at the same time over one store: each has its own conversation, and
    neither sees, or can add to, the other's."""
    users = [f"{user_id}-{name}" for name in ("ana", "ben")]

    async def conversation(user: str) -> str:
        memory = memory_over(store, user, f"{key}-{user}")
        workflow = AgentWorkflow(agents=[film_agent()], root_agent="films")
        for word in ("heists", "submarines", "ghosts"):
            await workflow.run(f"I {user} like {word}", memory=memory)
        return str(await workflow.run("What do I like?", memory=memory))

    async def run() -> None:
        answers = await asyncio.gather(*map(conversation, users))
        for user, answer in zip(users, answers, strict=True):
            expected = [f"I {user} like {word}" for word in ("heists", "submarines", "ghosts")]
            assert answer == f"You said: {expected}."
            assert await SessionChatStore(store, user_id=user).get_keys() == [f"{key}-{user}"]
        ana, ben = (SessionChatStore(store, user_id=user) for user in users)
        others = f"{key}-{users[1]}"
        kept = await ben.get_messages(others)
        assert await ana.get_messages(others, None) == []
        assert await ana.count_messages(others, None) == 0
        assert await ana.archive_oldest_messages(others, 5) == []
        assert await ana.delete_oldest_messages(others, 5) == []
        assert await ana.delete_message(others, 0) is None
        await ana.delete_messages(others)
        with pytest.raises(SessionNotFoundError):
            await ana.add_message(others, ChatMessage(content="hello"))
        with pytest.raises(SessionNotFoundError):
            await ana.set_messages(others, [ChatMessage(content="hello")])
        assert await ben.get_messages(others) == kept

    asyncio.run(run())


def test_the_example_runs(store_url: str) -> None:
    """The example runs as it stands, twice, on each store; the second time it knows more."""
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, HERE / "example.py", store_url],
            check=True,
            capture_output=True,
            text=True,
        )
    lines = done.stdout.splitlines()
    assert lines[0] == "Watch a film about heists."
    assert lines[1].count("I like heists") >= 2
