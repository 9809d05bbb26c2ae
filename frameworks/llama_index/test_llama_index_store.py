"""The adapter's own promises, beyond what LlamaIndex's store does."""

import asyncio
import json
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from llama_index.core.llms import ChatMessage
from llama_index.core.memory import Memory
from llama_index.core.storage.chat_store.base_db import AsyncDBChatStore, MessageStatus

from chatstore import (
    ConfigurationError,
    InvalidInputError,
    MaintainedSessionStore,
    MemorySessionStore,
    Message,
    RetentionPolicy,
)
from chatstore.integrations.conversations import open_conversation_store
from chatstore.integrations.llama_index import SessionChatStore
from chatstore.models import SessionInfo

POLICY = RetentionPolicy(max_messages=50, keep_history=True)


def messages(roles: str) -> list[ChatMessage]:
    """Messages of these roles, given by their first letters, each with a text of its own."""
    names = {"u": "user", "a": "assistant", "t": "tool", "s": "system"}
    return [
        ChatMessage(role=names[letter], content=f"{letter}{number}")
        for number, letter in enumerate(roles)
    ]


def texts(found: list[ChatMessage]) -> list[str | None]:
    """Their texts."""
    return [message.content for message in found]


@pytest.mark.parametrize(
    ("roles", "cut", "active"),
    [
        ("uaua", 2, ["u2", "a3"]),
        ("uatau", 1, ["u4"]),
        ("uatau", 2, ["u4"]),
        ("uatta", 3, []),
        ("suaua", 1, ["u1", "a2", "u3", "a4"]),
        ("suaua", 2, ["u3", "a4"]),
        ("aua", 0, ["a0", "u1", "a2"]),
        ("tua", 0, ["u1", "a2"]),
        ("utaua", 0, ["u0", "a2", "u3", "a4"]),
    ],
)
def test_what_is_active_begins_at_a_turn(roles: str, cut: int, active: list[str]) -> None:
    """No result of a tool is handed out without its call, and nothing of a turn that was cut;
    counting and the next archiving say the same, and what is left out counts as archived."""
    ours = SessionChatStore(MemorySessionStore(policy=POLICY), user_id="ana")

    async def run() -> None:
        await ours.add_messages("chat", messages(roles))
        archived = await ours.archive_oldest_messages("chat", cut)
        assert texts(archived) == texts(messages(roles)[:cut]) or roles[0] == "t"
        assert texts(await ours.get_messages("chat")) == active
        assert await ours.count_messages("chat") == len(active)
        rest = len(roles) - len(active)
        assert await ours.count_messages("chat", MessageStatus.ARCHIVED) == rest
        assert len(await ours.get_messages("chat", MessageStatus.ARCHIVED)) == rest
        assert len(await ours.get_messages("chat", None)) == len(roles)
        assert texts(await ours.archive_oldest_messages("chat", 1)) == active[:1]

    asyncio.run(run())


def test_nothing_of_the_store_is_in_what_is_dumped(tmp_path: Path) -> None:
    """A URL's password is nowhere in what pydantic makes of the adapter, or of a Memory with it."""
    url = f"sqlite:///{tmp_path}/secret-password.db"
    with open_conversation_store(url, ttl=timedelta(hours=1)) as store:
        ours = SessionChatStore(store, user_id="ana")
        memory = Memory.from_defaults(session_id="chat", chat_store=ours)
        assert json.loads(ours.model_dump_json()) == {"user_id": "ana"}
        dumped = (
            ours.model_dump_json(),
            memory.model_dump_json(),
            repr(ours),
            str(ours),
            repr(memory),
        )
        assert not any("secret" in text for text in dumped)
        assert isinstance(memory.sql_store, AsyncDBChatStore)


def test_a_store_without_history_is_refused() -> None:
    """Over a store that would lose messages the adapter says so at once."""
    with pytest.raises(ConfigurationError, match="keep_history"):
        SessionChatStore(MemorySessionStore(), user_id="ana")


def test_negative_numbers_are_refused() -> None:
    """LlamaIndex's own store would take minus one for everything, and delete it."""
    ours = SessionChatStore(MemorySessionStore(policy=POLICY), user_id="ana")

    async def run() -> None:
        await ours.add_messages("chat", messages("ua"))
        for call in (
            ours.delete_oldest_messages("chat", -1),
            ours.archive_oldest_messages("chat", -1),
            ours.delete_message("chat", -1),
            ours.get_messages("chat", limit=-1),
            ours.get_messages("chat", offset=-1),
        ):
            with pytest.raises(InvalidInputError, match="a whole number from 0"):
                await call
        assert await ours.count_messages("chat", None) == 2

    asyncio.run(run())


