"""A store in memory, and its URL."""

from typing import Any, cast

from chatstore.clock import Clock, utc_now
from chatstore.errors import ConfigurationError
from chatstore.memory.engine import MemoryEngine, MemoryStorage
from chatstore.policy import RetentionPolicy
from chatstore.runtime.deadline import DEFAULT_DEADLINE, read_deadline
from chatstore.store.base import BaseSessionStore
from chatstore.values.plain import passes_for


class MemorySessionStore(BaseSessionStore):
    """Sessions in a dict. Give several stores one `MemoryStorage` to let them share it.

    Nothing here waits, so the `deadline` of a call counts only behind an `AsyncSessionStore` or a
    cache.
    """

    engine: MemoryEngine  # pyright: ignore[reportIncompatibleVariableOverride]  it is set once

    def __init__(
        self,
        storage: MemoryStorage | MemoryEngine | None = None,
        *,
        policy: RetentionPolicy | None = None,
        clock: Clock = utc_now,
        deadline: float = DEFAULT_DEADLINE,
    ) -> None:
        own = storage if passes_for(storage, MemoryEngine) else MemoryEngine(cast("Any", storage))
        super().__init__(own, policy=policy, clock=clock, deadline=deadline)


def open_url(url: str, *, policy: RetentionPolicy, clock: Clock) -> MemorySessionStore:
    """A fresh, empty store for `memory://`, with `?deadline=` in seconds if that is given."""
    place, _, query = url.partition("?")
    name, _, seconds = query.partition("=")
    if place != "memory://" or name not in ("", "deadline"):
        raise ConfigurationError(
            "the URL of a store in memory is memory:// alone, or memory://?deadline=10"
        )
    chosen = read_deadline(seconds) if name else DEFAULT_DEADLINE
    return MemorySessionStore(policy=policy, clock=clock, deadline=chosen)
