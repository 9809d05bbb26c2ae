"""A model that follows a script, and an agent with a tool over it: no network."""

from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Any, cast

from strands import Agent, tool
from strands.agent.conversation_manager import ConversationManager
from strands.models import Model
from strands.session.repository_session_manager import RepositorySessionManager
from strands.types.content import ContentBlock, Message, Messages
from strands.types.streaming import StreamEvent

from chatstore.integrations.strands import ChatStoreSessionRepository

Script = Callable[[Sequence[Message]], ContentBlock]


class ScriptedModel(Model):
    """A model that says what `script` makes of the messages, and keeps what it was shown."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.shown: list[Messages] = []

    def update_config(self, **model_config: Any) -> None:
        """There is nothing to configure."""

    def get_config(self) -> dict[str, Any]:
        """There is nothing to configure."""
        return {"context_window_limit": 1_000_000}

    def structured_output(self, *_: Any, **__: Any) -> AsyncGenerator[dict[str, Any], None]:
        """Not in any script."""
        raise NotImplementedError

    async def stream(
        self, messages: Messages, *_: Any, **__: Any
    ) -> AsyncGenerator[StreamEvent, None]:
        """The events of one message."""
        self.shown.append(list(messages))
        block = self.script(messages)
        use = block.get("toolUse")
        yield {"messageStart": {"role": "assistant"}}
        if use is None:
            yield {"contentBlockStart": {"start": {}}}
            yield {"contentBlockDelta": {"delta": {"text": block["text"]}}}
        else:
            start = {"name": use["name"], "toolUseId": use["toolUseId"]}
            yield cast("StreamEvent", {"contentBlockStart": {"start": {"toolUse": start}}})
            delta = {"input": f'{{"likes": "{use["input"]["likes"]}"}}'}
            yield cast("StreamEvent", {"contentBlockDelta": {"delta": {"toolUse": delta}}})
        yield {"contentBlockStop": {}}
        yield {"messageStop": {"stopReason": "end_turn" if use is None else "tool_use"}}


def said(messages: Sequence[Message]) -> list[str]:
    """What the user said in them."""
    return [
        block["text"]
        for message in messages
        if message["role"] == "user"
        for block in message["content"]
        if "text" in block
    ]


def film_script(messages: Sequence[Message]) -> ContentBlock:
    """Ask the tool, then answer with its result and the number of the user's questions."""
    last = messages[-1]["content"][0]
    if "toolResult" in last:
        found = last["toolResult"]["content"][0]["text"]
        return {"text": f"{found} (question {len(said(messages))})"}
    call_id = f"call-{len(messages)}"
    wish = {"likes": last["text"]}
    return {"toolUse": {"name": "find_film", "toolUseId": call_id, "input": wish}}


@tool
def find_film(likes: str) -> str:
    """Find a film."""
    return f"found for {likes}"


def film_agent(
    repository: ChatStoreSessionRepository,
    session_id: str,
    script: Script = film_script,
    conversation_manager: ConversationManager | None = None,
) -> Agent:
    """An agent that goes on with a session."""
    manager = RepositorySessionManager(session_id, repository)
    return Agent(
        model=ScriptedModel(script),
        tools=[find_film],
        callback_handler=None,
        session_manager=manager,
        conversation_manager=conversation_manager,
    )
