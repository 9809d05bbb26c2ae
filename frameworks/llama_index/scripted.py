"""A model that follows a script, and refuses what models refuse."""

from collections.abc import Sequence
from itertools import count
from typing import Any

from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.base.llms.types import ToolCallBlock
from llama_index.core.llms import ChatMessage, TextBlock
from llama_index.core.llms.mock import MockFunctionCallingLLM

_numbers = count(1)


def find_film(about: str) -> str:
    """Find a film about something."""
    return f"a film about {about}"


def film_agent() -> FunctionAgent:
    """An agent that looks for films with a tool. Yours has a real model in the script's place."""
    llm = MockFunctionCallingLLM(response_generator=_answer, is_chat_model=True)
    prompt = "You recommend films."
    return FunctionAgent(name="films", tools=[find_film], llm=llm, system_prompt=prompt)


def require_acceptable(messages: Sequence[ChatMessage]) -> None:
    """Raise ValueError for a conversation that a model's API would refuse."""
    conversation = [message for message in messages if message.role != "system"]
    if not conversation or conversation[0].role != "user":
        raise ValueError("a conversation must begin with a user's message")
    calls: set[str | None] = set()
    for message in conversation:
        if message.role == "tool":
            if message.additional_kwargs.get("tool_call_id") not in calls:
                raise ValueError("a tool's result must follow its call")
        else:
            if calls and message.role == "user":
                calls = set()
            calls |= {each.tool_call_id for each in _calls(message)}


def _calls(message: ChatMessage) -> list[ToolCallBlock]:
    return [block for block in message.blocks if isinstance(block, ToolCallBlock)]


def _answer(messages: Sequence[ChatMessage], **_: Any) -> ChatMessage:
    require_acceptable(messages)
    last = messages[-1]
    if last.role == "tool":
        return ChatMessage(role="assistant", content=f"Watch {last.content}.")
    text = last.content or ""
    if text.startswith("What"):
        said = [message.content for message in messages[:-1] if message.role == "user"]
        return ChatMessage(role="assistant", content=f"You said: {said}.")
    calls = [
        ToolCallBlock(
            tool_call_id=f"call_{next(_numbers)}",
            tool_name="find_film",
            tool_kwargs={"about": word},
        )
        for word in text.split()[-2:]
    ]
    return ChatMessage(role="assistant", blocks=[TextBlock(text="Let me look."), *calls])
