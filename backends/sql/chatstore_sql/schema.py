"""The tables, as SQLAlchemy describes them, and the marks that tell a file of ours."""

from sqlalchemy import BigInteger, Column, Index, Integer, MetaData, Table, Text, text

APPLICATION_ID = 0x63687374
"""What SQLite's header says of a file of ours (`PRAGMA application_id`): "chst" in ASCII."""

SCHEMA_VERSION = 2
"""The version of these tables (`PRAGMA user_version`)."""

metadata = MetaData()

# A strict table of SQLite's knows INTEGER alone, which holds 64 bits.
_COUNTER = BigInteger().with_variant(Integer(), "sqlite")

# What is small comes first: SQLite reads a row from its start, and moves the end of a long one to
# pages of its own, which a filter by ttl or a look at the ids then never touches.
sessions = Table(
    "chat_sessions",
    metadata,
    Column("life", _COUNTER, primary_key=True),
    Column("session_id", Text, nullable=False, unique=True),
    Column("user_id", Text, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("updated_at", Text, nullable=False),
    Column("ttl", _COUNTER, nullable=True),
    Column("message_count", _COUNTER, nullable=False),
    Column("session_status", Text, nullable=False, server_default=text("'active'")),
    Column("version", _COUNTER, nullable=False, server_default=text("0")),
    Column("creation_id", Text, nullable=True),
    Column("history", _COUNTER, nullable=True),
    Column("next_seq", _COUNTER, nullable=False, server_default=text("0")),
    Column("kept", _COUNTER, nullable=False, server_default=text("0")),
    Column("kept_weight", _COUNTER, nullable=False, server_default=text("0")),
    Column("user_preferences", Text, nullable=False, server_default=text("'{}'")),
    Column("metadata", Text, nullable=False, server_default=text("'{}'")),
    Column("extra", Text, nullable=True),
    # A life that has ended is never another session's: its messages may still be there.
    sqlite_autoincrement=True,
    sqlite_strict=True,
)
"""One row a session. `life` is the number of the session's life, under which its messages lie: the
`kept` newest of them, weighing `kept_weight` together, and the next one gets `next_seq`.
`user_preferences`, `metadata` and `extra` hold JSON objects; `extra` is the unknown attributes,
NULL if there are none."""

messages = Table(
    "chat_messages",
    metadata,
    Column("life", _COUNTER, primary_key=True, autoincrement=False),
    Column("seq", _COUNTER, primary_key=True, autoincrement=False),
    Column("message_id", Text, nullable=False),
    Column("size", Integer, nullable=False),
    Column("body", Text, nullable=False),
    # The messages of a session lie side by side, whenever they were written.
    sqlite_with_rowid=False,
    sqlite_strict=True,
)
"""One row a message that is kept. `seq` is its place in its life, without gaps, `size` its
`stored_size`, `body` its JSON object."""

leftovers = Table(
    "chat_leftovers",
    metadata,
    Column("life", _COUNTER, primary_key=True, autoincrement=False),
    Column("due", _COUNTER, nullable=False),
    sqlite_strict=True,
)
"""One row a life that is no session's, but of which messages may be left: they are erased from
`due` on, in Unix seconds."""

Index("chat_sessions_by_user", sessions.c.user_id, sessions.c.created_at, sessions.c.session_id)
Index("chat_messages_by_id", messages.c.life, messages.c.message_id)

TRIGGER = """CREATE TRIGGER chat_sessions_deleted AFTER DELETE ON chat_sessions
WHEN EXISTS (SELECT 1 FROM chat_messages WHERE life = old.life)
BEGIN
    INSERT OR REPLACE INTO chat_leftovers (life, due) VALUES (old.life, 0);
END"""
"""Whoever deletes a session's row, and not its messages first, leaves them over, to be erased at
once."""
