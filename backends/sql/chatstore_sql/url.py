"""From a URL to a store: `sqlite:///chat.db`."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast
from urllib.parse import parse_qsl, unquote

from chatstore.clock import Clock
from chatstore.errors import ConfigurationError
from chatstore.policy import RetentionPolicy
from chatstore.runtime.deadline import DEFAULT_DEADLINE, read_deadline
from chatstore_sql.engine import SQLEngine
from chatstore_sql.sqlite.sqlalchemy_engine import MEMORY, Synchronous, create_sqlite_engine
from chatstore_sql.store import SQLSessionStore

_OPTIONS = ("synchronous", "timeout", "deadline")
_FORMS = "sqlite:///relative.db, sqlite:////absolute.db or sqlite:// (in memory)"


@dataclass(frozen=True, slots=True)
class Address:
    """Which file a URL names, and how it is to be used."""

    path: Path | None
    """None: a database in memory."""
    synchronous: Synchronous
    timeout: float
    """Seconds to wait for other writers."""
    deadline: float
    """Seconds that a call may take in all."""


def open_url(url: str, *, policy: RetentionPolicy, clock: Clock) -> SQLSessionStore:
    """Open `sqlite:///relative.db`, `sqlite:////absolute.db` or, in memory, `sqlite://`.

    Characters of the path may be percent-encoded; `?` and `%` must be. The query may hold
    `synchronous=full` (the default) or `normal`, and in seconds `timeout=` (30), the longest wait
    for other writers, and `deadline=` (10), the longest that a call may take in all. Raises
    `ConfigurationError` for anything else, and what `SQLSessionStore` raises.
    """
    address = read_url(url)
    engine = create_sqlite_engine(
        address.path or MEMORY, synchronous=address.synchronous, timeout=address.timeout
    )
    return SQLSessionStore(
        SQLEngine(engine, owned=True), policy=policy, clock=clock, deadline=address.deadline
    )


def read_url(url: str) -> Address:
    """The address that a URL names. Raises `ConfigurationError`."""
    place, _, query = url.partition("://")[2].partition("?")
    host, slash, path = place.partition("/")
    if host:
        raise ConfigurationError(
            f"an sqlite URL names a file and no host: {_FORMS}, with three slashes or four"
        )
    options = _options(query)
    file = unquote(path) if slash and path else MEMORY
    return Address(
        None if file == MEMORY else Path(file),
        cast("Synchronous", options.get("synchronous", "full").lower()),
        _seconds("timeout", options.get("timeout", "30")),
        _deadline(options.get("deadline")),
    )


def _options(query: str) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name not in _OPTIONS:
            raise ConfigurationError(
                f"{name}: no such option; an sqlite URL has {', '.join(_OPTIONS)}"
            )
        if name in found:
            raise ConfigurationError(f"{name} is given twice; give it once")
        found[name] = value
    return found


def _seconds(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ConfigurationError(f"{name}={text}: it is a number of seconds") from None


def _deadline(text: str | None) -> float:
    return DEFAULT_DEADLINE if text is None else read_deadline(text)
