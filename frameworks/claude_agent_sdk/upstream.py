"""A pytest plug-in for the Claude Agent SDK's own tests: they get our store in the place of theirs.

The store is the one that CHATSTORE_URL names. `upstream.toml` says which tests they are.
"""

import uuid
from datetime import timedelta
from functools import cache
from typing import Any

import claude_agent_sdk
from claude_agent_sdk._internal import session_store

from chatstore.integrations.claude_agent_sdk import ClaudeSessionStore
from chatstore.integrations.conversations import open_conversation_store
from chatstore.protocol import MaintainedSessionStore


@cache
def _store() -> MaintainedSessionStore:
    return open_conversation_store(ttl=timedelta(hours=1))


class StoreInTheirPlace(ClaudeSessionStore):
    """Ours, made as theirs is, a store for itself; with what their tests look into it by."""

    def __init__(self) -> None:
        super().__init__(_store(), f"upstream-{uuid.uuid4()}")

    def get_entries(self, key: Any) -> list[Any]:
        """All entries, or none."""
        return [item.value for item in self._once.read(self._id_of(key))]

    @property
    def size(self) -> int:
        """How many sessions there are."""
        return sum(len(names) == 2 for names, _ in self._under())

    def clear(self) -> None:
        """Take all away."""
        _store().delete_user(self._user_id)


claude_agent_sdk.InMemorySessionStore = StoreInTheirPlace  # type: ignore[misc,assignment]  # swapped
session_store.InMemorySessionStore = StoreInTheirPlace  # type: ignore[misc,assignment]  # swapped
