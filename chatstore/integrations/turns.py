"""Turns: calls on one session, run in whosever threads, go one after the other."""

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import CancelledError
from typing import TypeVar

Result = TypeVar("Result")


class Turns:
    """Calls under one name have their turns in the order in which they asked, cancelled ones
    included: the next begins when the one before has ended. Any loop's threads may run them."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.lines: dict[str, deque[Turn]] = {}

    def ask(self, name: str) -> "Turn":
        """The next turn under a name: to be run, or given up."""
        with self.changed:
            turn = Turn(self, name)
            self.lines.setdefault(name, deque()).append(turn)
            return turn


class Turn:
    """A place in the line of one name."""

    def __init__(self, turns: Turns, name: str) -> None:
        self._turns = turns
        self._name = name
        self._has_begun = False
        self._is_over = False

    def run(self, call: Callable[[], Result]) -> Result:
        """The result of `call`, run when all before it have ended. Raises `CancelledError` if the
        turn was given up."""
        turns = self._turns
        with turns.changed:
            turns.changed.wait_for(lambda: self._is_over or turns.lines[self._name][0] is self)
            if self._is_over:
                raise CancelledError
            self._has_begun = True
        try:
            return call()
        finally:
            self._leave()

    def give_up(self) -> None:
        """Nobody waits for it any more: a call that has not begun never does, and one that has
        goes on to its end."""
        with self._turns.changed:
            if not self._has_begun and not self._is_over:
                self._leave()

    def _leave(self) -> None:
        with self._turns.changed:
            self._is_over = True
            line = self._turns.lines[self._name]
            line.remove(self)
            if not line:
                del self._turns.lines[self._name]
            self._turns.changed.notify_all()
