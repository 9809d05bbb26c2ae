"""What a cache saves, and what it costs when it is down.

    python benchmarks/cache.py PRIMARY_URL CACHE_URL

For the figures of the documents: DynamoDB Local and Redis, by `eval "$(scripts/servers env)"`. The
primary's table must be there: `chatstore schema apply`.
"""

import functools
import random
import statistics
import sys
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from chatstore import CachedSessionStore, MaintainedSessionStore, Message, open_store

ROUNDS = 20
CALLS = 50
TURNS = 1_000
_DOWN = "redis://127.0.0.1:1"


class Counted:
    """A primary whose calls are counted."""

    def __init__(self, store: MaintainedSessionStore) -> None:
        self._store = store
        self.calls = 0

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._store, name)
        if not callable(found):
            return found

        def call(*arguments: Any, **options: Any) -> Any:
            self.calls += 1
            return found(*arguments, **options)

        return call


def said(content: str) -> Message:
    """A message of a brief's size."""
    return Message(type="user_query", content=content.ljust(200, "."))


def one_round(calls: Mapping[str, Callable[[], object]]) -> Mapping[str, float]:
    """The median seconds of each call, made by turns, so that a slow moment meets them all."""
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(CALLS):
        for name in random.sample(list(calls), len(calls)):
            began = time.perf_counter()
            calls[name]()
            taken[name].append(time.perf_counter() - began)
    return {name: statistics.median(each) for name, each in taken.items()}


def main(primary_url: str, cache_url: str) -> None:
    """Print the figures."""
    cache = f"{cache_url}{'&' if '?' in cache_url else '?'}prefix=bench-{uuid.uuid4()}"
    with (
        open_store(primary_url, cache="") as bare,
        open_store(primary_url, cache=cache) as cached,
        open_store(primary_url, cache=_DOWN) as alone,
    ):
        user = f"bench {uuid.uuid4()}"
        session = bare.create(user, messages=[said(str(number)) for number in range(10)])
        stores = {"bare": bare, "hit": cached, "cache down": alone}
        calls = {
            name: functools.partial(store.get, session.session_id) for name, store in stores.items()
        }
        rounds: dict[str, list[float]] = {name: [] for name in stores}
        for _ in range(ROUNDS):
            # Left alone for 5 seconds at a time: what counts is the time in between.
            for _ in range(4):
                alone.get(session.session_id)
            for name, median in one_round(calls).items():
                rounds[name].append(median)
        for name, taken in rounds.items():
            ratios = [each / base for each, base in zip(taken, rounds["bare"], strict=True)]
            print(
                f"get, {name}: {statistics.median(taken) * 1e6:.0f} µs, "
                f"{statistics.median(ratios):.3f} of the primary's own"
            )
        for name, store in stores.items():
            asked: Any = store
            if isinstance(store, CachedSessionStore):
                counted = Counted(store.primary)
                asked.primary = counted
            else:
                asked = counted = Counted(store)
            for turn in range(TURNS):
                # A turn: the history for the model, the question, the answer.
                asked.get(session.session_id)
                asked.append(session.session_id, said(f"question {turn}"))
                asked.append(session.session_id, said(f"answer {turn}"))
            print(f"{TURNS} turns, {name}: {counted.calls} requests to the primary")
        bare.delete_user(user)


if __name__ == "__main__":
    main(*sys.argv[1:3])
