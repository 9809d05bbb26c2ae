"""Forks: no connection to a file crosses one.

SQLite knows which files this process has open, and with which locks, by a list in its memory. A
child inherits the list and none of the locks: what it opens then joins the inherited entry and
believes in locks that only the parent holds. Nobody sees it reading and writing, and its log may be
deleted under it. So before a fork the calls in progress are waited for and all connections are
closed; parent and child open anew, each for itself. What is open nonetheless, a child finds, and
refuses to work on that file.
"""

import os
import stat
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol
from weakref import WeakSet

from sqlalchemy import Engine, Pool

from chatstore.errors import ConfigurationError
from chatstore.runtime import deadline

LONGEST_WAIT = 10.0
"""How many seconds a fork waits for calls in progress."""

_POLL = 0.001
_DESCRIPTORS = "/dev/fd"
_MOST_DESCRIPTORS = 1024

Inode = tuple[int, int]
"""Which file it is, whatever its name: its device and its number there."""


class HasConnections(Protocol):
    """Whatever keeps connections between calls."""

    def close_idle(self) -> None:
        """Close those that no call uses."""
        ...


class Use:
    """The use of a connection by one thread, from when it is taken until it is given back."""

    __slots__ = ("thread",)

    def __init__(self) -> None:
        self.thread = threading.get_ident()


class _Process:
    """What this process has open through SQLite, and whether it is forking."""

    def __init__(self) -> None:
        self.engines: WeakSet[Engine] = WeakSet()
        self.keepers: WeakSet[HasConnections] = WeakSet()
        self.inherited: dict[int, Inode] = {}
        self.pools: list[Pool] = []
        self._begin()

    def _begin(self) -> None:
        self.uses: set[Use] = set()
        self.forking: list[int] = []
        # A signal's handler may fork while its own thread is in here.
        self.lock = threading.RLock()

    def before_fork(self) -> None:
        """Let nobody begin, wait for who has begun, and close everything."""
        own = threading.get_ident()
        self.forking.append(own)
        until = time.monotonic() + LONGEST_WAIT
        # Who forks in the middle of a call of its own would wait for itself.
        while any(use.thread != own for use in list(self.uses)) and time.monotonic() < until:
            time.sleep(_POLL)
        with self.lock:
            keepers, engines = list(self.keepers), list(self.engines)
        for keeper in keepers:
            keeper.close_idle()
        for engine in engines:
            if not _is_in_memory(engine):
                # Connections that are taken from it come back to the same pool, for the next fork.
                engine.pool.dispose()

    def after_in_parent(self) -> None:
        """Let the calls begin."""
        with suppress(ValueError):
            self.forking.remove(threading.get_ident())

    def after_in_child(self) -> None:
        """Begin anew: no other thread is here, and what is open is the parent's."""
        self._begin()
        self.inherited = _open_files()
        for engine in list(self.engines):
            # The old pool's locks may be held for ever, and closing what it holds would touch it.
            self.pools.append(engine.pool)
            engine.dispose(close=False)


_process = _Process()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_process.before_fork,
        after_in_parent=_process.after_in_parent,
        after_in_child=_process.after_in_child,
    )


def keep_engine(engine: Engine) -> None:
    """Empty the engine's pool at each fork."""
    with _process.lock:
        _process.engines.add(engine)


def keep_connections(keeper: HasConnections) -> None:
    """Close the keeper's connections at each fork."""
    with _process.lock:
        _process.keepers.add(keeper)


def begin_use() -> Use:
    """Say that a connection is about to be used: no fork happens before `end_use`. Waits while
    another thread forks."""
    use = Use()
    while True:
        _process.uses.add(use)
        # A fork looks at the uses after it has said that it is coming: one of both sees the other.
        if not _process.forking or use.thread in _process.forking:
            return use
        _process.uses.discard(use)
        deadline.pause(_POLL)


def end_use(use: Use) -> None:
    """Say that the connection is used no more."""
    _process.uses.discard(use)


@contextmanager
def no_fork() -> Iterator[None]:
    """Let no fork happen in between."""
    use = begin_use()
    try:
        yield
    finally:
        end_use(use)


def require_own(path: Path) -> None:
    """Raise `ConfigurationError` if this process has inherited an open handle of the file from its
    parent."""
    if not _process.inherited:
        return
    inode = inode_at(str(path))
    if any(
        inherited == inode and _file_of(descriptor) == inode
        for descriptor, inherited in _process.inherited.items()
    ):
        raise ConfigurationError(
            f"{path}: when this process was forked, its parent was using the file, and SQLite's "
            "locks do not survive that. Open the store in a process that is started by spawn or "
            "forkserver, or fork while nothing but chatstore's stores has the file open"
        )


def inode_at(path: str) -> Inode | None:
    """Which file is at `path`; None if there is none."""
    try:
        found = os.stat(path)  # noqa: PTH116  half as fast by a Path, and in every call
    except (FileNotFoundError, NotADirectoryError):
        return None
    return found.st_dev, found.st_ino


def _is_in_memory(engine: Engine) -> bool:
    return engine.url.database == ":memory:"


def _open_files() -> dict[int, Inode]:
    """The files that this process has open, by their descriptors."""
    try:
        numbers = [int(name) for name in os.listdir(_DESCRIPTORS)]  # noqa: PTH208  no Path needed
    except OSError:
        numbers = list(range(_MOST_DESCRIPTORS))
    found = ((number, _file_of(number)) for number in numbers)
    return {number: inode for number, inode in found if inode is not None}


def _file_of(descriptor: int) -> Inode | None:
    """Which file a descriptor has open; None if it has none."""
    try:
        found = os.fstat(descriptor)
    except OSError:
        return None
    return (found.st_dev, found.st_ino) if stat.S_ISREG(found.st_mode) else None
