"""Random programs over a chat store of LlamaIndex."""

import random
from collections.abc import Sequence
from typing import Any

from llama_index.core.llms import ChatMessage, ImageBlock, MessageRole, TextBlock
from llama_index.core.storage.chat_store.base_db import MessageStatus

_STATUSES: tuple[MessageStatus | None, ...] = (
    MessageStatus.ACTIVE,
    MessageStatus.ARCHIVED,
    None,
)
_TEXTS = ("yes", "yes", "", "größer\n\0", "\ud83d", "x" * 200)


class Programs:
    """Steps by chance: the name of a method, and its arguments after the key."""

    def __init__(self, seed: int, *, whole_turns: bool) -> None:
        self.choose = random.Random(seed)  # noqa: S311  no secret
        self._whole_turns = whole_turns
        self._number = 0

    def step(self, active: Sequence[str]) -> tuple[str, list[Any]]:
        """The next step, where these are the roles of the active messages."""
        choose = self.choose
        name = choose.choices(
            ("add", "get", "count", "archive", "delete oldest", "delete", "set", "clear"),
            (40, 25, 12, 9, 4, 6, 1, 1),
        )[0]
        status = choose.choice(_STATUSES)
        match name:
            case "add":
                is_archived = not self._whole_turns and choose.random() < 0.1
                added = MessageStatus.ARCHIVED if is_archived else MessageStatus.ACTIVE
                if choose.random() < 0.3 and not self._whole_turns:
                    return "add_message", [self._any_message(), added]
                return "add_messages", [self._messages(choose.choice((1, 1, 2, 9))), added]
            case "get":
                limit, offset = (choose.choice((None, 0, 1, 5, 60, 500)) for _ in range(2))
                return "get_messages", [status, limit, offset]
            case "count":
                return "count_messages", [status]
            case "archive":
                return "archive_oldest_messages", [self._cut(active)]
            case "delete oldest":
                return "delete_oldest_messages", [self._cut(active)]
            case "delete" if not self._whole_turns:
                return "delete_message", [choose.choice((0, 1, choose.randrange(80)))]
            case "set":
                added = MessageStatus.ARCHIVED if choose.random() < 0.2 else MessageStatus.ACTIVE
                return "set_messages", [self._messages(choose.choice((0, 1, 20))), added]
            case _:
                return "delete_messages", [status]

    def _cut(self, active: Sequence[str]) -> int:
        """How many of the active messages to cut off."""
        most = len(active) + 2
        if not self._whole_turns:
            return self.choose.choice((0, 1, 2, self.choose.randrange(most)))
        turns = [place for place, role in enumerate(active) if role == "user"]
        return self.choose.choice([0, *turns[: len(turns) // 2 + 1], most])

    def _messages(self, turns: int) -> list[ChatMessage]:
        """Whole turns, some with tools, or anything in any order."""
        if not self._whole_turns:
            return [self._any_message() for _ in range(turns)]
        roles: list[MessageRole] = []
        for _ in range(turns):
            tools = [MessageRole.ASSISTANT, MessageRole.TOOL] * self.choose.choice((0, 1, 2))
            roles += [MessageRole.USER, *tools, MessageRole.ASSISTANT]
        return [self._message(role) for role in roles]

    def _any_message(self) -> ChatMessage:
        roles = [role for role in MessageRole for _ in range(1 + 3 * (role in ("user", "tool")))]
        return self._message(self.choose.choice([*roles, MessageRole.ASSISTANT]))

    def _message(self, role: MessageRole) -> ChatMessage:
        choose = self.choose
        self._number += 1
        text = choose.choice((*_TEXTS, f"message {self._number}"))
        if choose.random() < 0.01:
            text = "large" * choose.choice((9_000, 90_000))
        blocks: list[TextBlock | ImageBlock] = [TextBlock(text=text)]
        if choose.random() < 0.05:
            blocks.append(ImageBlock(image=b"\x89PNG\r\n\x1a\n" + choose.randbytes(20)))
        details = {"tool_call_id": f"call_{self._number}", "z": 7.0, "a": 7, "b": [None, -0.0]}
        kwargs = details if choose.random() < 0.5 else {}
        return ChatMessage(role=role, blocks=blocks, additional_kwargs=kwargs)
