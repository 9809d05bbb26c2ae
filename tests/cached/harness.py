"""The contract's view of cached stores: the harness of any primary, with a cache in front."""

from collections.abc import Callable

from chatstore import Clock, JsonObject, MaintainedSessionStore, RetentionPolicy, utc_now
from chatstore.cached import CachedSessionStore
from chatstore.caching import SessionCache
from chatstore_contract_tests import Harness

MAX_STALENESS = 3600.0
"""Longer than any test: what the cache was not told, it would show."""


class CachedHarness(Harness):
    """Cached stores over the stores of `primary`, each with a client of the cache that `connect`
    makes. `drop` loses what the cache holds of a session, as those who write behind the stores'
    back must."""

    def __init__(
        self,
        name: str,
        primary: Harness,
        *,
        connect: Callable[[], SessionCache],
        drop: Callable[[str], None],
        pause: float = 5.0,
    ) -> None:
        self.name = name
        self.primary = primary
        self._connect = connect
        self._drop = drop
        self._pause = pause

    def open(
        self, *, policy: RetentionPolicy | None = None, clock: Clock = utc_now
    ) -> MaintainedSessionStore:
        return OpenedStore(
            self.primary.open(policy=policy, clock=clock),
            self._connect(),
            max_staleness=MAX_STALENESS,
            pause=self._pause,
        )

    def raw_write(self, document: JsonObject) -> None:
        self.primary.raw_write(document)
        self._drop(document["sessionId"])

    def raw_read(self, session_id: str) -> object:
        return self.primary.raw_read(session_id)

    def corrupt(self, session_id: str) -> None:
        self.primary.corrupt(session_id)
        self._drop(session_id)

    def corrupt_message(self, session_id: str) -> None:
        self.primary.corrupt_message(session_id)
        self._drop(session_id)

    def settle(self) -> None:
        self.primary.settle()

    def close(self) -> None:
        self.primary.close()


class OpenedStore(CachedSessionStore):
    """A cached store that closes its primary."""

    def close(self) -> None:
        super().close()
        self.primary.close()
