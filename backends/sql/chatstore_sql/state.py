"""A session's preferences, metadata and status, changed by a patch."""

from chatstore.engine import Patch, json_text, merge_patch
from chatstore.models import JsonObject
from chatstore_sql.columns import SessionRow
from chatstore_sql.rows import read_map


def patched(backend: str, row: SessionRow, patch: Patch) -> SessionRow:
    """The row with the patch merged into it."""
    if patch.is_empty:
        return row

    def merged(column: str, text: str, changes: JsonObject) -> str:
        if not changes:
            return text
        stored = read_map(backend, row.session_id, column, text)
        return json_text(merge_patch(column, stored, changes))

    return row._replace(
        user_preferences=merged("user_preferences", row.user_preferences, patch.user_preferences),
        metadata=merged("metadata", row.metadata, patch.metadata),
        session_status=patch.session_status or row.session_status,
    )
