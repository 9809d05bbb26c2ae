"""The caller's name for sessions in PostgreSQL."""

from typing import Any, cast

import sqlalchemy

from chatstore.clock import Clock, utc_now
from chatstore.policy import RetentionPolicy
from chatstore.runtime.deadline import DEFAULT_DEADLINE
from chatstore.store.base import BaseSessionStore
from chatstore.values.plain import passes_for
from chatstore_sql.postgresql.address import DEFAULT_SCHEMA
from chatstore_sql.postgresql.engine import PostgreSQLEngine


class PostgreSQLSessionStore(BaseSessionStore):
    """Sessions in the schema `schema` of a PostgreSQL database.

    `engine` is SQLAlchemy's, of `postgresql+psycopg://`. It stays its maker's, and is not disposed
    of at `close`; each call takes a connection of its pool, and gives it back in no transaction.
    `chatstore schema apply` makes the tables: without them, calls raise `SchemaError`. Any number
    of threads may share a store; a forked child opens a store of its own. `deadline`: how many
    seconds a call may take in all.
    """

    engine: PostgreSQLEngine

    def __init__(
        self,
        engine: sqlalchemy.Engine | PostgreSQLEngine,
        *,
        schema: str = DEFAULT_SCHEMA,
        policy: RetentionPolicy | None = None,
        clock: Clock = utc_now,
        deadline: float = DEFAULT_DEADLINE,
    ) -> None:
        own = (
            engine
            if passes_for(engine, PostgreSQLEngine)
            else PostgreSQLEngine(cast("Any", engine), schema_name=schema)
        )
        super().__init__(own, policy=policy, clock=clock, deadline=deadline)
