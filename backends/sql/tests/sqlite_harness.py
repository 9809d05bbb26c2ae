"""The contract's harnesses for SQLite: a file, and a database in memory."""

from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from chatstore import Clock, JsonObject, RetentionPolicy, utc_now
from chatstore.portable import json_text, stored_size
from chatstore_contract_tests import Harness
from chatstore_sql import SQLSessionStore, create_sqlite_engine, rows, statements

_KNOWN = {*rows.COLUMN_OF, "messages"}


class EngineHarness(Harness):
    """Stores over engines, and a connection behind their back."""

    def __init__(self, name: str, path: Path | str, *, synchronous: Any = "normal") -> None:
        self.name = name
        self.engine: Engine = create_sqlite_engine(path, synchronous=synchronous)
        SQLSessionStore(self.engine).close()

    def open(
        self, *, policy: RetentionPolicy | None = None, clock: Clock = utc_now
    ) -> SQLSessionStore:
        return SQLSessionStore(self.engine, policy=policy, clock=clock)

    def raw_write(self, document: JsonObject) -> None:
        messages = document.get("messages", [])
        session = {
            "sessionId": document["sessionId"],
            # The columns have defaults of their own for what is not here.
            "updatedAt": document["createdAt"],
            "messageCount": len(messages),
            **{name: value for name, value in document.items() if name in rows.COLUMN_OF},
        }
        columns = {rows.COLUMN_OF[name]: value for name, value in session.items()}
        for name in ("user_preferences", "metadata"):
            if name in columns:
                columns[name] = json_text(columns[name])
        unknown = {name: value for name, value in document.items() if name not in _KNOWN}
        if unknown:
            columns["extra"] = json_text(unknown)
        names = ", ".join(columns)
        places = ", ".join(f":{name}" for name in columns)
        self.run(f"INSERT INTO chat_sessions ({names}) VALUES ({places})", columns)  # noqa: S608
        for seq, message in enumerate(messages, 1):
            head = {"session_id": document["sessionId"], "seq": seq}
            identity = {"message_id": message["messageId"], "size": stored_size(message)}
            self.run(statements.INSERT_MESSAGE, {**head, **identity, "body": json_text(message)})

    def raw_read(self, session_id: str) -> object:
        key = {"session_id": session_id}
        session = self.run("SELECT * FROM chat_sessions WHERE session_id = :session_id", key)
        messages = self.run(
            "SELECT * FROM chat_messages WHERE session_id = :session_id ORDER BY seq", key
        )
        return (session, messages) if session or messages else None

    def corrupt(self, session_id: str) -> None:
        self.run(
            "UPDATE chat_sessions SET user_preferences = '[1' WHERE session_id = :session_id",
            {"session_id": session_id},
        )

    def corrupt_message(self, session_id: str) -> None:
        self.run(
            "UPDATE chat_messages SET body = '{' WHERE session_id = :session_id AND seq = 1",
            {"session_id": session_id},
        )

    def run(self, statement: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
        """Run one statement on a connection of its own, past every store."""
        with (
            closing(self.engine.raw_connection()) as checkout,
            closing(checkout.cursor()) as cursor,
        ):
            cursor.execute(statement, parameters)
            return list(cursor.fetchall())

    def close(self) -> None:
        self.engine.dispose()


def file_harness(directory: Path) -> EngineHarness:
    """A fresh file."""
    return EngineHarness("sqlite-file", directory / "chat.db")


def memory_harness() -> EngineHarness:
    """A fresh database in memory."""
    return EngineHarness("sqlite-memory", ":memory:")
