"""What is written to a conversation, and what is read back."""

from typing import Any

from chatstore import MemorySessionStore, RetentionPolicy
from chatstore.integrations.items import NewItem, items_of

POLICY = RetentionPolicy(max_messages=50, keep_history=True)


def values(store: MemorySessionStore, session_id: str = "chat") -> list[Any]:
    """All that is kept, oldest first."""
    messages = store.iter_messages(session_id, user_id="ana", newest_first=False)
    return [item.value for item in items_of(messages)]


def new_items(*contents: object) -> list[NewItem]:
    """Items without ids."""
    return [NewItem(content, "item") for content in contents]
