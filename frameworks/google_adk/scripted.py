"""A local model that answers by a script, and the tool that it calls: no network."""

from collections.abc import AsyncGenerator

from google.adk.events.event import Event
from google.adk.models.base_llm import BaseLlm
from google.adk.models.llm_request import LlmRequest
from google.adk.models.llm_response import LlmResponse
from google.genai import types


def find_film(topic: str) -> dict[str, str]:
    """Finds a film about a topic."""
    return {"found": f"a film about {topic}"}


class ScriptedLlm(BaseLlm):
    """Asks for a film about what the user said, and then tells which was found, and the how manieth
    question of the conversation that was."""

    model: str = "scripted"

    async def generate_content_async(
        self, llm_request: LlmRequest, stream: bool = False
    ) -> AsyncGenerator[LlmResponse, None]:
        """One answer."""
        parts = [part for each in llm_request.contents for part in each.parts or []]
        questions = [part.text for part in parts if part.text and part.text.startswith("?")]
        last = parts[-1]
        if last.function_response is not None:
            found = (last.function_response.response or {})["found"]
            answer = types.Part(text=f"{found} ({len(questions)})")
        else:
            topic = (last.text or "").removeprefix("? ")
            answer = types.Part.from_function_call(name="find_film", args={"topic": topic})
        yield LlmResponse(content=types.Content(role="model", parts=[answer]))


def said(text: str) -> types.Content:
    """What a user says."""
    return types.Content(role="user", parts=[types.Part(text=text)])


def text_of(event: Event) -> str:
    """The text of an event; empty if it has none."""
    parts = event.content.parts if event.content else None
    return (parts[0].text or "") if parts else ""