def test_what_an_application_keeps_there_stays(
    store: MaintainedSessionStore, user_id: str, key: str
) -> None:
    """A session's own metadata, and messages that are none of LlamaIndex's, are left alone by all
    that the adapter does but replacing everything."""
    ours = SessionChatStore(store, user_id=user_id)

    async def run() -> None:
        await ours.add_messages(key, messages("ua"))
        store.append(key, Message(type="note", content="plain"), metadata={"plan": "free"})
        await ours.add_messages(key, messages("uaua"))
        await ours.archive_oldest_messages(key, 2)
        await ours.delete_oldest_messages(key, 1)
        await ours.delete_messages(key, MessageStatus.ARCHIVED)
        assert texts(await ours.get_messages(key, None)) == ["u2", "a3"]

    asyncio.run(run())
    session = store.get(key)
    assert session.metadata["plan"] == "free"
    assert "plain" in [message.content for message in session.messages]


def test_a_message_of_a_newer_version_is_left_out() -> None:
    """A message that this version of LlamaIndex can't read does not hide the others, and stays."""
    store = MemorySessionStore(policy=POLICY)
    ours = SessionChatStore(store, user_id="ana")

    async def run() -> None:
        await ours.add_messages("chat", messages("u"))
        stored = store.get("chat").messages[0]
        text = str(stored.content).replace('"text"', '"hologram"')
        document = stored.model_dump(by_alias=True) | {"messageId": "newer", "content": text}
        store.append("chat", Message.model_validate(document))
        await ours.add_messages("chat", messages("u"))
        assert texts(await ours.get_messages("chat")) == ["u0", "u0"]

    asyncio.run(run())
    assert store.get("chat").message_count == 3


def test_a_cancelled_caller_finds_its_write_done_or_not(
    store: MaintainedSessionStore, user_id: str, key: str
) -> None:
    """Whenever a caller is cancelled, what it asks next sees one state: the messages are there, or
    they are not and never come. Added once more, they are there once."""
    ours = SessionChatStore(store, user_id=user_id)

    async def run() -> None:
        expected: list[ChatMessage] = []
        for turn in range(20):
            added = [*messages("ua"), ChatMessage(content=f"turn {turn}")]
            task = asyncio.ensure_future(ours.add_messages(key, added))
            for _ in range(turn % 4):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait({task})
            seen = await ours.get_messages(key)
            assert seen in (expected, expected + added)
            if task.cancelled():
                await ours.add_messages(key, added)
            expected += added
            assert await ours.get_messages(key) == expected

    asyncio.run(run())


class HeldStore(MemorySessionStore):
    """A store that holds appends until it is told."""

    def __init__(self) -> None:
        super().__init__(policy=POLICY)
        self.began, self.released = threading.Event(), threading.Event()

    def append(self, *arguments: Any, **options: Any) -> SessionInfo:
        """The store's, later."""
        self.began.set()
        assert self.released.wait(30)
        return super().append(*arguments, **options)


@pytest.mark.parametrize("ours_again", [False, True])
def test_what_comes_after_a_cancelled_write_waits_for_it(*, ours_again: bool) -> None:
    """A write that was begun and cancelled ends before what is asked of that session next, by this
    adapter or another one over the same store: reads see it, and writes stand behind it."""
    store = HeldStore()
    ours = SessionChatStore(store, user_id="ana")
    other = ours if ours_again else SessionChatStore(store, user_id="ana")

    async def run() -> None:
        await ours.set_messages("chat", messages("ua"))
        task = asyncio.ensure_future(ours.add_messages("chat", messages("ua")))
        await asyncio.to_thread(store.began.wait, 30)
        task.cancel()
        await asyncio.wait({task})
        assert task.cancelled()
        counted = asyncio.ensure_future(other.count_messages("chat"))
        got = asyncio.ensure_future(other.get_messages("chat"))
        added = asyncio.ensure_future(other.add_message("chat", messages("u")[0]))
        last = asyncio.ensure_future(other.get_messages("chat"))
        # Whatever does not wait has its thread, and its answer, by now.
        await ours.get_messages("another")
        store.released.set()
        assert await counted == 4
        assert texts(await got) == ["u0", "a1", "u0", "a1"]
        await added
        assert texts(await last) == ["u0", "a1", "u0", "a1", "u0"]

    asyncio.run(run())
