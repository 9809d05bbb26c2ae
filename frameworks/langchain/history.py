"""A LangChain message history over any chatstore."""

from collections.abc import Sequence

from langchain_core.chat_history import BaseChatMessageHistory
from langchain_core.messages import BaseMessage, message_to_dict, messages_from_dict

from chatstore import SessionNotFoundError
from chatstore.integrations.conversations import Conversations
from chatstore.integrations.items import NewItem


class ChatStoreHistory(BaseChatMessageHistory):
    """One conversation of one user. Hands out its newest messages, `last` of them or a few more:
    they begin with what a user said, so no tool's result comes without its call."""

    def __init__(
        self, conversations: Conversations, user_id: str, session_id: str, *, last: int = 50
    ) -> None:
        self._conversations = conversations
        self._user_id = user_id
        self._session_id = session_id
        self._last = last

    @property
    def messages(self) -> list[BaseMessage]:  # type: ignore[override]  # or an attribute, it says
        found: list[BaseMessage] = []
        newest_first = self._conversations.walk(
            self._session_id, self._user_id, newest_first=True, page_size=2 * self._last
        )
        try:
            for item in newest_first:
                found += messages_from_dict([item.value])
                if len(found) >= self._last and found[-1].type == "human":
                    break
        except SessionNotFoundError:
            return []
        return found[::-1]

    def add_messages(self, messages: Sequence[BaseMessage]) -> None:
        items = [NewItem(message_to_dict(message), message.type) for message in messages]
        self._conversations.add(self._session_id, self._user_id, items)

    def clear(self) -> None:
        self._conversations.store.delete(self._session_id, user_id=self._user_id)
