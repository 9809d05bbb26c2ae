"""What the repository promises beyond the framework's own tests."""

import math
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from strands.multiagent import MultiAgentBase
from strands.types.exceptions import SessionException
from strands.types.session import Session, SessionAgent, SessionType

from chatstore import MaintainedSessionStore, MemorySessionStore
from chatstore.errors import ConfigurationError, InvalidInputError
from chatstore.integrations import states
from chatstore.integrations.strands import ChatStoreSessionRepository
from messages import AGENT, message, texts


def test_messages_come_back_as_they_were(
    repository: ChatStoreSessionRepository, session_id: str
) -> None:
    """Exact: 7.0 stays 7.0, the order of keys, NUL, a lone surrogate, bytes, and a text that is
    larger than a message of the store may be."""
    given = [
        message(0, "\0 and \ud800", b=7.0, a=[1, None, {"": math.pi}]),
        message(1, "large " * 40_000, image=b"\x00\xff" * 50_000),
        message(2, "film"),
    ]
    for each in given:
        repository.create_message(session_id, AGENT, each)
    found = repository.list_messages(session_id, AGENT)
    assert found == given
    assert repr(found[0]) == repr(given[0])
    assert [repository.read_message(session_id, AGENT, number) for number in range(4)] == [
        *given,
        None,
    ]


def test_offset_counts_from_the_first_message_ever(
    repository: ChatStoreSessionRepository, session_id: str
) -> None:
    """An offset finds its message in the window, before it, and behind messages that lie in
    parts."""
    for number in range(75):
        text = "large " * 12_000 if number in {0, 3, 4, 30} else f"text {number}"
        repository.create_message(session_id, AGENT, message(number, text))
    for offset in (0, 1, 3, 4, 5, 31, 60, 74, 75, 90):
        for limit in (None, 0, 1, 7):
            found = repository.list_messages(session_id, AGENT, limit=limit, offset=offset)
            wanted = range(75)[offset : None if limit is None else offset + limit]
            assert [each.message_id for each in found] == list(wanted)


def test_a_session_of_somebody_else_is_not_found(
    repository: ChatStoreSessionRepository, store: MaintainedSessionStore, session_id: str
) -> None:
    """Whoever is not the owner finds nothing, and can't write."""
    repository.create_message(session_id, AGENT, message(0))
    other = ChatStoreSessionRepository(store, user_id=f"bo-{uuid4()}")
    assert other.read_session(session_id) is None
    assert other.read_agent(session_id, AGENT) is None
    assert other.read_message(session_id, AGENT, 0) is None
    refused: list[Callable[[], object]] = [
        lambda: other.create_session(Session(session_id, SessionType.AGENT)),
        lambda: other.create_agent(session_id, SessionAgent("another", {}, {})),
        lambda: other.update_agent(session_id, SessionAgent(AGENT, {"a": 1}, {})),
        lambda: other.create_message(session_id, AGENT, message(1)),
        lambda: other.update_message(session_id, AGENT, message(0, "mine")),
        lambda: other.list_messages(session_id, AGENT),
    ]
    for call in refused:
        with pytest.raises(SessionException):
            call()
    other.delete_session(session_id)
    assert texts(repository.list_messages(session_id, AGENT)) == ["text 0"]


def test_ids_can_not_be_forged(store: MaintainedSessionStore, user_id: str) -> None:
    """A session whose id looks like that of another's agent is a session of its own."""
    repository = ChatStoreSessionRepository(store, user_id=user_id)
    name = str(uuid4())
    for session_id in (name, f'["{name}","agent","a"]', f'{name}","agent'):
        repository.create_session(Session(session_id, SessionType.AGENT))
        repository.create_agent(session_id, SessionAgent("a", {"of": session_id}, {}))
    for session_id in (name, f'["{name}","agent","a"]', f'{name}","agent'):
        found = repository.read_agent(session_id, "a")
        assert found is not None
        assert found.state == {"of": session_id}


