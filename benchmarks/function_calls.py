"""How far a call goes: the functions it calls, the files it enters, and the moves between them.

    python benchmarks/function_calls.py [--json] [--functions NAME]

Counts are the same in each run, where times are not. To count another tree of chatstore, put its
packages first in PYTHONPATH. `--functions` lists what one call entered, such as "memory append".
"""

import argparse
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import chatstore
from chatstore import (
    CachedSessionStore,
    MaintainedSessionStore,
    MemorySessionCache,
    MemorySessionStore,
    open_store,
)
from messages import new_message

_WARM_UP = 12
"""Calls before the counted one: the window is full, and what is made once is there."""

Call = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Count:
    """What one call did."""

    functions: int
    """Calls of Python functions, chatstore's own and others."""
    built_in: int
    """Calls of functions that are written in C."""
    own: int
    """Calls of chatstore's functions."""
    files: int
    """Files of chatstore's that were entered."""
    moves: int
    """How often a function was entered from another of chatstore's files."""


class Walk:
    """What a profiler sees of one call."""

    def __init__(self) -> None:
        self.entered: Counter[str] = Counter()
        self._functions = self._built_in = self._moves = 0
        self._stack: list[str | None] = [None]
        """For each function under way, the file of chatstore's from which its work is done."""

    def count(self) -> Count:
        """The sums."""
        files = {name.partition(":")[0] for name in self.entered}
        own = self.entered.total()
        return Count(self._functions, self._built_in, own, len(files), self._moves)

    def follow(self, call: Call) -> None:
        """Make the call under the eyes of the profiler."""
        sys.setprofile(self._see)
        try:
            call()
        finally:
            sys.setprofile(None)

    def _see(self, frame: FrameType, event: str, argument: Any) -> None:
        if event == "c_call":
            # The last one ends this.
            self._built_in += argument is not sys.setprofile
        elif event == "call":
            self._functions += 1
            name, before = _file(frame), self._stack[-1]
            if name is not None:
                self.entered[f"{name}:{frame.f_code.co_qualname}"] += 1
                self._moves += before is not None and before != name
            self._stack.append(name or before)
        elif event == "return":
            self._stack.pop()


_HOME = Path(chatstore.__file__).parent.parent


def _file(frame: FrameType) -> str | None:
    """The file of chatstore's that a frame is in."""
    path = frame.f_code.co_filename
    for root in (_HOME / "chatstore", _HOME / "backends"):
        if path.startswith(f"{root}/"):
            return path.removeprefix(f"{_HOME}/")
    return None


def _nothing() -> None:
    pass


@dataclass(frozen=True, slots=True)
class Counted:
    """A call, and what comes before it uncounted."""

    call: Call
    before: Call = _nothing


def calls_of(store: MaintainedSessionStore) -> dict[str, Counted]:
    """The calls that are counted, each on a session whose window is full."""
    messages = [new_message() for _ in range(10 * _WARM_UP)]
    session_id = store.create("ana", messages=messages[:10]).session_id
    del messages[:10]
    for _ in range(25):
        store.create("ana")
    return {
        "append": Counted(lambda: store.append(session_id, messages.pop())),
        "append_and_get": Counted(lambda: store.append_and_get(session_id, messages.pop())),
        "get": Counted(lambda: store.get(session_id)),
        "list_sessions": Counted(lambda: store.list_sessions("ana")),
    }


def calls_of_cached(primary: MaintainedSessionStore) -> dict[str, Counted]:
    """The same of a cached store, where `get` meets a snapshot (a hit), or none (a miss)."""
    cache = MemorySessionCache()
    calls = calls_of(CachedSessionStore(primary, cache))
    read = calls.pop("get")
    return {**calls, "hit": read, "miss": Counted(read.call, cache.forget)}


@contextmanager
def every_call() -> Iterator[dict[str, Counted]]:
    """The calls of all stores, by name."""
    with (
        tempfile.TemporaryDirectory() as folder,
        open_store(f"sqlite:///{folder}/chat.db", cache="") as sqlite,
    ):
        stores = {
            "memory": calls_of(MemorySessionStore()),
            "SQLite": calls_of(sqlite),
            "cached memory": calls_of_cached(MemorySessionStore()),
            "cached SQLite": calls_of_cached(sqlite),
        }
        yield {
            f"{store} {name}": call
            for store, calls in stores.items()
            for name, call in calls.items()
        }


def walk(counted: Counted) -> Walk:
    """Follow one call, after some that only warm up."""
    for _ in range(_WARM_UP):
        counted.before()
        counted.call()
    seen = Walk()
    counted.before()
    seen.follow(counted.call)
    return seen


def main() -> None:
    """Print the counts."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    options.add_argument("--json", action="store_true", help="for programs")
    options.add_argument("--functions", metavar="NAME", help="what one call entered, by file")
    chosen = options.parse_args()
    with every_call() as calls:
        if chosen.functions:
            entered = walk(calls[chosen.functions]).entered
            for name in sorted(entered):
                sys.stdout.write(f"{entered[name]:5} {name}\n")
            return
        counts = {name: walk(each).count() for name, each in calls.items()}
    if chosen.json:
        json.dump({name: asdict(count) for name, count in counts.items()}, sys.stdout, indent=1)
        sys.stdout.write("\n")
        return
    names = Count.__slots__
    sys.stdout.write("".join([f"{'':24}", *(f"{name:>11}" for name in names), "\n"]))
    for name, count in counts.items():
        cells = [f"{getattr(count, each):11}" for each in names]
        sys.stdout.write("".join([f"{name:24}", *cells, "\n"]))


if __name__ == "__main__":
    main()
