"""The caller's name for sessions in an SQL database."""

from typing import Any, cast

import sqlalchemy

from chatstore.clock import Clock, utc_now
from chatstore.policy import RetentionPolicy
from chatstore.runtime.deadline import DEFAULT_DEADLINE
from chatstore.store.base import BaseSessionStore
from chatstore.values.plain import passes_for
from chatstore_sql.engine import SQLEngine


class SQLSessionStore(BaseSessionStore):
    """Sessions in the SQLite database of an engine that `create_sqlite_engine` made.

    The first session that is stored makes the file; until then the store is an empty one. An empty
    file gets its tables at once; a database that is not chatstore's, or is newer, raises
    `SchemaError`. SQLAlchemy's engine stays its maker's, and is not disposed of at `close`. Any
    number of threads may share a store, and any number of processes a file; a forked child opens a
    store of its own. `deadline`: how many seconds a call may take in all.
    """

    engine: SQLEngine

    def __init__(
        self,
        engine: sqlalchemy.Engine | SQLEngine,
        *,
        policy: RetentionPolicy | None = None,
        clock: Clock = utc_now,
        deadline: float = DEFAULT_DEADLINE,
    ) -> None:
        own = engine if passes_for(engine, SQLEngine) else SQLEngine(cast("Any", engine))
        super().__init__(own, policy=policy, clock=clock, deadline=deadline)