def test_a_number_that_is_taken_is_refused(
    repository: ChatStoreSessionRepository,
    store: MaintainedSessionStore,
    user_id: str,
    session_id: str,
) -> None:
    """Two processes with one conversation: the slower one is told, nothing is overwritten; and the
    same message sent again changes nothing."""
    other = ChatStoreSessionRepository(store, user_id=user_id)
    first = message(0)
    repository.create_message(session_id, AGENT, first)
    other.create_message(session_id, AGENT, message(1))
    for one, another in ((repository, message(1, "else")), (other, message(0, "else"))):
        with pytest.raises(InvalidInputError, match="another writer"):
            one.create_message(session_id, AGENT, another)
    with pytest.raises(InvalidInputError, match="left out"):
        repository.create_message(session_id, AGENT, message(4))
    repository.create_message(session_id, AGENT, first)
    repository.create_message(session_id, AGENT, message(2))
    assert texts(repository.list_messages(session_id, AGENT)) == ["text 0", "text 1", "text 2"]


@pytest.mark.parametrize("size", [10, 40_000, 900_000])
def test_a_state_of_any_size_is_kept(
    repository: ChatStoreSessionRepository,
    store: MaintainedSessionStore,
    user_id: str,
    session_id: str,
    size: int,
) -> None:
    """An agent's state comes back exact; of a former one nothing is left; it goes with its
    session."""
    created = repository.read_agent(session_id, AGENT)
    assert created is not None
    for letter in "abc":
        state = {"b": 7.0, "a": letter * size}
        repository.update_agent(session_id, SessionAgent(AGENT, state, {"bytes": b"\0"}))
        found = repository.read_agent(session_id, AGENT)
        assert found is not None
        assert repr(found.state) == repr(state)
        assert found.conversation_manager_state == {"bytes": b"\0"}
        assert found.created_at == created.created_at
    kept = len(list(store.iter_sessions(user_id)))
    assert kept == (2 if size < 20_000 else 3)
    repository.delete_session(session_id)
    assert list(store.iter_sessions(user_id)) == []
    assert repository.read_session(session_id) is None


class Team(MultiAgentBase):
    """A multi-agent that has a state, and nothing else."""

    def __init__(self, state: dict[str, Any]) -> None:
        self.id = "team"
        self.state = state

    def serialize_state(self) -> dict[str, Any]:
        return self.state

    async def invoke_async(self, *_: object, **__: object) -> Any:
        raise NotImplementedError


def test_multi_agents(repository: ChatStoreSessionRepository, session_id: str) -> None:
    """The state of a multi-agent is created, read and replaced; and is not an agent's."""
    assert repository.read_multi_agent(session_id, "team") is None
    with pytest.raises(SessionException):
        repository.update_multi_agent(session_id, Team({}))
    for state in ({"nodes": [1.0]}, {"nodes": "large " * 20_000, "image": b"\xff"}):
        if repository.read_multi_agent(session_id, "team") is None:
            repository.create_multi_agent(session_id, Team(state))
        else:
            repository.update_multi_agent(session_id, Team(state))
        assert repr(repository.read_multi_agent(session_id, "team")) == repr(state)
    assert repository.read_agent(session_id, "team") is None
    with pytest.raises(SessionException):
        repository.create_multi_agent("nowhere", Team({}))


class Later(datetime):
    """A clock that is ahead."""

    ahead = timedelta()

    @classmethod
    def now(cls, tz: Any = None) -> "Any":
        return datetime.now(tz) + cls.ahead


def test_all_of_a_session_lives_as_long_as_one_agent_is_written_to(
    repository: ChatStoreSessionRepository,
    store: MaintainedSessionStore,
    user_id: str,
    session_id: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What belongs to a session is renewed with it, a few times in a ttl and not with each
    message."""

    def versions() -> dict[str, int]:
        return {each.session_id: each.version for each in store.iter_sessions(user_id)}

    repository.create_agent(session_id, SessionAgent("idle", {"a": "x" * 30_000}, {}))
    before = versions()
    assert len(before) == 4
    repository.create_message(session_id, AGENT, message(0))
    assert len(before.items() - versions().items()) == 1
    monkeypatch.setattr(states, "datetime", Later)
    monkeypatch.setattr(Later, "ahead", timedelta(days=8))
    before = versions()
    repository.create_message(session_id, AGENT, message(1))
    assert len(before.items() - versions().items()) == 4
    before = versions()
    repository.create_message(session_id, AGENT, message(2))
    assert len(before.items() - versions().items()) == 1


def test_a_store_without_history_is_refused(user_id: str) -> None:
    """A window of ten would lose what the framework needs."""
    with pytest.raises(ConfigurationError, match="open_conversation_store"):
        ChatStoreSessionRepository(MemorySessionStore(), user_id=user_id)
