"""Forks: no connection to a file crosses one.

SQLite knows which files this process has open, and with which locks, by a list in its memory. A
child inherits the list and none of the locks: what it opens then joins the inherited entry and
believes in locks that only the parent holds. Nobody sees it reading and writing, and its log may be
deleted under it. So before a fork the calls in progress are waited for and all connections are
closed; parent and child open anew, each for itself. What is open nonetheless, a child finds, and
refuses to work on that file.
"""

import os
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
from chatstore_sql.sqlite.file import Inode, inode_at, inode_of

LONGEST_WAIT = 10.0
"""How many seconds a fork waits for calls in progress."""

_POLL = 0.001
_DESCRIPTORS = "/dev/fd"
_MOST_DESCRIPTORS = 1024


class HasConnections(Protocol):
    """Whatever keeps connections between calls."""

    def close_idle(self) -> None:
        """Close those that no call uses."""
        ...


class Use:
    """The use of a connection by one thread, from when it is taken until it is given back.

    It is announced (`process.uses`), and then looked whether a fork is coming (`process.forking`,
    `wait_for_forks`). A fork says that it is coming, and then looks at the uses: one of both sees
    the other.
    """

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
        """The threads that are about to fork."""
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


process = _Process()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=process.before_fork,
        after_in_parent=process.after_in_parent,
        after_in_child=process.after_in_child,
    )


def empty_at_fork(engine: Engine) -> None:
    """Empty the engine's pool at each fork."""
    with process.lock:
        process.engines.add(engine)


def close_at_fork(keeper: HasConnections) -> None:
    """Close the keeper's idle connections at each fork."""
    with process.lock:
        process.keepers.add(keeper)


def wait_for_forks(use: Use) -> None:
    """Return once no other thread forks: the use is announced then."""
    while process.forking and use.thread not in process.forking:
        process.uses.discard(use)
        deadline.pause(_POLL)
        process.uses.add(use)


@contextmanager
def no_fork() -> Iterator[None]:
    """Let no fork happen in between."""
    use = Use()
    process.uses.add(use)
    try:
        wait_for_forks(use)
        yield
    finally:
        process.uses.discard(use)


def require_own(path: Path) -> None:
    """Raise `ConfigurationError` if this process has inherited an open handle of the file from its
    parent."""
    if not process.inherited:
        return
    inode = inode_at(str(path))
    if any(
        inherited == inode and inode_of(descriptor) == inode
        for descriptor, inherited in process.inherited.items()
    ):
        raise ConfigurationError(
            f"{path}: when this process was forked, its parent was using the file, and SQLite's "
            "locks do not survive that. Open the store in a process that is started by spawn or "
            "forkserver, or fork while nothing but chatstore's stores has the file open"
        )


def _is_in_memory(engine: Engine) -> bool:
    return engine.url.database == ":memory:"


def _open_files() -> dict[int, Inode]:
    """The files that this process has open, by their descriptors."""
    try:
        numbers = [int(name) for name in os.listdir(_DESCRIPTORS)]  # noqa: PTH208  no Path needed
    except OSError:
        numbers = list(range(_MOST_DESCRIPTORS))
    found = ((number, inode_of(number)) for number in numbers)
    return {number: inode for number, inode in found if inode is not None}
