"""The schema of the database: what is made there, by whom, and whether it is as it must be."""

from chatstore_sql.postgresql.schema.mark import FORMAT, require_ours

__all__ = ["FORMAT", "require_ours"]
