"""The session of openai-agents: what it keeps, what it hands out, and whose it is."""

import gc
import json
import uuid
import weakref
from typing import Any, cast

import pytest
from agents import TResponseInputItem
from agents.memory import Session, SessionSettings

from chatstore import (
    ConfigurationError,
    InvalidInputError,
    MaintainedSessionStore,
    MemorySessionStore,
    Message,
    RetentionPolicy,
    SessionNotFoundError,
)
from chatstore.integrations import openai_agents
from chatstore.integrations.openai_agents import ChatStoreSession
from sessions import Make, items_of, said

POLICY = RetentionPolicy(keep_history=True)


def test_it_is_a_session(make: Make) -> None:
    """The framework's protocol is met, for a type checker and for it."""
    session: Session = make()
    assert isinstance(session, Session)


async def test_items_come_back_as_they_were(make: Make) -> None:
    """Numbers, the order of keys, NUL, lone surrogates, equal items, ones that have the same id,
    and one that is larger than a message may be."""
    items = items_of(
        {"role": "user", "content": "a\0b\ud800", "z": 7.0, "a": 1e300},
        {"type": "message", "id": "same", "role": "assistant", "content": []},
        {"type": "message", "id": "same", "role": "assistant", "content": ["other"]},
        *said("yes", "yes"),
        {"type": "computer_call_output", "call_id": "1", "output": {"image": "png" * 300_000}},
        {},
        "no object",
    )
    await make().add_items(items)
    found = await make().get_items()
    assert json.dumps(found) == json.dumps(items)


async def test_people_who_look_at_the_store_see_what_is_what(
    make: Make, store: MaintainedSessionStore
) -> None:
    """A message's type is the role of what was said, and the type of what is something else."""
    items = [
        {"role": "user", "content": "a"},
        {"type": "message", "role": "assistant", "content": []},
        {"type": "function_call_output", "call_id": "1", "output": "b"},
        {"type": "message"},
        7,
    ]
    await make().add_items(items_of(*items))
    types = [message.type for message in store.get(make().session_id).messages]
    assert types == ["user", "assistant", "function_call_output", "item", "item"]


@pytest.mark.parametrize(
    ("settings", "limit", "count"),
    [
        (None, None, 70),
        (None, 3, 3),
        (None, 60, 60),
        (None, 2_147_483_647, 70),
        (None, 0, 0),
        (None, -1, 0),
        ({"limit": 2}, None, 2),
        (SessionSettings(limit=2), 5, 5),
        (SessionSettings(limit=2), 0, 0),
    ],
)
async def test_the_newest_are_handed_out(
    make: Make,
    store: MaintainedSessionStore,
    settings: Any,
    limit: int | None,
    count: int,
) -> None:
    """As many as are asked for, or else as the settings say, or else all; oldest first."""
    items = items_of(*range(70))
    await make().add_items(items)
    session = ChatStoreSession(
        make().session_id, store, user_id=make()._user_id, session_settings=settings
    )
    assert await session.get_items(limit) == items[70 - count :]


async def test_of_nothing_there_is_nothing(make: Make, store: MaintainedSessionStore) -> None:
    """A session that nobody has added to does not exist; nothing is read of it, or creates it."""
    session = make()
    await session.add_items([])
    assert await session.get_items() == []
    assert await session.pop_item() is None
    await session.clear_session()
    with pytest.raises(SessionNotFoundError):
        store.get(session.session_id)


async def test_the_newest_is_popped_and_all_are_cleared(
    make: Make, store: MaintainedSessionStore
) -> None:
    """The session itself stays, with its owner and its metadata."""
    session = make()
    await session.add_items(said("a", "b", "c"))
    store.update(session.session_id, metadata={"title": "Films"})
    assert await session.pop_item() == said("c")[0]
    assert await session.get_items() == said("a", "b")
    await session.clear_session()
    assert await session.get_items() == []
    assert store.get(session.session_id, user_id=session._user_id).metadata == {"title": "Films"}
    await session.add_items(said("d"))
    assert await make().get_items() == said("d")


