"""The two tables, as SQLAlchemy describes them, and the marks that tell a file of ours."""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    text,
)

APPLICATION_ID = 0x63687374
"""What SQLite's header says of a file of ours (`PRAGMA application_id`): "chst" in ASCII."""

SCHEMA_VERSION = 1
"""The version of these tables (`PRAGMA user_version`)."""

metadata = MetaData()

# A strict table of SQLite's knows INTEGER alone, which holds 64 bits.
_COUNTER = BigInteger().with_variant(Integer(), "sqlite")

# What is small comes first: SQLite reads a row from its start, and moves the end of a long one to
# pages of its own, which a filter by ttl or a look at the ids then never touches.
sessions = Table(
    "chat_sessions",
    metadata,
    Column("session_id", Text, primary_key=True),
    Column("user_id", Text, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("updated_at", Text, nullable=False),
    Column("ttl", _COUNTER, nullable=True),
    Column("message_count", _COUNTER, nullable=False),
    Column("session_status", Text, nullable=False, server_default=text("'active'")),
    Column("version", _COUNTER, nullable=False, server_default=text("0")),
    Column("creation_id", Text, nullable=True),
    Column("user_preferences", Text, nullable=False, server_default=text("'{}'")),
    Column("metadata", Text, nullable=False, server_default=text("'{}'")),
    Column("extra", Text, nullable=True),
    sqlite_strict=True,
)
"""One row a session. `user_preferences`, `metadata` and `extra` hold JSON objects; `extra` is the
unknown attributes, NULL if there are none."""

messages = Table(
    "chat_messages",
    metadata,
    Column(
        "session_id",
        Text,
        ForeignKey(sessions.c.session_id, ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("seq", _COUNTER, primary_key=True, autoincrement=False),
    Column("message_id", Text, nullable=False),
    Column("size", Integer, nullable=False),
    Column("body", Text, nullable=False),
    # The messages of a session lie side by side, whenever they were written.
    sqlite_with_rowid=False,
    sqlite_strict=True,
)
"""One row a message of a window. `seq` is its place among the session's messages, `size` its
`stored_size`, `body` its JSON object."""

Index("chat_sessions_by_user", sessions.c.user_id, sessions.c.created_at, sessions.c.session_id)
