"""What was seen lately."""

import threading
from collections import OrderedDict
from typing import Generic, TypeVar

Value = TypeVar("Value")

_MOST = 10_000


class Remembered(Generic[Value]):
    """The values that were put in last, by name; older ones are forgotten. Safe to share between
    threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: OrderedDict[str, Value] = OrderedDict()

    def put(self, name: str, value: Value) -> None:
        """Remember a value, in the place of another."""
        with self._lock:
            self._values[name] = value
            self._values.move_to_end(name)
            if len(self._values) > _MOST:
                self._values.popitem(last=False)

    def get(self, name: str) -> Value | None:
        """The value, or None."""
        with self._lock:
            return self._values.get(name)

    def take(self, name: str) -> Value | None:
        """The value, or None, and forget it."""
        with self._lock:
            return self._values.pop(name, None)
