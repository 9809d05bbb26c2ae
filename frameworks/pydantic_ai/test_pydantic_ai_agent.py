"""A real agent over our store: with tools, over processes, and for two users at once."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic_ai import Agent, DeferredToolRequests, DeferredToolResults, ModelMessage
from pydantic_ai.conversation import Conversation
from pydantic_ai.conversation_store import ConversationConflict, ConversationStore
from pydantic_ai.messages import ToolCallPart, ToolReturnPart

from chatstore.integrations.pydantic_ai import ChatStoreConversationStore
from chatstore.models import new_id
from scripted import scripted_model, told
from sides import OpenStore

pytest_plugins = ["fresh"]
EXAMPLE = Path(__file__).with_name("example.py")


def agent_with_tool() -> Agent:
    """An agent whose model asks its tool in every turn."""
    agent = Agent(scripted_model())

    @agent.tool_plain
    def find_film(text: str) -> dict[str, object]:
        """Find a film."""
        return {"about": text, "rating": 7.0, "0": None}

    return agent


async def turn(store: ConversationStore, conversation_id: str, prompt: str) -> str:
    """One turn of a conversation that is loaded and saved."""
    found = await store.load(conversation_id) or Conversation(conversation_id=conversation_id)
    result = await agent_with_tool().run(prompt, conversation=found)
    await store.save(result)
    return result.output


def test_the_example_goes_on_in_the_next_process(store_url: str) -> None:
    """A fresh process reads what another one wrote, by a URL alone."""
    program = (
        EXAMPLE.read_text().replace('"ana"', f'"{new_id()}"').replace("films-of-ana", new_id())
    )
    for count in (1, 2):
        ran = subprocess.run(
            [sys.executable, "-c", program, store_url],
            check=True,
            capture_output=True,
            text=True,
            cwd=EXAMPLE.parent,
        )
        last = ran.stdout.splitlines()[-1]
        assert last.count("I like heist films.") == last.count("What do I like?") == count


def test_turns_with_tools_go_on_in_other_processes(open_store: OpenStore) -> None:
    """Each turn by a store that has seen nothing yet: the model is sent all that was said, and the
    conversation is what one process would have kept."""
    conversation_id, user_id = new_id(), new_id()

    async def converse() -> list[ModelMessage]:
        for number in range(6):
            store = ChatStoreConversationStore(open_store(), user_id=user_id)
            spoken = await turn(store, conversation_id, f"prompt {number}")
            assert spoken.startswith("So far: " + "; ".join(f"prompt {n}" for n in range(number)))
            assert "I found {'about': " in spoken
        loaded = await ChatStoreConversationStore(open_store(), user_id=user_id).load(
            conversation_id
        )
        assert loaded is not None
        assert loaded.usage.requests == 12
        assert loaded.usage.tool_calls == 6
        return loaded.messages

    messages = asyncio.run(converse())
    assert told(messages) == [f"prompt {number}" for number in range(6)]
    assert [message.kind for message in messages] == ["request", "response"] * 12
    calls = [part for m in messages for part in m.parts if isinstance(part, ToolCallPart)]
    returns = [part for m in messages for part in m.parts if isinstance(part, ToolReturnPart)]
    assert [call.tool_call_id for call in calls] == [found.tool_call_id for found in returns]
    assert str(returns[0].content) == "{'about': 'prompt 0', 'rating': 7.0, '0': None}"


def test_two_users_at_once(open_store: OpenStore) -> None:
    """Their turns run side by side over one store object, and each reads their own alone. What one
    of them calls by the other's id is not there."""
    store = open_store()
    users = [new_id(), new_id()]
    stores = {user: ChatStoreConversationStore(store, user_id=user) for user in users}

    async def converse(user: str) -> list[str]:
        return [await turn(stores[user], user, f"{user} {number}") for number in range(5)]

    async def both() -> None:
        spoken = await asyncio.gather(*(converse(user) for user in users))
        for user, other in (users, users[::-1]):
            loaded = await stores[user].load(user)
            assert loaded is not None
            assert told(loaded.messages) == [f"{user} {number}" for number in range(5)]
            assert [r.conversation_id for r in await stores[user].list_conversations()] == [user]
            assert await stores[user].load(other) is None
            with pytest.raises(ConversationConflict):
                await stores[user].save(Conversation(conversation_id=other))
            await stores[user].delete(other)
            assert await stores[other].load(other) is not None
        assert not any(users[1] in line for line in spoken[0])

    asyncio.run(both())


def test_one_conversation_from_two_sides(open_store: OpenStore) -> None:
    """Of two turns that begin at one point the second to be saved is a conflict; loaded again and
    repeated it goes on after the first. Nothing is lost or doubled."""
    user_id, conversation_id = new_id(), new_id()

    async def converse(name: str) -> None:
        store = ChatStoreConversationStore(open_store(), user_id=user_id)
        for number in range(8):
            while True:
                try:
                    await turn(store, conversation_id, f"{name} {number}")
                    break
                except ConversationConflict:
                    continue

    async def both() -> list[str]:
        await asyncio.gather(converse("a"), converse("b"))
        loaded = await ChatStoreConversationStore(open_store(), user_id=user_id).load(
            conversation_id
        )
        assert loaded is not None
        return told(loaded.messages)

    prompts = asyncio.run(both())
    for name in ("a", "b"):
        assert [p for p in prompts if p[0] == name] == [f"{name} {n}" for n in range(8)]


def test_a_paused_run_goes_on_in_another_process(open_store: OpenStore) -> None:
    """What a run waits for is kept with the conversation, and answered after a restart."""
    user_id, conversation_id = new_id(), new_id()
    agent = Agent(scripted_model(), output_type=[str, DeferredToolRequests])

    @agent.tool_plain(requires_approval=True)
    def pay(text: str) -> str:
        """Pay for a film."""
        return f"paid for {text}"

    async def converse() -> str:
        store = ChatStoreConversationStore(open_store(), user_id=user_id)
        first = await agent.run("Heat", conversation=Conversation(conversation_id=conversation_id))
        await store.save(first)
        later = ChatStoreConversationStore(open_store(), user_id=user_id)
        loaded = await later.load(conversation_id)
        assert loaded is not None
        assert loaded.deferred_tool_requests is not None
        waiting: object = first.output
        assert loaded.deferred_tool_requests == waiting
        [call] = loaded.deferred_tool_requests.approvals
        results = DeferredToolResults(approvals={call.tool_call_id: True})
        second = await agent.run(conversation=loaded, deferred_tool_results=results)
        await later.save(second)
        again = await later.load(conversation_id)
        assert again is not None
        assert again.deferred_tool_requests is None
        return str(second.output)

    assert "paid for Heat" in asyncio.run(converse())
