"""An agent with a tool, whose model follows a script: each turn finds a film and tells it."""

from typing import Any

from agents import Agent, RunConfig, Runner, TResponseInputItem, function_tool
from agents.memory import Session, SessionSettings
from agents.testing import ModelCall, ScriptedModel, assistant_message, function_call

ITEMS_OF_A_TURN = 4
"""What was asked, the call of the tool, its result, and what is answered."""


@function_tool
def find_film(number: int) -> str:
    """Find a film."""
    return f"film {number}"


def question(number: int) -> str:
    """What the user asks in a turn."""
    return f"question {number}"


def answer(number: int) -> str:
    """What the agent answers in a turn."""
    return f"answer {number}"


async def turn(session: Session, number: int, *, limit: int | None = None) -> ModelCall:
    """Run a turn; what the model was asked at its end."""
    model = ScriptedModel(
        [
            [function_call("find_film", {"number": number}, call_id=f"call-{number}")],
            [assistant_message(answer(number), item_id=f"message-{number}")],
        ]
    )
    agent = Agent(name="films", model=model, tools=[find_film])
    config = RunConfig(tracing_disabled=True, session_settings=SessionSettings(limit=limit))
    result = await Runner.run(agent, question(number), session=session, run_config=config)
    assert result.final_output == answer(number)
    return model.calls[-1]


def told(items: list[TResponseInputItem]) -> list[str]:
    """Each item in a word or two."""
    return [_told(item) for item in items]


def expected(numbers: range) -> list[str]:
    """Turns in a word or two for each item."""
    return [
        text
        for number in numbers
        for text in (question(number), f"call {number}", f"film {number}", answer(number))
    ]


def _told(item: Any) -> str:
    match item:
        case {"type": "function_call", "call_id": str(call_id)}:
            return call_id.replace("-", " ")
        case {"type": "function_call_output", "output": str(output)}:
            return output
        case {"role": "user", "content": str(content)}:
            return content
        case {"role": "assistant", "content": [{"text": str(text)}]}:
            return text
    raise AssertionError(item)
