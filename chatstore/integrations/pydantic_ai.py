"""pydantic-ai: conversations of that framework, kept in any store."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_ai.conversation_store import (
    ConversationConflict,
    ConversationEntry,
    ConversationRecord,
    ConversationStore,
)
from pydantic_ai.messages import ModelMessagesTypeAdapter

from chatstore.errors import CorruptSessionError, VersionConflictError
from chatstore.integrations.awaiting import settled, shared_over
from chatstore.integrations.items import json_text
from chatstore.integrations.lines import Link
from chatstore.integrations.trees import Change, RecordConflictError, Trees
from chatstore.models import JsonObject
from chatstore.protocol import SessionStore

_RECORDS = TypeAdapter(list[ConversationRecord])

Decoded = TypeVar("Decoded")


class ChatStoreConversationStore(ConversationStore):
    """A `ConversationStore` of pydantic-ai: the conversations of `user_id`, in any store.

    A conversation is one session, and has its id. Its entries are the session's messages; its
    record is in the metadata, and is written with the entries that it adds at once. A fork gets a
    copy of the entries that it shares, under their ids. So each conversation is whole in itself:
    `delete` erases it with all its entries, and a fork keeps what it has. A conversation ends with
    its session: when it is deleted, or when nobody has written to it for the policy's `ttl`.

    A conversation of another user looks as if it was not there, and to save under its id is a
    `ConversationConflict`. `read_records`, and `read_entry` with an id that no record was read for,
    look through all of the user's sessions. Such an object may be made for each request: those over
    one store object share its threads, and the order of a conversation's calls. A write that was
    begun is waited for, even if the caller is cancelled. Raises `ConfigurationError` for a store
    whose policy keeps no history.
    """

    def __init__(self, store: SessionStore, *, user_id: str) -> None:
        self._trees = Trees(store, "pydanticAi", user_id)
        _, self._threads = shared_over(store)

    async def read_record(self, conversation_id: str) -> ConversationRecord | None:
        def read() -> ConversationRecord | None:
            document = self._trees.record(conversation_id)
            return None if document is None else _record(document)

        return await self._threads.run(read, session_id=conversation_id)

    async def read_records(
        self, *, scope: str | None = None, limit: int | None = None
    ) -> Sequence[ConversationRecord]:
        def read() -> list[ConversationRecord]:
            found = [
                _record(document)
                for document in self._trees.records()
                if scope is None or document["scope"] == scope
            ]
            found.sort(key=lambda record: record.updated_at, reverse=True)
            return found[:limit]

        return await self._threads.run(read)

    async def read_history(
        self, head_id: str | None, *, limit: int | None = None
    ) -> list[ConversationEntry]:
        if head_id is None or (limit is not None and limit <= 0):
            return []
        return await self._threads.run(lambda: _entries(self._trees.line(head_id, most=limit)))

    async def read_entry(self, entry_id: str) -> ConversationEntry:
        return (await self.read_history(entry_id, limit=1))[0]

    async def write_record(
        self,
        record: ConversationRecord,
        *,
        new_entries: Sequence[ConversationEntry] = (),
        expected_revision: str | None,
    ) -> None:
        conversation_id = record.conversation_id
        # What the caller does to its objects from here on is not saved.
        [document] = _RECORDS.dump_python([record], mode="json")
        links = [_link(entry) for entry in new_entries]
        change = Change(conversation_id, document, links, expected_revision)
        await self._settled(conversation_id, lambda: self._trees.write(change))

    async def delete_record(self, conversation_id: str, *, expected_revision: str) -> None:
        await self._settled(
            conversation_id, lambda: self._trees.delete(conversation_id, expected_revision)
        )

    async def _settled(self, conversation_id: str, write: Callable[[], None]) -> None:
        try:
            await settled(self._threads, conversation_id, write)
        except (RecordConflictError, VersionConflictError) as error:
            raise ConversationConflict(conversation_id) from error


def _record(document: JsonObject) -> ConversationRecord:
    try:
        return _decoded(_RECORDS, [document])[0]
    except ValidationError as error:
        session_id = str(document.get("conversation_id"))
        raise CorruptSessionError("the store", session_id, "no record of pydantic-ai") from error


def _link(entry: ConversationEntry) -> Link:
    [value] = ModelMessagesTypeAdapter.dump_python([entry.message], mode="json")
    return Link(entry.id, entry.parent_id, value, entry.message.kind)


def _entries(links: Sequence[Link]) -> list[ConversationEntry]:
    messages = _decoded(ModelMessagesTypeAdapter, [link.value for link in links])
    return [
        ConversationEntry(id=link.item_id, parent_id=link.parent_id, message=message)
        for link, message in zip(links, messages, strict=True)
    ]


def _decoded(adapter: TypeAdapter[list[Decoded]], values: list[Any]) -> list[Decoded]:
    text = json_text("values", values)
    try:
        return adapter.validate_json(text)
    except ValidationError:
        # Its decoder of JSON takes no lone surrogate; that of Python's values does.
        return adapter.validate_python(values)
