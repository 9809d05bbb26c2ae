"""From a URL to a store: `sqlite:///chat.db`."""

from typing import cast

from sqlalchemy import Engine, make_url
from sqlalchemy.exc import ArgumentError

from chatstore.clock import Clock
from chatstore.errors import ConfigurationError
from chatstore.policy import RetentionPolicy
from chatstore_sql.engine import MEMORY, Synchronous, create_sqlite_engine
from chatstore_sql.store import SQLSessionStore

_FORMS = "sqlite:///relative.db, sqlite:////absolute.db or sqlite:// (in memory)"


class _OwningStore(SQLSessionStore):
    """A store that made its engine, and disposes of it."""

    def __init__(self, engine: Engine, *, policy: RetentionPolicy, clock: Clock) -> None:
        self._engine = engine
        super().__init__(engine, policy=policy, clock=clock)

    def _close(self) -> None:
        super()._close()
        self._engine.dispose()


def open_url(url: str, *, policy: RetentionPolicy, clock: Clock) -> SQLSessionStore:
    """Open `sqlite:///relative.db`, `sqlite:////absolute.db` or, in memory, `sqlite://`.

    The query may hold `synchronous=full` (the default) or `normal`, and `timeout=` in seconds.
    Raises `ConfigurationError` for anything else, and what `SQLSessionStore` raises.
    """
    engine = _engine(url)
    try:
        return _OwningStore(engine, policy=policy, clock=clock)
    except BaseException:
        engine.dispose()
        raise


def _engine(url: str) -> Engine:
    try:
        parts = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise ConfigurationError(f"the URL can't be read; one looks like {_FORMS}") from error
    if parts.host or parts.port or parts.username or parts.password:
        raise ConfigurationError(
            f"an sqlite URL names a file and no host: {_FORMS}, with three slashes or four"
        )
    unknown = sorted(parts.query.keys() - {"synchronous", "timeout"})
    if unknown:
        raise ConfigurationError(
            f"{unknown[0]}: no such option; an sqlite URL has synchronous and timeout"
        )
    for name, value in parts.query.items():
        if not isinstance(value, str):
            raise ConfigurationError(f"{name} is given twice; give it once")
    synchronous = str(parts.query.get("synchronous", "full")).lower()
    return create_sqlite_engine(
        parts.database or MEMORY,
        synchronous=cast("Synchronous", synchronous),
        timeout=_seconds(str(parts.query.get("timeout", "30"))),
    )


def _seconds(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ConfigurationError(f"timeout={text}: it is a number of seconds") from None
