"""How often a store, or any library, goes to where its data is."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from typing import Any, Protocol
from unittest.mock import patch
from urllib.parse import urlsplit

from answering_proxy import LOOPBACK, AnsweringProxy
from chatstore import MaintainedSessionStore
from chatstore.integrations.conversations import open_conversation_store
from store_urls import address_of, with_address


class Counter(Protocol):
    """What counts."""

    @property
    def requests(self) -> int:
        """How many there were so far."""


class Counted:
    """A store, and how often it went to where its data is."""

    def __init__(self, store: MaintainedSessionStore, counter: Counter) -> None:
        self.store = store
        self._counter = counter

    @property
    def requests(self) -> int:
        """How many requests there were so far."""
        return self._counter.requests


class Statements:
    """SQL statements, of every SQLite connection that is opened meanwhile."""

    def __init__(self) -> None:
        self.requests = 0
        self._lock = threading.Lock()

    def saw(self, statement: str) -> None:
        """Count one; what only asks or sets how the file is used is none."""
        if not statement.lstrip().upper().startswith(("PRAGMA", "--")):
            with self._lock:
                self.requests += 1


@contextmanager
def sqlite_statements() -> Iterator[Statements]:
    """Counts the statements of all connections that any library opens within the context."""
    statements = Statements()
    connect = sqlite3.connect

    def traced(*arguments: Any, **options: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*arguments, **options)
        connection.set_trace_callback(statements.saw)
        return connection

    with ExitStack() as stack:
        for module in ("sqlite3", "sqlite3.dbapi2"):
            stack.enter_context(patch(f"{module}.connect", traced))
        yield statements


@contextmanager
def counted(url: str, *, ttl: timedelta = timedelta(days=30)) -> Iterator[Counted]:
    """A store for conversations whose requests are counted: SQL statements on SQLite; with a
    server, round trips at the socket."""
    scheme = urlsplit(url).scheme
    if scheme == "sqlite":
        with sqlite_statements() as statements, open_conversation_store(url, ttl=ttl) as store:
            yield Counted(store, statements)
        return
    proxy = AnsweringProxy(address_of(url), speaks_postgresql=scheme == "postgresql")
    with (
        proxy.running(),
        open_conversation_store(with_address(url, LOOPBACK, proxy.port), ttl=ttl) as store,
    ):
        yield Counted(store, proxy)
