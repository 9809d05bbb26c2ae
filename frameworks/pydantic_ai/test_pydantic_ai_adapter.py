"""What the adapter adds to the branching conversations: the framework's own values, awaited."""

import asyncio
import threading
from dataclasses import replace
from decimal import Decimal

import pytest
from pydantic_ai.conversation import Conversation
from pydantic_ai.conversation_store import (
    ConversationConflict,
    ConversationEntry,
    ConversationRecord,
)
from pydantic_ai.messages import (
    BinaryImage,
    ImageUrl,
    ModelMessage,
    ModelRequest,
    ModelResponse,
    SystemPromptPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)
from pydantic_ai.tools import DeferredToolRequests
from pydantic_ai.usage import RequestUsage, RunUsage

from chatstore import (
    ConfigurationError,
    CorruptSessionError,
    InvalidInputError,
    MemorySessionStore,
    RetentionPolicy,
)
from chatstore.integrations.pydantic_ai import ChatStoreConversationStore
from chatstore.models import SessionInfo
from scripted import told

POLICY = RetentionPolicy(max_messages=50, keep_history=True)
EVERYTHING: list[ModelMessage] = [
    ModelRequest(
        parts=[
            SystemPromptPart("be brief"),
            UserPromptPart(["nul \0, lone \ud800", ImageUrl("https://example.com/still.png")]),
            UserPromptPart([BinaryImage(b"\xff\0" * 30_000, media_type="image/png")]),
        ],
        instructions="in rhyme",
    ),
    ModelResponse(
        parts=[
            ThinkingPart("hm", signature="s", provider_name="local"),
            TextPart("é" * 20_000),
            ToolCallPart("look", {"z": 7.0, "a": {"0": None}}, tool_call_id="1"),
            ToolCallPart("look", '{"z":7.0}', tool_call_id="2"),
        ],
        usage=RequestUsage(input_tokens=3, details={"cached": 1}),
        model_name="scripted",
        provider_details={"k": [1, 2.5, "\ud800"]},
    ),
    ModelRequest(
        parts=[
            ToolReturnPart("look", {"z": 7.0, "a": [b"", "x"][1:]}, "1", metadata={"n": 7.0}),
            ToolReturnPart("look", "again", "2", outcome="retried"),
        ]
    ),
]


def ours(store: MemorySessionStore | None = None) -> ChatStoreConversationStore:
    """The adapter, over a store in memory."""
    store = store or MemorySessionStore(policy=POLICY)
    return ChatStoreConversationStore(store, user_id="ana")


def test_every_kind_of_part_comes_back_equal() -> None:
    """With NUL and lone surrogates, 7.0 and the order of keys, and messages larger than one of the
    store's may be."""

    async def saved() -> None:
        store = MemorySessionStore(policy=POLICY)
        conversation = Conversation(
            messages=EVERYTHING,
            conversation_id="c",
            usage=RunUsage(requests=2, cost=Decimal("0.070"), details={"cached": 1}),
            deferred_tool_requests=DeferredToolRequests(
                approvals=[ToolCallPart("pay", {"b": 7.0, "a": 1}, tool_call_id="p")],
                metadata={"p": {"why": "\ud800"}},
            ),
        )
        await ours(store).save(conversation, scope="web")
        loaded = await ours(store).load("c")
        assert loaded == conversation
        assert loaded is not None
        [call, *_] = [p for p in loaded.messages[1].parts if isinstance(p, ToolCallPart)]
        assert repr(call.args) == "{'z': 7.0, 'a': {'0': None}}"

    asyncio.run(saved())


def test_what_the_caller_changes_after_the_call_is_not_saved() -> None:
    """Record and messages are taken as they are when the call is made."""

    async def saved() -> None:
        store = ours()
        message = ModelRequest(parts=[UserPromptPart("before")])
        entry = ConversationEntry(parent_id=None, message=message)
        record = ConversationRecord(conversation_id="c", head_id=entry.id)
        write = asyncio.ensure_future(
            store.write_record(record, new_entries=[entry], expected_revision=None)
        )
        await asyncio.sleep(0)
        message.parts = [UserPromptPart("after")]
        record.usage.requests = 9
        await write
        [found] = await store.read_history(entry.id)
        stored = await store.read_record("c")
        assert told([found.message]) == ["before"]
        assert stored is not None
        assert stored.usage.requests == 0

    asyncio.run(saved())


def test_a_cancelled_caller_waits_for_the_write() -> None:
    """After that it is done: saving the same again is a conflict, and stores nothing twice."""
    begun, go_on = threading.Event(), threading.Event()

    class Slow(MemorySessionStore):
        def update(self, *arguments: object, **options: object) -> SessionInfo:
            begun.set()
            assert go_on.wait(30)
            return super().update(*arguments, **options)  # type: ignore[arg-type]  # handed on

    async def saved() -> None:
        store = ours(Slow(policy=POLICY))
        conversation = Conversation(conversation_id="c")
        await store.save(conversation)
        again = replace(conversation)
        conversation.usage.requests = 1
        save = asyncio.ensure_future(store.save(conversation))
        await asyncio.to_thread(begun.wait, 30)
        save.cancel()
        save.cancel()
        await asyncio.sleep(0)
        assert not save.done()
        go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await save
        loaded = await store.load("c")
        assert loaded is not None
        assert loaded.usage.requests == 1
        with pytest.raises(ConversationConflict):
            await store.save(again)

    asyncio.run(saved())


def test_objects_over_one_store_share_its_threads() -> None:
    """An adapter may be made for each request."""
    store = MemorySessionStore(policy=POLICY)
    one, other = ours(store), ours(store)
    assert one._threads is other._threads
    assert ours()._threads is not one._threads


def test_what_can_t_be_kept_is_refused_at_once() -> None:
    """A policy without history, and an owner that is none."""
    with pytest.raises(ConfigurationError, match="open_conversation_store"):
        ours(MemorySessionStore())
    with pytest.raises(InvalidInputError, match="user_id"):
        ChatStoreConversationStore(MemorySessionStore(policy=POLICY), user_id="")


def test_a_record_of_another_format_is_told() -> None:
    """A record that this version of the framework can't read does not pass for none."""
    store = MemorySessionStore(policy=POLICY)

    async def read() -> None:
        await ours(store).save(Conversation(conversation_id="c"))
        text = str(store.get("c").metadata["pydanticAi"])
        newer = text.replace('"format_version":1', '"format_version":2')
        store.update("c", metadata={"pydanticAi": newer})
        with pytest.raises(CorruptSessionError, match="no record of pydantic-ai"):
            await ours(store).load("c")

    asyncio.run(read())
