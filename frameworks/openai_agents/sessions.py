"""What the tests of the sessions share."""

from collections.abc import Callable
from typing import cast

from agents import TResponseInputItem

from chatstore.integrations.openai_agents import ChatStoreSession

Make = Callable[[], ChatStoreSession]
"""Makes an object of one session, again and again."""


def items_of(*values: object) -> list[TResponseInputItem]:
    """What the framework calls items, whatever they are."""
    return cast("list[TResponseInputItem]", list(values))


def said(*texts: str) -> list[TResponseInputItem]:
    """What users said."""
    return [{"role": "user", "content": text} for text in texts]
