"""The contract's harnesses for SQLite: a file, and a database in memory."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from chatstore import (
    BackendError,
    Clock,
    ConfigurationError,
    JsonObject,
    RetentionPolicy,
    utc_now,
)
from chatstore.engine import message_weight
from chatstore.values.json_values import json_text, stored_size
from chatstore_contract_tests import Harness
from chatstore_contract_tests.namespaces import FreshHarness, namespace_is_taken
from chatstore_sql import SQLSessionStore, create_sqlite_engine, message_statements
from chatstore_sql.foreign_columns import foreign_columns
from chatstore_sql.sqlite.sqlalchemy_engine import Synchronous
from chatstore_sql.url import Address, read_url


class EngineHarness(Harness):
    """Stores over engines, and a connection behind their back."""

    def __init__(
        self,
        name: str,
        path: Path | str,
        *,
        synchronous: Synchronous = "normal",
        timeout: float = 30.0,
    ) -> None:
        self.name = name
        self._stores: list[SQLSessionStore] = []
        self.engine: Engine = create_sqlite_engine(path, synchronous=synchronous, timeout=timeout)
        with SQLSessionStore(self.engine) as store:
            # What the tests write behind a store's back, they write to its tables.
            store.engine.database.make()
            store.ping()

    def open(
        self, *, policy: RetentionPolicy | None = None, clock: Clock = utc_now
    ) -> SQLSessionStore:
        store = SQLSessionStore(self.engine, policy=policy, clock=clock)
        self._stores.append(store)
        return store

    def raw_write(self, document: JsonObject) -> None:
        messages = document.get("messages", [])
        columns = foreign_columns(document)
        key = {"session_id": document["sessionId"]}
        life = "(SELECT life FROM chat_sessions WHERE session_id = :session_id)"
        self.run(f"DELETE FROM chat_messages WHERE life = {life}", key)  # noqa: S608
        self.run("DELETE FROM chat_sessions WHERE session_id = :session_id", key)
        names = ", ".join(columns)
        places = ", ".join(f":{name}" for name in columns)
        insert = f"INSERT INTO chat_sessions ({names}) VALUES ({places}) RETURNING life"  # noqa: S608
        ((new_life,),) = self.run(insert, columns)
        for seq, message in enumerate(messages):
            identity = new_life, seq, message["messageId"]
            given = *identity, stored_size(message), json_text(message)
            self.run(message_statements.INSERT_MESSAGE, given)

    def raw_read(self, session_id: str) -> object:
        key = {"session_id": session_id}
        session = self.run("SELECT * FROM chat_sessions WHERE session_id = :session_id", key)
        messages = self.run(
            "SELECT chat_messages.* FROM chat_messages JOIN chat_sessions USING (life) "
            "WHERE session_id = :session_id ORDER BY seq",
            key,
        )
        return (session, messages) if session or messages else None

    def corrupt(self, session_id: str) -> None:
        self.run(
            "UPDATE chat_sessions SET user_preferences = '[1' WHERE session_id = :session_id",
            {"session_id": session_id},
        )

    def corrupt_message(self, session_id: str) -> None:
        self.run(
            "UPDATE chat_messages SET body = '{' WHERE (life, seq) = (SELECT life, next_seq - 1 "
            "FROM chat_sessions WHERE session_id = :session_id)",
            {"session_id": session_id},
        )

    def run(self, statement: str, parameters: Any) -> list[tuple[Any, ...]]:
        """Run one statement on a connection of its own, past every store."""
        with (
            closing(self.engine.raw_connection()) as checkout,
            closing(checkout.cursor()) as cursor,
        ):
            cursor.execute(statement, parameters)
            return list(cursor.fetchall())

    def close(self) -> None:
        # A test may leave a store open, and what it holds is not the engine's to close.
        for store in self._stores:
            store.close()
        self.engine.dispose()


def file_harness(directory: Path) -> EngineHarness:
    """A fresh file."""
    return EngineHarness("sqlite-file", directory / "chat.db")


def memory_harness() -> EngineHarness:
    """A fresh database in memory."""
    return EngineHarness("sqlite-memory", ":memory:")


@contextmanager
def namespace(url: str, name: str) -> Iterator[FreshHarness]:
    """For `chatstore contract`: a folder called `name` beside the URL's file, with a file for each
    test. The URL's own file is not opened, and need not exist."""
    address = read_url(url)
    if address.path is None:
        yield memory_harness
        return
    # What the URL asks for is looked at before anything is made.
    create_sqlite_engine(
        address.path, synchronous=address.synchronous, timeout=address.timeout
    ).dispose()
    if Path(name).name != name:
        raise ConfigurationError(f"namespace {name!r}: on SQLite it names one folder, without /")
    folder = address.path.parent / name
    try:
        folder.mkdir()
    except FileExistsError:
        raise namespace_is_taken(name, f"{folder} exists") from None
    except OSError as error:
        raise BackendError(f"sqlite: the folder {folder} can't be made: {error}") from error
    numbers = count()
    try:
        yield lambda: _numbered_file(folder / f"{next(numbers)}.db", address)
    finally:
        shutil.rmtree(folder)


def _numbered_file(path: Path, address: Address) -> EngineHarness:
    return EngineHarness(
        "sqlite-file", path, synchronous=address.synchronous, timeout=address.timeout
    )


def is_whole(path: Path) -> bool:
    """Whether what the sessions' rows say of their messages is true, and each message is a
    session's or left over."""
    with closing(sqlite3.connect(path)) as connection:
        lives = connection.execute("SELECT life, next_seq, kept, kept_weight FROM chat_sessions")
        for life, following, kept, weight in lives.fetchall():
            found = connection.execute(
                "SELECT seq, message_id, size FROM chat_messages WHERE life = ? ORDER BY seq",
                [life],
            ).fetchall()
            if [seq for seq, _, _ in found] != list(range(following - kept, following)):
                return False
            if sum(message_weight(message_id, size) for _, message_id, size in found) != weight:
                return False
        strays = connection.execute(
            "SELECT count(*) FROM chat_messages WHERE life NOT IN "
            "(SELECT life FROM chat_sessions UNION SELECT life FROM chat_leftovers)"
        )
        return bool(strays.fetchone() == (0,))
