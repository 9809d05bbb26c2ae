"""A model that says what is written down here, and a tool."""

from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, ToolCall, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.tools import tool


@tool
def find_films(words: str) -> str:
    """Films that fit the words."""
    return f"films for {words}"


class ScriptedModel(BaseChatModel):
    """Calls the tool for each question, and answers with its result and how many questions it has
    seen. As model APIs do, it refuses a tool's result without the call before it."""

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **options: Any,
    ) -> ChatResult:
        called: set[str | None] = set()
        for message in messages:
            if isinstance(message, ToolMessage) and message.tool_call_id not in called:
                raise ValueError("a tool's result has no call before it")
            if isinstance(message, AIMessage):
                called |= {each["id"] for each in message.tool_calls}
        questions = [message for message in messages if message.type == "human"]
        last = messages[-1]
        if isinstance(last, ToolMessage):
            answer = AIMessage(f"{len(questions)}: {last.text}")
        else:
            call = ToolCall(
                name="find_films", args={"words": last.text}, id=f"call-{len(messages)}"
            )
            answer = AIMessage("", tool_calls=[call])
        return ChatResult(generations=[ChatGeneration(message=answer)])
