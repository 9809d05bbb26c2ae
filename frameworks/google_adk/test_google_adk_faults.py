"""Whole turns while answers of writes are lost and callers are cancelled."""

import random
from functools import partial
from uuid import uuid4

import pytest
from google.adk.events.event import Event
from google.adk.events.event_actions import EventActions
from google.adk.sessions.base_session_service import GetSessionConfig
from google.adk.sessions.session import Session
from google.genai import types

from chatstore import MaintainedSessionStore
from chatstore.integrations.google_adk import ChatStoreSessionService
from lost_answers import lossy_store
from persistent_callers import persistently
from whole_turns import Step, Turn, assert_whole, number_in, turn

APP, USER = "films", "ana"


def events_of(made: Turn) -> list[Event]:
    """A turn's events, each with the state that it leads to."""
    call = types.FunctionCall(name="find", id=made.call_id, args={})
    result = types.FunctionResponse(name="find", id=made.call_id, response={"r": made.tool_result})
    parts = (
        ("user", types.Part(text=made.question)),
        ("bot", types.Part(function_call=call)),
        ("bot", types.Part(function_response=result)),
        ("bot", types.Part(text=made.answer)),
    )
    return [
        Event(
            author=author,
            invocation_id=str(made.number),
            content=types.Content(role="user", parts=[part]),
            actions=EventActions(state_delta={"n": made.number, "user:n": made.number}),
        )
        for author, part in parts
    ]


def step_of(event: Event) -> Step:
    """What an event is."""
    assert event.content is not None
    assert event.content.parts is not None
    [part] = event.content.parts
    if part.function_call is not None:
        return Step("call", number_in(str(part.function_call.id)))
    if part.function_response is not None:
        return Step("result", number_in(str(part.function_response.id)))
    text = str(part.text)
    return Step("question" if text.startswith("question") else "answer", number_in(text))


async def talk(url: str, count: int, share: float) -> None:
    """So many turns."""
    owner, name, dice = str(uuid4()), "chat", random.Random(5)  # noqa: S311 - chance, not secrecy
    with lossy_store(url, share=share, seed=5) as lossy:
        service = ChatStoreSessionService(lossy.store, owner=owner)

        async def read(most: int | None) -> Session:
            config = GetSessionConfig(num_recent_events=most)
            found = await service.get_session(
                app_name=APP, user_id=USER, session_id=name, config=config
            )
            assert found is not None
            return found

        await persistently(
            lambda: service.create_session(app_name=APP, user_id=USER, session_id=name),
            dice,
            cancel=0,
        )
        for number in range(count):
            session = await persistently(lambda: read(8), dice)
            for event in events_of(turn(number)):
                await persistently(partial(service.append_event, session, event), dice)
            assert [step.number for step in map(step_of, session.events)][-4:] == [number] * 4
        assert lossy.lost > 0
        whole = await persistently(lambda: read(None), dice)
        assert_whole([step_of(event) for event in whole.events], count)
        assert (whole.state["n"], whole.state["user:n"]) == (count - 1, count - 1)


async def test_some_turns_with_faults(store_url: str) -> None:
    """Nothing is lost, doubled or out of order in 40 turns, whichever answers are lost and callers
    cancelled."""
    await talk(store_url, 40, 0.2)


@pytest.mark.long
async def test_a_thousand_turns_with_faults(store_url: str) -> None:
    """The same for 1,000 turns with 5% of the answers of writes lost."""
    await talk(store_url, 1_000, 0.05)


async def test_a_crash_between_writes_loses_nothing(store: MaintainedSessionStore) -> None:
    """An event that changes a user's state writes that state before; whoever crashed between the
    two sends the event again, and all of it is there, once."""
    service = ChatStoreSessionService(store, owner=str(uuid4()))
    session = await service.create_session(app_name=APP, user_id=USER, session_id="chat")
    event = events_of(turn(1))[0]
    append = store.append

    def crash(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    store.append = crash  # type: ignore[assignment, method-assign]  # a crash
    with pytest.raises(KeyboardInterrupt):
        await service.append_event(session, event)
    store.append = append  # type: ignore[method-assign]  # another process
    assert (await service.get_user_state(app_name=APP, user_id=USER)) == {"n": 1}
    for _ in range(2):
        await service.append_event(session, event)
    found = await service.get_session(app_name=APP, user_id=USER, session_id="chat")
    assert found is not None
    assert [each.id for each in found.events] == [event.id]
    assert found.state == {"n": 1, "user:n": 1}
