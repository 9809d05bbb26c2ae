"""A local model that follows a script: it asks a tool, and tells what it was told so far."""

from pydantic_ai.messages import (
    ModelMessage,
    ModelResponse,
    TextPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)
from pydantic_ai.models.function import AgentInfo, FunctionModel


def told(messages: list[ModelMessage]) -> list[str]:
    """What the user said, turn by turn."""
    parts = [part for message in messages for part in message.parts]
    return [str(part.content) for part in parts if isinstance(part, UserPromptPart)]


def answer(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
    """First the call of the agent's first tool, with the newest prompt; then the answer."""
    found = [part for part in messages[-1].parts if isinstance(part, ToolReturnPart)]
    prompts = told(messages)
    if info.function_tools and not found:
        name, call_id = info.function_tools[0].name, f"call for {prompts[-1]}"
        return ModelResponse(parts=[ToolCallPart(name, {"text": prompts[-1]}, call_id)])
    heard = "; ".join(prompts)
    shown = f" I found {found[0].content}." if found else ""
    return ModelResponse(parts=[TextPart(f"So far: {heard}.{shown}")])


def scripted_model() -> FunctionModel:
    """The model, for an `Agent`."""
    return FunctionModel(answer)
