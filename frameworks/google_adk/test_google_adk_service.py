"""What our service promises beside what ADK's own does."""

import json
from datetime import timedelta
from uuid import uuid4

import pytest
from google.adk.errors._stale_session_error import StaleSessionError
from google.adk.errors.session_not_found_error import SessionNotFoundError
from google.adk.events.event import Event
from google.adk.events.event_actions import EventActions

from chatstore import (
    ConfigurationError,
    InvalidInputError,
    MaintainedSessionStore,
    ManualClock,
    MemorySessionStore,
    RetentionPolicy,
    open_store,
    utc_now,
)
from chatstore.integrations.google_adk import ChatStoreSessionService
from scripted import said

APP = "films"


@pytest.fixture
def service(store: MaintainedSessionStore) -> ChatStoreSessionService:
    """A service below an owner of its own."""
    return ChatStoreSessionService(store, owner=str(uuid4()))


def event(text: str = "film", **state: object) -> Event:
    """An event of a user."""
    return Event(author="user", content=said(text), actions=EventActions(state_delta=state))


async def test_who_read_before_another_wrote_is_stale(service: ChatStoreSessionService) -> None:
    """Of two who read a session and write to it, the second is told, and nothing of what he wrote
    is there, neither of the session's state nor of the user's or the application's."""
    await service.create_session(app_name=APP, user_id="ana", session_id="chat")
    first, second = [
        await service.get_session(app_name=APP, user_id="ana", session_id="chat") for _ in range(2)
    ]
    assert first is not None
    assert second is not None
    await service.append_event(first, event("first", x=1))
    for state in ({"x": 2}, {"user:x": 2}, {"app:x": 2}):
        with pytest.raises(StaleSessionError, match="get it again"):
            await service.append_event(second, event("second", **state))
    await service.append_event(first, event("third"))
    found = await service.get_session(app_name=APP, user_id="ana", session_id="chat")
    assert found is not None
    assert (found.state, len(found.events)) == ({"x": 1}, 2)


async def test_a_deleted_session_is_not_written_to(service: ChatStoreSessionService) -> None:
    """An event for a session that was deleted is ADK's own error, and revives nothing."""
    session = await service.create_session(app_name=APP, user_id="ana", session_id="chat")
    await service.delete_session(app_name=APP, user_id="ana", session_id="chat")
    with pytest.raises(SessionNotFoundError):
        await service.append_event(session, event(y=1))
    assert await service.get_session(app_name=APP, user_id="ana", session_id="chat") is None


async def test_an_erased_user_leaves_nothing(
    service: ChatStoreSessionService, store: MaintainedSessionStore
) -> None:
    """`delete_user` of the store's user erases the user's sessions and state, and nobody else's."""
    for user in ("ana", "ben"):
        session = await service.create_session(
            app_name=APP, user_id=user, session_id="chat", state={"user:x": user}
        )
        await service.append_event(session, event(text=user))
    owner = service.store_user(app_name=APP, user_id="ana")
    assert store.delete_user(owner) == 2
    assert list(store.iter_sessions(owner)) == []
    assert await service.get_user_state(app_name=APP, user_id="ana") == {}
    assert await service.get_user_state(app_name=APP, user_id="ben") == {"x": "ben"}
    listed = await service.list_sessions(app_name=APP)
    assert [each.user_id for each in listed.sessions] == ["ben"]


async def test_owners_do_not_meet(store: MaintainedSessionStore) -> None:
    """The same application, user and session below two owners are two sessions with states of
    their own."""
    services = [ChatStoreSessionService(store, owner=str(uuid4())) for _ in range(2)]
    state = {"app:x": 1, "user:x": 1, "x": 1}
    await services[0].create_session(app_name=APP, user_id="ana", session_id="1", state=state)
    session = await services[1].create_session(app_name=APP, user_id="ana", session_id="1")
    assert session.state == {}
    assert len((await services[1].list_sessions(app_name=APP)).sessions) == 1


async def test_an_event_is_stored_whole_and_once(
    service: ChatStoreSessionService, store: MaintainedSessionStore
) -> None:
    """An event larger than a message may be comes back equal, one that is sent again is there once,
    and its state is written with it in one append."""
    session = await service.create_session(app_name=APP, user_id="ana", session_id="chat")
    large = event("x" * 200_000, x=7.0)
    for _ in range(3):
        await service.append_event(session, large)
    found = await service.get_session(app_name=APP, user_id="ana", session_id="chat")
    assert found is not None
    assert [each.model_dump() for each in found.events] == [large.model_dump()]
    assert repr(found.state) == "{'x': 7.0}"
    [info] = store.iter_sessions(service.store_user(app_name=APP, user_id="ana"))
    assert info.version == 2
    assert json.loads(info.session_id)[1:] == [APP, "ana", "chat"]


async def test_what_is_refused_changes_nothing(service: ChatStoreSessionService) -> None:
    """An event whose state is too large for its place is refused before any of it is written: not
    the event, nor what it says of the user and of the application."""
    session = await service.create_session(app_name=APP, user_id="ana", session_id="chat")
    large = "x" * 40_000
    for name in ("x", "user:x", "app:x"):
        with pytest.raises(InvalidInputError):
            await service.append_event(
                session, event("film", **{"y": 1, "user:y": 1, "app:y": 1, name: large})
            )
    found = await service.get_session(app_name=APP, user_id="ana", session_id="chat")
    assert found is not None
    assert (found.events, found.state) == ([], {})


async def test_a_users_state_lives_as_long_as_its_sessions(store_url: str) -> None:
    """A user's state is renewed while the user's sessions are written to, four times in a ttl: it
    does not end before them. A session that was read just now needs no request for that."""
    clock = ManualClock(utc_now())
    policy = RetentionPolicy(max_messages=50, keep_history=True, ttl=timedelta(days=40))
    with open_store(store_url, policy=policy, clock=clock) as store:
        owner = str(uuid4())
        service = ChatStoreSessionService(store, owner=owner)
        await service.create_session(
            app_name=APP, user_id="ana", session_id="chat", state={"user:x": 1}
        )
        user = service.store_user(app_name=APP, user_id="ana")
        for days, renewals in ((0, 0), (-11, 1), (0, 0)):
            # Time is the machine's for the adapter: what is stored becomes so much older.
            clock.advance(timedelta(days=days))
            if days:
                store.update(user, metadata={"aged": True})
                clock.advance(timedelta(days=-days))
            service = ChatStoreSessionService(store, owner=owner)
            session = await service.get_session(app_name=APP, user_id="ana", session_id="chat")
            assert session is not None
            before = store.get(user).version
            await service.append_event(session, event())
            await service.append_event(session, event())
            assert store.get(user).version == before + renewals


def test_a_window_is_refused() -> None:
    """A store whose policy keeps no history is refused at once."""
    with pytest.raises(ConfigurationError, match="open_conversation_store"):
        ChatStoreSessionService(MemorySessionStore(), owner="films")
