"""The contract's view of a PostgreSQL database: in a schema of its own, which is removed
afterwards."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from typing import Any
from uuid import uuid4

import psycopg

from chatstore import BackendError, Clock, JsonObject, RetentionPolicy, utc_now
from chatstore.values.json_values import json_text, stored_size
from chatstore_contract_tests import Harness
from chatstore_contract_tests.namespaces import FreshHarness, namespace_is_taken
from chatstore_sql.foreign_columns import foreign_columns
from chatstore_sql.postgresql.address import Address, read_url, require_schema_name
from chatstore_sql.postgresql.engine import PostgreSQLEngine
from chatstore_sql.postgresql.errors import translate
from chatstore_sql.postgresql.names import quoted
from chatstore_sql.postgresql.schema.apply import apply
from chatstore_sql.postgresql.sqlalchemy_engine import engine_for
from chatstore_sql.postgresql.store import PostgreSQLSessionStore


class PostgreSQLHarness(Harness):
    """Stores in one schema, and a connection behind their back. With `owned` the schema is made
    here, and removed at the end; else it is there, and is emptied."""

    def __init__(self, name: str, address: Address, *, owned: bool = True) -> None:
        self.name = name
        self.address = address
        self.schema = quoted(address.schema_name)
        self._owned = owned
        self._stores: list[PostgreSQLSessionStore] = []
        self._engine = engine_for(address)
        self._behind = connected(address)
        if owned:
            engine = PostgreSQLEngine(self._engine, schema_name=address.schema_name)
            apply(engine.database, address.schema_name)
            engine.close()
        else:
            for table in ("chat_sessions", "chat_messages", "chat_leftovers"):
                self.run(f"DELETE FROM {self.schema}.{table}")

    def open(
        self, *, policy: RetentionPolicy | None = None, clock: Clock = utc_now
    ) -> PostgreSQLSessionStore:
        store = PostgreSQLSessionStore(
            self._engine, schema=self.address.schema_name, policy=policy, clock=clock
        )
        self._stores.append(store)
        return store

    def raw_write(self, document: JsonObject) -> None:
        messages = document.get("messages", [])
        columns = foreign_columns(document)
        names, places = ", ".join(columns), ", ".join(["%s"] * len(columns))
        ((life,),) = self.run(
            f"INSERT INTO {self.schema}.chat_sessions ({names}) VALUES ({places}) RETURNING life",
            *columns.values(),
        )
        for seq, message in enumerate(messages):
            given = (life, seq, message["messageId"], stored_size(message), json_text(message))
            self.run(
                f"INSERT INTO {self.schema}.chat_messages VALUES (%s, %s, %s, %s, %s)",
                *given,
            )

    def raw_read(self, session_id: str) -> object:
        found = self.run(
            f"SELECT * FROM {self.schema}.chat_sessions WHERE session_id = %s",
            session_id,
        )
        messages = self.run(
            f"SELECT m.* FROM {self.schema}.chat_messages AS m "
            f"JOIN {self.schema}.chat_sessions AS s USING (life) WHERE s.session_id = %s "
            "ORDER BY m.seq",
            session_id,
        )
        return (found, messages) if found or messages else None

    def corrupt(self, session_id: str) -> None:
        self.run(
            f"UPDATE {self.schema}.chat_sessions SET user_preferences = '[1' WHERE session_id = %s",
            session_id,
        )

    def corrupt_message(self, session_id: str) -> None:
        self.run(
            f"UPDATE {self.schema}.chat_messages SET body = '{{' WHERE (life, seq) = "
            f"(SELECT life, next_seq - 1 FROM {self.schema}.chat_sessions "
            "WHERE session_id = %s)",
            session_id,
        )

    def run(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Run one statement on a connection of its own, past every store."""
        cursor = self._behind.execute(statement.encode(), values or None)
        return cursor.fetchall() if cursor.description else []

    def close(self, *, drop: bool = True) -> None:
        for store in self._stores:
            store.close()
        self._engine.dispose()
        try:
            if self._owned and drop:
                self.run(f"DROP SCHEMA {self.schema} CASCADE")
        finally:
            self._behind.close()


def fresh_harness(name: str, url: str) -> PostgreSQLHarness:
    """A harness in a new schema of the URL's database."""
    address = replace(read_url(url), schema_name=f"test_{uuid4().hex}")
    return PostgreSQLHarness(name, address)


def connected(address: Address) -> psycopg.Connection[Any]:
    """A connection behind every store's back."""
    return psycopg.connect(
        host=address.host,
        port=address.port,
        dbname=address.database,
        user=address.user,
        password=address.password,
        connect_timeout=address.connect_timeout,
        autocommit=True,
        prepare_threshold=None,
        **address.tls,  # type: ignore[arg-type]  # libpq's own options
    )


@contextmanager
def namespace(url: str, name: str) -> Iterator[FreshHarness]:
    """For `chatstore contract`: a schema for each test, whose name begins with `name`. The URL's
    own schema is not used."""
    address = read_url(url)
    first = require_schema_name(name)
    numbers = count()
    try:
        with connected(address) as connection:
            taken = connection.execute(
                "SELECT nspname FROM pg_namespace WHERE starts_with(nspname, %s)", [f"{first}_"]
            ).fetchall()
            if taken:
                raise namespace_is_taken(name, f"there is a schema {taken[0][0]}")
        yield lambda: PostgreSQLHarness(
            "postgresql", replace(address, schema_name=f"{first}_{next(numbers)}")
        )
    except psycopg.Error as error:
        raise translate(error, address.place) or BackendError(address.place) from error
