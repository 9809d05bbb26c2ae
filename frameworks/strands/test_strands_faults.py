"""Lost answers and cancelled callers: nothing is lost, doubled or out of order."""

import asyncio
import random
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import pytest
from strands.types.content import ContentBlock, Message
from strands.types.session import SessionAgent, SessionMessage

from chatstore import MaintainedSessionStore
from chatstore.errors import BackendUnavailableError
from chatstore.integrations.strands import ChatStoreSessionRepository
from lost_answers import lossy_store
from persistent_callers import persistently_sync
from scripted import film_agent
from whole_turns import Kind, Step, Turn, assert_no_orphans, assert_whole, number_in, turn


class Persistent(ChatStoreSessionRepository):
    """A repository whose caller makes a call again until it succeeds."""

    def create_message(
        self, session_id: str, agent_id: str, session_message: SessionMessage, **kwargs: Any
    ) -> None:
        """Add a message."""
        create = super().create_message
        persistently_sync(lambda: create(session_id, agent_id, session_message))

    def update_agent(self, session_id: str, session_agent: SessionAgent, **kwargs: Any) -> None:
        """Replace a state."""
        update = super().update_agent
        persistently_sync(lambda: update(session_id, session_agent))


def script(messages: Sequence[Message]) -> ContentBlock:
    """What is said in the turn that the last message is of."""
    last = messages[-1]["content"][0]
    if "toolResult" in last:
        return {"text": turn(number_in(last["toolResult"]["toolUseId"])).answer}
    said: Turn = turn(number_in(last["text"]))
    wish = {"likes": said.tool_result}
    return {"toolUse": {"name": "find_film", "toolUseId": said.call_id, "input": wish}}


def steps(messages: Sequence[Message]) -> list[Step]:
    """Which steps they are."""
    found = []
    for message in messages:
        block = message["content"][0]
        if "toolUse" in block:
            found.append(Step("call", number_in(block["toolUse"]["toolUseId"])))
        elif "toolResult" in block:
            found.append(Step("result", number_in(block["toolResult"]["toolUseId"])))
        else:
            kind: Kind = "question" if message["role"] == "user" else "answer"
            found.append(Step(kind, number_in(block["text"])))
    return found


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests don't wait for what waits."""
    monkeypatch.setattr("chatstore.integrations.attempts._LONGEST_PAUSE", 0)


@pytest.mark.parametrize("count", [pytest.param(50), pytest.param(1_000, marks=pytest.mark.long)])
def test_turns_with_lost_answers(store_url: str, user_id: str, count: int) -> None:
    """An agent with a tool, a new one every 25 turns, while 5% of the writes' answers are lost."""
    session_id = f"chat-{uuid4()}"
    with lossy_store(store_url) as lossy:
        for number in range(count):
            if number % 25 == 0:
                repository = Persistent(lossy.store, user_id=user_id)
                agent = persistently_sync(lambda: film_agent(repository, session_id, script))  # noqa: B023  called at once
                assert_no_orphans(steps(agent.messages))
            agent.state.set("turn", number)
            agent(turn(number).question)
        kept = persistently_sync(lambda: repository.list_messages(session_id, agent.agent_id))
        assert lossy.lost > 0
    assert_whole(steps([each.to_message() for each in kept]), count)
    assert [each.message_id for each in kept] == list(range(4 * count))


@pytest.mark.parametrize("count", [pytest.param(40), pytest.param(1_000, marks=pytest.mark.long)])
async def test_turns_of_cancelled_callers(
    store: MaintainedSessionStore, user_id: str, count: int
) -> None:
    """A caller that is cancelled finds each message written or not, and never half: whoever asks
    again, with a new agent, goes on with a conversation that is whole."""
    dice = random.Random(7)  # noqa: S311  no secret
    session_id = f"chat-{uuid4()}"
    repository = ChatStoreSessionRepository(store, user_id=user_id)
    agent = film_agent(repository, session_id, script)
    cancelled = 0
    for number in range(count):
        while True:
            call = asyncio.ensure_future(agent.invoke_async(turn(number).question))
            if dice.random() < 0.2:
                for _ in range(dice.randrange(40)):
                    await asyncio.sleep(0)
                call.cancel()
            try:
                await call
                break
            except asyncio.CancelledError:
                cancelled += 1
                agent = film_agent(repository, session_id, script)
                assert_no_orphans(steps(agent.messages))
    kept = repository.list_messages(session_id, agent.agent_id)
    assert cancelled > count / 20
    assert [each.message_id for each in kept] == list(range(len(kept)))
    found = steps([each.to_message() for each in kept])
    for number in range(count):
        of_turn = [step.kind for step in found if step.number == number]
        assert of_turn[-4:] == ["question", "call", "result", "answer"]
        assert of_turn.count("answer") == 1
    assert [step.number for step in found] == sorted(step.number for step in found)


def test_a_message_whose_write_failed_is_written_before_the_next(
    store: MaintainedSessionStore, user_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The framework counts a message that failed, and goes on: there is no gap."""
    repository = ChatStoreSessionRepository(store, user_id=user_id)
    agent = film_agent(repository, session_id := f"chat-{uuid4()}", script)
    agent(turn(0).question)

    def unavailable(*_: object, **__: object) -> None:
        raise BackendUnavailableError("no answer")

    with monkeypatch.context() as patched:
        patched.setattr(store, "append", unavailable)
        with pytest.raises(BackendUnavailableError):
            agent(turn(1).question)
    manager = agent._session_manager
    assert manager is not None
    manager.append_message({"role": "assistant", "content": [{"text": turn(1).answer}]}, agent)
    kept = [each.to_message() for each in repository.list_messages(session_id, agent.agent_id)]
    assert steps(kept)[4:] == [Step("question", 1), Step("answer", 1)]


def test_redactions_with_lost_answers(store_url: str, user_id: str) -> None:
    """A third of the answers lost: each message, before the window too, is redacted, and no other
    write waits for a redaction that is over."""
    session_id = f"chat-{uuid4()}"
    with lossy_store(store_url, share=0.3) as lossy:
        repository = Persistent(lossy.store, user_id=user_id)
        agent = persistently_sync(lambda: film_agent(repository, session_id, script))
        for number in range(20):
            agent(turn(number).question)
        for number in range(0, 80, 8):
            message = SessionMessage({"role": "user", "content": []}, number)
            message.redact_message = {"role": "user", "content": [{"text": f"BLOCKED {number}"}]}
            persistently_sync(
                lambda: repository.update_message(session_id, agent.agent_id, message)  # noqa: B023  called at once
            )
        agent(turn(20).question)
        kept = persistently_sync(lambda: repository.list_messages(session_id, agent.agent_id))
    assert [each.message_id for each in kept] == list(range(84))
    blocked = [each.message_id for each in kept if "BLOCKED" in str(each.to_message())]
    assert blocked == list(range(0, 80, 8))
