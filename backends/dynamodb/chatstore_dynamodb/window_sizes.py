"""What a process remembers of windows that it saw: a guess that saves a request, never a fact."""

import threading
from collections import OrderedDict


class WindowSizes:
    """The last known number of messages of the sessions used most recently."""

    def __init__(self, capacity: int = 10_000) -> None:
        self._capacity = capacity
        self._sizes: OrderedDict[str, int] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, session_id: str) -> int | None:
        """The size that was seen last; None if that was too long ago, or never."""
        with self._lock:
            size = self._sizes.get(session_id)
            if size is not None:
                self._sizes.move_to_end(session_id)
            return size

    def put(self, session_id: str, size: int) -> None:
        """Remember a size; of the sessions beyond the capacity, the longest unused is forgotten."""
        with self._lock:
            self._sizes[session_id] = size
            self._sizes.move_to_end(session_id)
            if len(self._sizes) > self._capacity:
                self._sizes.popitem(last=False)
