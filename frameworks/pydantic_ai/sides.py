"""The two sides of the differential: one program's steps, done by a store."""

import datetime
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest
from pydantic_ai import conversation_store
from pydantic_ai.conversation import Conversation
from pydantic_ai.conversation_store import ConversationRecord, ConversationStore
from pydantic_ai.exceptions import UserError
from pydantic_ai.messages import ModelMessage, ToolCallPart
from pydantic_ai.tools import DeferredToolRequests

from chatstore import MaintainedSessionStore

OpenStore = Callable[[], MaintainedSessionStore]
"""Opens a store at one place, a new object each time."""

BEGIN = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)


class Minted:
    """The framework's ids and times, counted: both sides get the same ones in the same step."""

    def __init__(self) -> None:
        self.count = 0

    def uuid7(self) -> str:
        """The next id."""
        self.count += 1
        return f"id-{self.count:06}"

    def now(self) -> datetime.datetime:
        """The next time."""
        self.count += 1
        return BEGIN + datetime.timedelta(seconds=self.count)


@contextmanager
def minting(patch: pytest.MonkeyPatch) -> Iterator[Minted]:
    """The framework takes its ids and times from here."""
    minted = Minted()
    patch.setattr(conversation_store, "uuid7", minted.uuid7)
    patch.setattr(conversation_store, "now_utc", minted.now)

    def record(**fields: Any) -> ConversationRecord:
        return ConversationRecord(updated_at=minted.now(), **fields)

    patch.setattr(conversation_store, "ConversationRecord", record)
    yield minted
    patch.undo()


def is_error(answer: object) -> bool:
    """Whether `Side.answer` tells of an error."""
    first = answer[0] if isinstance(answer, tuple) else answer
    return isinstance(first, type)


class Side:
    """A store, and the conversations that a program holds, by number."""

    def __init__(self, store: ConversationStore) -> None:
        self.store = store
        self.held: list[Conversation] = []

    async def answer(self, step: Callable[["Side"], Awaitable[Any]]) -> Any:
        """What a step answers; an error is told by its kind and its words, as far as the framework
        says what these are."""
        try:
            return deepcopy(await step(self))
        except UserError as error:
            return type(error), str(error)
        except LookupError:
            return LookupError

    async def load(self, conversation_id: str, limit: int | None, scope: str | None) -> Any:
        """Load a conversation, and hold it."""
        found = await self.store.load(conversation_id, limit=limit, scope=scope)
        return self._hold(found)

    async def begin(self, conversation_id: str) -> Any:
        """Hold a conversation that was never saved."""
        return self._hold(Conversation(conversation_id=conversation_id))

    async def reread(self, number: int) -> Any:
        """Hold a copy of the fields, as of a text: nobody knows any more what is stored of it."""
        held = self.held[number]
        return self._hold(replace(held, messages=deepcopy(held.messages)))

    async def change(
        self, number: int, at: int, messages: list[ModelMessage], waiting: str | None
    ) -> Any:
        """Replace what a held conversation has from a place on, and what it waits for."""
        held = self.held[number]
        held.deferred_tool_requests = (
            None
            if waiting is None
            else DeferredToolRequests(
                approvals=[ToolCallPart("pay", waiting, tool_call_id="paid")],
                metadata={"paid": {"sum": 7.0}},
            )
        )
        held.messages = [*held.messages[:at], *deepcopy(messages)]
        held.usage.requests += 1
        return held

    async def save(self, number: int, scope: str | None) -> Any:
        """Save a held conversation."""
        entries = await self.store.save(self.held[number], scope=scope)
        return entries, self._told(self.held[number])

    async def branch(self, number: int, scope: str | None, **where: Any) -> Any:
        """Branch at a place from the revision that a held conversation has; and hold that."""
        held = self.held[number]
        found = await self.store.branch(
            held.conversation_id, expected_revision=held.revision, scope=scope, **where
        )
        return self._hold(found)

    async def fork(self, conversation_id: str, new_id: str, **where: Any) -> Any:
        """Fork a conversation, and hold the fork."""
        found = await self.store.fork(conversation_id, new_conversation_id=new_id, **where)
        return self._hold(found)

    async def look(self, conversation_id: str) -> Any:
        """All that is stored under an id: the record, and every line of it."""
        record = await self.store.read_record(conversation_id)
        if record is None:
            return None
        tips = [record.head_id, *record.branches]
        return record, [await self.store.read_history(tip) for tip in tips]

    def _hold(self, found: Conversation | None) -> Any:
        if found is None:
            return None
        self.held.append(found)
        return self._told(found)

    def _told(self, conversation: Conversation) -> Any:
        return conversation, conversation.new_message_index
