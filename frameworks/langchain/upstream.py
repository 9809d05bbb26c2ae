"""Puts the history of docs/langchain.md in the place of langchain-core's own in its tests."""

from datetime import timedelta
from uuid import uuid4

import langchain_core.chat_history
from langchain_core.messages import BaseMessage

from chatstore.integrations.conversations import Conversations, open_conversation_store
from history import ChatStoreHistory

_conversations = Conversations(open_conversation_store(ttl=timedelta(days=1)))


class Substitute(ChatStoreHistory):
    """The history, made and compared as the tests make and compare theirs."""

    __doc__ = langchain_core.chat_history.InMemoryChatMessageHistory.__doc__

    def __init__(self, messages: list[BaseMessage] | None = None) -> None:
        super().__init__(_conversations, f"user-{uuid4().hex}", uuid4().hex)
        if messages:
            self.add_messages(messages)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Substitute) and self.messages == other.messages

    __hash__ = None  # type: ignore[assignment]  # it can be compared, and changes


def pytest_configure() -> None:
    """Before the tests import theirs."""
    langchain_core.chat_history.InMemoryChatMessageHistory = Substitute  # type: ignore[misc, assignment]


def pytest_unconfigure() -> None:
    """Close the store."""
    _conversations.store.close()
