"""Whose turn it is to write: one lock for each file, which all engines of a process share."""

import threading
from collections.abc import Hashable
from weakref import WeakValueDictionary

from chatstore.runtime.forks import call_in_child


class _Locks:
    """The locks that somebody holds on to, by file."""

    def __init__(self) -> None:
        self._begin()
        call_in_child(self._begin)

    def _begin(self) -> None:
        """Begin anew: in a child, threads that are not there would hold the old ones for ever."""
        self.by_file: WeakValueDictionary[Hashable, threading.Lock] = WeakValueDictionary()
        self.guard = threading.Lock()


_locks = _Locks()


def writers_lock(file: Hashable) -> threading.Lock:
    """The lock that a thread of this process holds while it writes to `file`."""
    with _locks.guard:
        return _locks.by_file.setdefault(file, threading.Lock())
