"""Sessions in PostgreSQL. Whoever imports this needs psycopg 3."""

from chatstore_sql.postgresql.store import PostgreSQLSessionStore

__all__ = ["PostgreSQLSessionStore"]
