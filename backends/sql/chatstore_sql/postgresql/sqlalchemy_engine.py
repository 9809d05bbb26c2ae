"""SQLAlchemy's engine for a PostgreSQL database, and what a store must know of one."""

import math
from typing import Any
from weakref import WeakSet

from sqlalchemy import URL, Engine, QueuePool, create_engine, event

from chatstore.errors import ConfigurationError
from chatstore.runtime import deadline
from chatstore.runtime.forks import call_in_child
from chatstore.values.plain import kind_of, passes_for
from chatstore_sql.postgresql.address import Address

_IDLE_SECONDS = 30
"""After so much silence the kernel asks whether the other side is still there."""
_PROBES = 3
_UNACKNOWLEDGED_MILLISECONDS = 30_000
"""How long what was sent may go without a sign that it has arrived."""


def engine_for(address: Address) -> Engine:
    """An engine for the database at an address."""
    keep_alive = {
        "keepalives": 1,
        "keepalives_idle": _IDLE_SECONDS,
        "keepalives_interval": _IDLE_SECONDS // _PROBES,
        "keepalives_count": _PROBES,
        "tcp_user_timeout": _UNACKNOWLEDGED_MILLISECONDS,
    }
    engine = create_engine(
        URL.create(
            "postgresql+psycopg",
            username=address.user,
            password=address.password,
            host=address.host,
            port=address.port,
            database=address.database,
        ),
        connect_args={
            **keep_alive,
            **address.tls,
            "application_name": address.application_name,
            "client_encoding": "UTF8",
            "connect_timeout": address.connect_timeout,
            # A pooler may give each transaction another server, which knows no statement of ours.
            "prepare_threshold": None,
        },
        poolclass=QueuePool,
        pool_size=address.pool_size,
        # The store lends no more than these.
        max_overflow=-1,
        # What SQLAlchemy asks of a new server for its own sake is one statement less so.
        use_native_hstore=False,
    )

    @event.listens_for(engine, "do_connect")
    def in_time(
        _dialect: object, _record: object, _arguments: object, options: dict[str, Any]
    ) -> None:
        left = deadline.seconds_left(address.connect_timeout)
        options["connect_timeout"] = max(math.ceil(left or 0), 1)

    return engine


def require_engine(engine: object) -> Engine:
    """`engine`, if it is one of SQLAlchemy's for PostgreSQL by psycopg 3. Raises
    `ConfigurationError`."""
    if not passes_for(engine, Engine):
        raise ConfigurationError(
            f"a store is made of SQLAlchemy's Engine, not of {kind_of(engine)}; make one with "
            'create_engine("postgresql+psycopg://..."), or open a URL with open_store'
        )
    if (engine.dialect.name, engine.dialect.driver) != ("postgresql", "psycopg"):
        raise ConfigurationError(
            f"the engine is for {engine.dialect.name} by {engine.dialect.driver}; of SQL databases "
            "chatstore has stores for PostgreSQL, by an engine of postgresql+psycopg://, and for "
            "SQLite, by create_sqlite_engine"
        )
    _used.add(engine)
    return engine


_used: WeakSet[Engine] = WeakSet()
"""The engines that stores have been made of."""


def _empty_pools() -> None:
    """In a child: leave the parent its connections. An engine that was inherited makes new ones."""
    for engine in list(_used):
        engine.dispose(close=False)


call_in_child(_empty_pools)


def place_of(engine: Engine) -> str:
    """The engine's database, as errors name it."""
    url = engine.url
    return Address(host=url.host, port=url.port, database=url.database).place
