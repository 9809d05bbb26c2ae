"""A store over which some answers never arrive, though what was asked for was done."""

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, Protocol, cast
from urllib.parse import urlsplit

from answering_proxy import LOOPBACK, AnsweringProxy
from chatstore import BackendUnavailableError, MaintainedSessionStore
from chatstore.integrations.conversations import open_conversation_store
from store_urls import address_of, with_address

_WRITES = ("create", "append", "append_and_get", "rewrite", "amend", "update", "delete")
_THROUGH_A_PROXY = ("redis", "dynamodb", "postgresql")
"""A cluster's nodes tell their own addresses, which lead past a proxy."""


class LossyStore(Protocol):
    """A store over which answers are lost, and how many were."""

    @property
    def store(self) -> MaintainedSessionStore:
        """The store."""

    @property
    def lost(self) -> int:
        """How many answers were dropped so far."""


@contextmanager
def lossy_store(
    url: str, *, share: float = 0.05, seed: int = 1, ttl: timedelta = timedelta(days=30)
) -> Iterator[LossyStore]:
    """A store for conversations of which a share of the answers is lost after the write happened.

    With a server, a proxy closes the connection in the answer's place; it can't tell a read from a
    write, and loses the same share of both. With a file or a cluster, the call of a write raises
    the error that a caller sees then.
    """
    dice = random.Random(seed)  # noqa: S311  no secret, and the same each time
    if urlsplit(url).scheme not in _THROUGH_A_PROXY:
        with open_conversation_store(url, ttl=ttl) as opened:
            yield _Forgetting(opened, lambda: dice.random() < share)
        return
    speaks_postgresql = urlsplit(url).scheme == "postgresql"
    proxy = AnsweringProxy(address_of(url), speaks_postgresql=speaks_postgresql)
    with (
        proxy.running(),
        open_conversation_store(with_address(url, LOOPBACK, proxy.port), ttl=ttl) as opened,
    ):
        opened.ping()
        proxy.loses = lambda: dice.random() < share
        try:
            yield _Proxied(opened, proxy)
        finally:
            proxy.loses = lambda: False


class _Proxied:
    def __init__(self, store: MaintainedSessionStore, proxy: AnsweringProxy) -> None:
        self.store = store
        self._proxy = proxy

    @property
    def lost(self) -> int:
        return self._proxy.lost


class _Forgetting:
    """Is the store as well: what is not a write goes through to it."""

    def __init__(self, inner: MaintainedSessionStore, loses: Callable[[], bool]) -> None:
        self.lost = 0
        self._inner = inner
        self._loses = loses
        self._lock = threading.Lock()

    @property
    def store(self) -> MaintainedSessionStore:
        return cast("MaintainedSessionStore", self)

    def __getattr__(self, name: str) -> Any:
        member = getattr(self._inner, name)
        return self._forgetting(member) if name in _WRITES else member

    def _forgetting(self, call: Callable[..., object]) -> Callable[..., object]:
        def called(*arguments: Any, **options: Any) -> object:
            result = call(*arguments, **options)
            with self._lock:
                is_lost = self._loses()
                self.lost += is_lost
            if is_lost:
                raise BackendUnavailableError("the answer was lost")
            return result

        return called
