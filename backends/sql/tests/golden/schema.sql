CREATE TABLE chat_leftovers (
    life INTEGER NOT NULL,
    due INTEGER NOT NULL,
    PRIMARY KEY (life)
)
 STRICT;

CREATE TABLE chat_messages (
    life INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    message_id TEXT NOT NULL,
    size INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (life, seq)
)
 WITHOUT ROWID,
 STRICT;

CREATE INDEX chat_messages_by_id ON chat_messages (life, message_id);

CREATE TABLE chat_sessions (
    life INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    session_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    ttl INTEGER,
    message_count INTEGER NOT NULL,
    session_status TEXT DEFAULT 'active' NOT NULL,
    version INTEGER DEFAULT 0 NOT NULL,
    creation_id TEXT,
    history INTEGER,
    next_seq INTEGER DEFAULT 0 NOT NULL,
    kept INTEGER DEFAULT 0 NOT NULL,
    kept_weight INTEGER DEFAULT 0 NOT NULL,
    user_preferences TEXT DEFAULT '{}' NOT NULL,
    metadata TEXT DEFAULT '{}' NOT NULL,
    extra TEXT,
    UNIQUE (session_id)
)
 STRICT;

CREATE INDEX chat_sessions_by_user ON chat_sessions (user_id, created_at, session_id);

CREATE TRIGGER chat_sessions_deleted AFTER DELETE ON chat_sessions
WHEN EXISTS (SELECT 1 FROM chat_messages WHERE life = old.life)
BEGIN
    INSERT OR REPLACE INTO chat_leftovers (life, due) VALUES (old.life, 0);
END;