async def test_what_cannot_be_read_is_skipped(make: Make, store: MaintainedSessionStore) -> None:
    """One broken message costs itself alone: all others are handed out, counted and popped."""
    session = make()
    await session.add_items(said("a", "b"))
    broken = {"type": "user", "content": '{"role": ', "encoding": "json/1"}
    store.append(session.session_id, Message.model_validate(broken))
    assert await session.get_items() == said("a", "b")
    assert await session.get_items(limit=1) == said("b")
    assert await session.pop_item() == said("b")[0]
    assert await session.get_items() == said("a")


async def test_somebody_elses_session_does_not_exist(
    make: Make, store: MaintainedSessionStore
) -> None:
    """Nothing of it is seen, and nothing changed."""
    await make().add_items(said("mine"))
    other = ChatStoreSession(make().session_id, store, user_id="bob")
    assert await other.get_items() == []
    assert await other.pop_item() is None
    await other.clear_session()
    assert not await other._atomic_replace_items(said("his"))
    with pytest.raises(SessionNotFoundError):
        await other.add_items(said("his"))
    assert await make().get_items() == said("mine")


def test_a_store_must_keep_whole_conversations() -> None:
    """One whose policy keeps ten messages is refused at once, and so is what is no store."""
    for store in (MemorySessionStore(), cast("Any", "sqlite:///chat.db")):
        with pytest.raises(ConfigurationError):
            ChatStoreSession("chat", store, user_id="ana")


async def test_a_closed_session_is_refused(make: Make) -> None:
    """Each call of that object, and of no other; the store is still open."""
    session = make()
    await session.close()
    await session.close()
    for call in (
        session.get_items(),
        session.add_items([]),
        session.pop_item(),
        session.clear_session(),
        session._get_compaction_snapshot(1),
        session._atomic_replace_items([]),
    ):
        with pytest.raises(ConfigurationError, match="closed"):
            await call
    assert await make().get_items() == []


async def test_what_is_not_json_is_refused_whole(make: Make) -> None:
    """Nothing of such a batch is stored."""
    with pytest.raises(InvalidInputError):
        await make().add_items(items_of({"role": "user"}, {"content": object()}))
    assert await make().get_items() == []


async def test_an_end_is_replaced_with_the_beginning_pruned(make: Make) -> None:
    """The snapshot says which items are there and whether these are all; they are replaced while
    nobody has added anything, and in the same write the oldest go that the framework names."""
    session = make()
    await session.add_items(said(*"abcdefg"))
    snapshot = await session._get_compaction_snapshot(
        4, prune_prefix=lambda item: item in said("a", "b", "d")
    )
    assert snapshot is not None
    assert (snapshot.items, snapshot.complete) == (said(*"defg"), False)
    assert not await snapshot.replace_suffix(4, said("nothing"))
    assert await snapshot.replace_suffix(2, said("short"))
    assert await session.get_items() == said("c", "d", "e", "short")
    assert not await snapshot.replace_suffix(2, said("again"))
    everything = await session._get_compaction_snapshot(4)
    assert everything is not None
    assert everything.complete
    assert await everything.replace_suffix(0, [])
    assert await session.get_items() == []


async def test_without_the_private_name_there_is_no_snapshot(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a version of the framework that lacks it, the framework replaces all items instead,
    which is one write too."""
    monkeypatch.setattr(openai_agents, "CompactionSnapshot", None)
    session = make()
    await session.add_items(said("a", "b"))
    assert await session._get_compaction_snapshot(4) is None
    assert await session._atomic_replace_items(said("short"))
    assert await session.get_items() == said("short")


async def test_a_subclass_with_its_own_way_is_not_bypassed(store: MaintainedSessionStore) -> None:
    """What changes items as they are written must replace them itself."""

    class Shouting(ChatStoreSession):
        async def add_items(self, items: list[TResponseInputItem]) -> None:
            await super().add_items([*items, *said("!")])

    session = Shouting(str(uuid.uuid4()), store, user_id="ana")
    await session.add_items(said("a"))
    assert await session._get_compaction_snapshot(4) is None
    assert not await session._atomic_replace_items(said("b"))
    assert await session.get_items() == said("a", "!")


async def test_what_sessions_share_keeps_no_store_alive() -> None:
    """A store goes when nobody has it any more, and its threads with it."""
    store = MemorySessionStore(policy=POLICY)
    session = ChatStoreSession("chat", store, user_id="ana")
    await session.add_items(said("a"))
    alive = weakref.ref(store)
    del store, session
    gc.collect()
    assert alive() is None
