"""chatstore on SQLite, the embedded default."""

from chatstore_sql.sqlite.sqlalchemy_engine import create_sqlite_engine
from chatstore_sql.store import SQLSessionStore

__all__ = ["SQLSessionStore", "create_sqlite_engine"]
