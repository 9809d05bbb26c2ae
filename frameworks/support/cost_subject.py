"""What `scripts/frameworks --costs` measures: a conversation that grows, and a turn of it."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Subject:
    """A conversation in one store, as a framework uses it."""

    grow: Callable[[int], None]
    """Adds so many messages, in whole turns of four."""
    turn: Callable[[], None]
    """One turn: reads what the model is shown, then writes a question, a tool's call, its result
    and an answer, in as many calls as the framework makes of them."""
    close: Callable[[], None]
