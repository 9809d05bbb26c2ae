"""LlamaIndex's own store, as the model of ours: with the one rule that ours has beyond it."""

from llama_index.core.llms import ChatMessage, MessageRole
from llama_index.core.storage.chat_store.base_db import MessageStatus
from llama_index.core.storage.chat_store.sql import SQLAlchemyChatStore
from sqlalchemy import select, update

_RESULTS = ("tool", "function")
_ANSWERS = ("assistant", "chatbot", "model")


class Reference(SQLAlchemyChatStore):
    """SQLAlchemyChatStore. `delete_message` takes what nobody can ask it for, the id of a row;
    `row_id` tells it. `begin_at_turn` archives what a cut leaves of a turn, as ours does."""

    async def close(self) -> None:
        """Close its connections."""
        if self._async_engine is not None:
            await self._async_engine.dispose()

    async def row_id(self, key: str, place: int) -> int:
        """The row of the active message at a place; -1 if there is none."""
        rows = await self.rows(key)
        active = [row_id for row_id, _, status in rows if status == MessageStatus.ACTIVE.value]
        return active[place] if place < len(active) else -1

    async def rows(self, key: str) -> list[tuple[int, str, str]]:
        """The id, the role and the status of each message, oldest first."""
        sessions, table = await self._initialize()
        query = select(table.c.id, table.c.role, table.c.status).where(table.c.key == key)
        async with sessions() as session:
            found = await session.execute(query.order_by(table.c.timestamp, table.c.id))
            return [(row.id, MessageRole(row.role).value, row.status) for row in found]

    async def begin_at_turn(self, key: str, *, is_cut: bool) -> int:
        """Archive results without a call and, if what stands before was cut off, answers before the
        first message that begins a turn; how many that were."""
        orphans = []
        previous = "cut" if is_cut else "beginning"
        for row_id, role, status in await self.rows(key):
            if status != MessageStatus.ACTIVE.value:
                continue
            is_result, is_answer = role in _RESULTS, role in (*_RESULTS, *_ANSWERS)
            if (is_result and previous != "answer") or (is_answer and previous == "cut"):
                orphans.append(row_id)
            else:
                previous = "answer" if is_answer else "turn"
        sessions, table = await self._initialize()
        async with sessions() as session:
            archived = {"status": MessageStatus.ARCHIVED.value}
            await session.execute(update(table).where(table.c.id.in_(orphans)).values(archived))
            await session.commit()
        return len(orphans)


def shown(messages: list[ChatMessage]) -> list[str]:
    """Messages to the letter: 7 is not 7.0, and keys have an order."""
    return [repr(message.model_dump()) for message in messages]
