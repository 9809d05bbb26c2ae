"""LlamaIndex: the chat store of its `Memory`, over any store."""

from collections.abc import Callable
from functools import partial
from itertools import islice
from typing import Any

from llama_index.core.base.llms.types import ChatMessage, MessageRole
from llama_index.core.storage.chat_store.base_db import AsyncDBChatStore, MessageStatus
from pydantic import BaseModel, Field, PrivateAttr

from chatstore.aio.threads import Threads
from chatstore.errors import InvalidInputError, SessionNotFoundError
from chatstore.integrations.archive import Archive
from chatstore.integrations.awaiting import shared_over
from chatstore.integrations.conversations import Conversations
from chatstore.integrations.entries import Kind, new_item
from chatstore.integrations.items import NewItem
from chatstore.protocol import SessionStore
from chatstore.record.limits import MAX_PAGE

_KINDS = dict.fromkeys((MessageRole.TOOL, MessageRole.FUNCTION), Kind.RESULT) | dict.fromkeys(
    (MessageRole.ASSISTANT, MessageRole.CHATBOT, MessageRole.MODEL), Kind.ANSWERS
)


class SessionChatStore(AsyncDBChatStore):
    """The chat store of one user's `Memory` objects, kept in a `SessionStore`.

    A key is a session's id in the store; the first message that is added creates it. A session of
    somebody else looks empty, and adding to it raises `SessionNotFoundError`. Make as many of these
    as you need: those over one store object share threads, and the order of what they do to a
    session. Whoever opened the store closes it.

    What is handed out as active begins at a turn: of a turn that archiving or deleting the oldest
    cuts, the rest is archived as well, and so is a tool's result whose call was deleted. If a
    caller is cancelled, what it asked for is done or not before the next call on that session
    begins; messages that are then added once more are stored once. Dumped as JSON, this is the
    user's id: the store and its URL are not in it.

    Raises `ConfigurationError` for a store whose policy keeps no history: open one with
    `chatstore.integrations.conversations.open_conversation_store`.
    """

    user_id: str = Field(description="Whose sessions these are.")

    _store: SessionStore = PrivateAttr()
    _conversations: Conversations = PrivateAttr()
    _threads: Threads = PrivateAttr()
    _archive: Archive[ChatMessage] = PrivateAttr()

    def __init__(self, store: SessionStore, *, user_id: str) -> None:
        BaseModel.__init__(self, user_id=user_id)
        self._store = store
        self._conversations, self._threads = shared_over(store)
        self._archive = Archive(self._conversations, user_id, _read, _kind_of)

    @classmethod
    def class_name(cls) -> str:
        """The name that LlamaIndex knows this class by."""
        return "SessionChatStore"

    async def get_messages(
        self,
        key: str,
        status: MessageStatus | None = MessageStatus.ACTIVE,
        limit: int | None = None,
        offset: int | None = None,
    ) -> list[ChatMessage]:
        """The messages of a status, or all, oldest first; `limit` of them after `offset`."""
        start = 0 if offset is None else _count("offset", offset)
        stop = None if limit is None else start + _count("limit", limit)

        def found() -> list[ChatMessage]:
            if status is None:
                size = MAX_PAGE if stop is None else min(MAX_PAGE, max(1, stop))
                walk = self._conversations.walk(key, self.user_id, page_size=size)
                entries = (self._archive.entry(item) for item in walk)
                return [each.value for each in islice(filter(None, entries), start, stop)]
            is_whole = status is not MessageStatus.ACTIVE
            snapshot = self._archive.snapshot(key, whole=is_whole)
            return [entry.value for entry in snapshot.of(status)[start:stop]]

        return await self._messages(key, found)

    async def count_messages(
        self, key: str, status: MessageStatus | None = MessageStatus.ACTIVE
    ) -> int:
        """How many messages there are of a status, or of all."""

        def counted() -> int:
            snapshot = self._archive.snapshot(key)
            unread = 0 if status is MessageStatus.ACTIVE else snapshot.unread
            return unread + len(snapshot.of(status))

        try:
            return await self._threads.run(counted, session_id=key)
        except SessionNotFoundError:
            return 0

    async def add_message(
        self, key: str, message: ChatMessage, status: MessageStatus = MessageStatus.ACTIVE
    ) -> None:
        """Add a message."""
        await self.add_messages(key, [message], status)

    async def add_messages(
        self, key: str, messages: list[ChatMessage], status: MessageStatus = MessageStatus.ACTIVE
    ) -> None:
        """Add messages, in order. Raises `InvalidInputError` for one that is not JSON, and
        `SessionNotFoundError` for a session of somebody else."""
        if messages:
            items = _new_items(messages, status)
            with self._conversations.writing(key, self.user_id, items) as write:
                await self._threads.run(write.send, session_id=key)

    async def set_messages(
        self, key: str, messages: list[ChatMessage], status: MessageStatus = MessageStatus.ACTIVE
    ) -> None:
        """Put messages in the place of all, the archived ones too, in one write: at no moment are
        there fewer. Raises what `add_messages` does."""
        items = _new_items(messages, status)
        await self._threads.run(lambda: self._archive.replace(key, items), session_id=key)

    async def delete_message(self, key: str, idx: int) -> ChatMessage | None:
        """Remove the message that has this place, from 0, among the active ones; it, or None."""
        place = _count("idx", idx)
        remove = partial(self._archive.remove, key, is_cut=place == 0)
        found = await self._messages(
            key, lambda: remove(lambda found: found.active[place : place + 1])
        )
        return found[0] if found else None

    async def delete_messages(self, key: str, status: MessageStatus | None = None) -> None:
        """Remove the messages of a status, or all. The session stays, with its metadata."""
        if status is None:
            await self.set_messages(key, [])
            return
        is_whole = status is not MessageStatus.ACTIVE
        remove = partial(self._archive.remove, key, whole=is_whole)
        await self._messages(key, lambda: remove(lambda found: found.of(status)))

    async def delete_oldest_messages(self, key: str, n: int) -> list[ChatMessage]:
        """Remove the oldest `n` active messages; these."""
        count = _count("n", n)
        remove = partial(self._archive.remove, key, is_cut=True)
        return await self._messages(key, lambda: remove(lambda found: found.active[:count]))

    async def archive_oldest_messages(self, key: str, n: int) -> list[ChatMessage]:
        """Archive the oldest `n` active messages, by one small write; these."""
        count = _count("n", n)
        return await self._messages(key, lambda: self._archive.archive(key, count))

    async def get_keys(self) -> list[str]:
        """The keys of this user's sessions that have messages, the oldest session first."""

        def keys() -> list[str]:
            walk = self._store.iter_sessions(self.user_id, newest_first=False, page_size=MAX_PAGE)
            return [session.session_id for session in walk if session.message_count]

        return await self._threads.run(keys)

    async def _messages(self, key: str, call: Callable[[], list[ChatMessage]]) -> list[ChatMessage]:
        """What a call on a session returns, made after those that were asked for before it."""
        try:
            return await self._threads.run(call, session_id=key)
        except SessionNotFoundError:
            return []


def _new_items(messages: list[ChatMessage], status: MessageStatus) -> list[NewItem]:
    return [
        new_item(message.model_dump(mode="json"), message.role.value, status.value)
        for message in messages
    ]


def _read(value: Any) -> ChatMessage | None:
    """The message; None for one that this version of LlamaIndex has no type for."""
    try:
        return ChatMessage.model_validate(value)
    except (ValueError, AttributeError):
        return None


def _kind_of(message: ChatMessage) -> Kind:
    return _KINDS.get(message.role, Kind.BEGINS_TURN)


def _count(name: str, value: int) -> int:
    if value < 0:
        raise InvalidInputError(name, "a whole number from 0", value)
    return value
