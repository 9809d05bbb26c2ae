CREATE TABLE chat_sessions (
    session_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    ttl INTEGER,
    message_count INTEGER NOT NULL,
    session_status TEXT DEFAULT 'active' NOT NULL,
    version INTEGER DEFAULT 0 NOT NULL,
    creation_id TEXT,
    user_preferences TEXT DEFAULT '{}' NOT NULL,
    metadata TEXT DEFAULT '{}' NOT NULL,
    extra TEXT,
    PRIMARY KEY (session_id)
)
 STRICT;

CREATE INDEX chat_sessions_by_user ON chat_sessions (user_id, created_at, session_id);

CREATE TABLE chat_messages (
    session_id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    message_id TEXT NOT NULL,
    size INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (session_id, seq),
    FOREIGN KEY(session_id) REFERENCES chat_sessions (session_id) ON DELETE CASCADE
)
 WITHOUT ROWID,
 STRICT;
