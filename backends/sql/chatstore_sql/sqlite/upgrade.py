"""From the tables of version 1 to those of this version: what was stored is taken over row by row.

In version 1 the messages lay under their session's id, had numbers that need not begin with their
place, and nothing on the session's row counted or weighed them.
"""

FROM_VERSION = 1

SET_ASIDE = (
    "ALTER TABLE chat_sessions RENAME TO old_sessions",
    "ALTER TABLE chat_messages RENAME TO old_messages",
    "DROP INDEX chat_sessions_by_user",
)
"""What makes room for the new tables."""

TAKE_OVER = (
    """INSERT INTO chat_sessions (session_id, user_id, created_at, updated_at, ttl, message_count,
session_status, version, creation_id, next_seq, kept, kept_weight, user_preferences, metadata,
extra)
SELECT session_id, user_id, created_at, updated_at, ttl, message_count, session_status, version,
creation_id, max(message_count, coalesce(kept, 0)), coalesce(kept, 0), coalesce(weight, 0),
user_preferences, metadata, extra
FROM old_sessions LEFT JOIN (
    SELECT session_id, count(*) AS kept,
    sum(size + length(CAST(message_id AS BLOB)) + 2) AS weight
    FROM old_messages GROUP BY session_id
) USING (session_id)
ORDER BY old_sessions.rowid""",
    """INSERT INTO chat_messages (life, seq, message_id, size, body)
SELECT life, next_seq - kept + row_number() OVER (PARTITION BY session_id ORDER BY seq) - 1,
message_id, size, body
FROM chat_sessions JOIN old_messages USING (session_id)
ORDER BY life, seq""",
    "DROP TABLE old_messages",
    "DROP TABLE old_sessions",
)
"""What fills the new tables, and drops the old ones."""
