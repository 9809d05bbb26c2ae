"""A store that loses answers, and that has its callers cancelled."""

import random
import threading
from collections.abc import Callable
from typing import Any

from chatstore import BackendUnavailableError, MaintainedSessionStore

WRITES = ("create", "append", "rewrite", "amend", "update", "delete")
READS = ("get", "iter_messages", "list_messages")


class FaultyStore:
    """`store`, but for a share of its writes the answer is lost, and as long as there is somebody
    to cancel, a share of all calls cancels them in its course."""

    def __init__(
        self, store: MaintainedSessionStore, seed: int, *, lost: float, cancelled: float
    ) -> None:
        self._store = store
        self._choose = random.Random(seed)  # noqa: S311  no secret
        self._lock = threading.Lock()
        self._shares = {"lost": lost, "cancelled": cancelled}
        self.faults = {"lost": 0, "cancelled": 0}
        self.cancel: Callable[[], object] | None = None

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._store, name)
        return self._faulty(name, attribute) if name in (*WRITES, *READS) else attribute

    def _faulty(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def faulty(*arguments: Any, **options: Any) -> Any:
            cancel = self.cancel
            if cancel is not None and self._happens("cancelled"):
                cancel()
            result = call(*arguments, **options)
            if name in WRITES and self._happens("lost"):
                raise BackendUnavailableError("no answer")
            return result

        return faulty

    def _happens(self, fault: str) -> bool:
        with self._lock:
            happens = self._choose.random() < self._shares[fault]
            self.faults[fault] += happens
            return happens
