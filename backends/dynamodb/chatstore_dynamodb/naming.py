"""The names of tables that go together."""

SESSIONS = "sessions"
HISTORY = "history"


def history_table_of(table_name: str) -> str:
    """The history table beside a table of sessions, unless another one is named:
    `trinity-chat-history-dev` beside `trinity-chat-sessions-dev`."""
    before, found, after = table_name.rpartition(SESSIONS)
    return f"{before}{HISTORY}{after}" if found else f"{table_name}-{HISTORY}"
