"""`chatstore schema` on PostgreSQL: what it writes, makes, refuses and finds."""

import json
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from typer.testing import CliRunner

import legs
from chatstore import (
    BackendAuthError,
    Message,
    SchemaError,
    open_store,
)
from chatstore.cli.application import application
from chatstore_sql.postgresql.address import read_url
from chatstore_sql.postgresql.database import Database
from chatstore_sql.postgresql.engine import PostgreSQLEngine
from chatstore_sql.postgresql.harness import connected
from chatstore_sql.postgresql.names import quoted
from chatstore_sql.postgresql.schema import apply as applying
from chatstore_sql.postgresql.schema import definition, mark
from chatstore_sql.postgresql.schema.verify import differences
from chatstore_sql.postgresql.sqlalchemy_engine import engine_for
from chatstore_sql.postgresql.tables import create_tables

GOLDEN = Path(__file__).parent / "golden" / "postgresql.sql"


class Place:
    """A schema that is not there yet, and what may be done with it."""

    def __init__(self, url: str) -> None:
        self.name = f"schema_{uuid4().hex}"
        self.schema = quoted(self.name)
        self.url = f"{url}?schema={self.name}"
        self.address = replace(read_url(url), schema_name=self.name)
        self.connection = connected(self.address)
        self.engine = PostgreSQLEngine(
            engine_for(self.address), schema_name=self.name, owned=True, connections=8
        )

    @property
    def database(self) -> Database:
        return self.engine.database

    def say(self, statement: str) -> None:
        self.connection.execute(statement.encode())

    def found(self) -> list[str]:
        return [each.what for each in differences(self.database, self.name)]

    def run(self, *arguments: str) -> tuple[int, str]:
        done = CliRunner().invoke(application, ["schema", *arguments, "--url", self.url])
        return done.exit_code, done.output

    def close(self) -> None:
        self.engine.close()
        self.say(f"DROP SCHEMA IF EXISTS {self.schema} CASCADE")
        self.connection.close()


@pytest.fixture(params=["postgresql", "pgbouncer"])
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    place = Place(legs.url_of(request.param))
    yield place
    place.close()


def test_it_is_made_once(place: Place) -> None:
    """`apply` makes all, `verify` finds nothing, and a second `apply` has nothing to do."""
    code, told = place.run("verify")
    assert (code, "there are no tables" in told) == (5, True)
    code, told = place.run("apply", "--json")
    assert (code, "made the tables and their indexes" in json.loads(told)["done"]) == (0, True)
    assert place.run("verify")[0] == 0
    assert place.run("apply")[1] == "nothing to do\n"


def test_many_may_apply_at_once(place: Place) -> None:
    """Those who apply at the same time wait for each other; one of them makes the tables."""
    with ThreadPoolExecutor(4) as threads:
        done = list(threads.map(lambda _: applying.apply(place.database, place.name), range(4)))
    assert sorted(map(bool, done)) == [False, False, False, True]


def test_the_file_makes_the_same(place: Place, tmp_path: Path) -> None:
    """What `emit` writes, psql runs, and `verify` finds nothing to mend."""
    code, told = place.run("emit", "--to", str(tmp_path))
    assert code == 0
    address = place.address
    psql = subprocess.run(
        ["psql", "-v", "ON_ERROR_STOP=1", "-q", "-f", told.strip()],  # noqa: S607  wherever it is
        env={
            "PATH": "/usr/bin:/bin",
            "PGHOST": address.host or "",
            "PGPORT": str(address.port),
            "PGUSER": address.user or "",
            "PGPASSWORD": address.password or "",
            "PGDATABASE": address.database or "",
        },
        check=False,
        capture_output=True,
        text=True,
    )
    assert (psql.returncode, psql.stderr) == (0, "")
    assert place.found() == []
    assert applying.apply(place.database, place.name) == []


def test_the_tables_are_these() -> None:
    """The stored form is a decision: the statements that make the tables are the golden ones."""
    made = "".join(f"{statement};\n" for statement in create_tables("chatstore"))
    lines = [line.rstrip() for line in made.replace("\t", "    ").splitlines()]
    assert "\n".join(lines) + "\n" == GOLDEN.read_text(encoding="utf-8")


def test_what_is_not_ours_is_refused(place: Place) -> None:
    """A table of that name without our mark is left alone, and nothing else is made."""
    place.say(f"CREATE SCHEMA {place.schema}")
    place.say(f"CREATE TABLE {place.schema}.chat_messages (of_others int)")
    code, told = place.run("apply")
    assert (code, "is there and is not chatstore's" in told) == (5, True)
    tables = place.connection.execute(
        "SELECT count(*) FROM pg_tables WHERE schemaname = %s", [place.name]
    ).fetchone()
    assert tables == (1,)


def test_a_newer_format_is_refused(place: Place) -> None:
    """Tables that a newer chatstore has made are left alone."""
    applying.apply(place.database, place.name)
    place.say(definition.set_mark(place.name, mark.FORMAT + 1))
    with pytest.raises(SchemaError, match="newer chatstore"):
        applying.apply(place.database, place.name)
    with open_store(place.url) as store, pytest.raises(SchemaError, match="newer chatstore"):
        store.ping()


def test_an_older_format_is_brought_up_to_date(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From each format to the next, in one transaction; what is stored stays."""
    applying.apply(place.database, place.name)
    with open_store(place.url) as store:
        store.create("ana", session_id="s")
        steps = {mark.FORMAT: ("ALTER TABLE @schema@.chat_sessions ADD COLUMN more text",)}
        monkeypatch.setattr(definition, "MIGRATIONS", steps)
        monkeypatch.setattr(applying, "FORMAT", mark.FORMAT + 1)
        done = applying.apply(place.database, place.name)
        assert done == [f"brought the tables from format {mark.FORMAT} to {mark.FORMAT + 1}"]
        assert store.get("s").user_id == "ana"


@pytest.mark.parametrize(
    ("spoil", "finding", "is_mended"),
    [
        ("DROP INDEX {}.chat_messages_by_id", "the index chat_messages_by_id is missing", True),
        (
            'ALTER TABLE {}.chat_sessions ALTER COLUMN session_id TYPE text COLLATE "default"',
            'chat_sessions.session_id is ordered by default, and not by code points ("C")',
            False,
        ),
        (
            "ALTER TABLE {}.chat_messages SET (autovacuum_enabled = false)",
            "autovacuum is off for chat_messages",
            False,
        ),
        (
            "ALTER TABLE {}.chat_sessions DROP COLUMN extra",
            "the column chat_sessions.extra is missing",
            False,
        ),
        (
            (
                "CREATE OR REPLACE FUNCTION {}.chat_stored_size(p_value json) RETURNS bigint "
                "LANGUAGE sql AS 'SELECT 1::bigint'"
            ),
            "the function chat_stored_size is of another version",
            True,
        ),
    ],
)
def test_verify_names_each_difference(
    place: Place, spoil: str, finding: str, is_mended: bool
) -> None:
    """Each difference is found, and where `apply` is named as its remedy, it is one."""
    applying.apply(place.database, place.name)
    place.say(spoil.format(place.schema))
    assert place.found() == [finding]
    assert place.run("verify")[0] == 5
    applying.apply(place.database, place.name)
    assert (place.found() == []) is is_mended


def test_calls_without_tables_say_what_to_run(place: Place) -> None:
    """A store whose tables are not there says which command makes them."""
    with open_store(place.url) as store:
        for call in (store.ping, lambda: store.get("s"), lambda: store.create("ana")):
            with pytest.raises(SchemaError, match="chatstore schema apply"):
                call()


@legs.on("postgresql")
class TestRights:
    """What an application's own user needs."""

    def test_least_privilege_is_enough(self) -> None:
        """Rights on the tables and the schema, as the README lists them, are enough for every
        call; without them a call is `BackendAuthError`."""
        place = Place(legs.url_of("postgresql"))
        user = f"application_{uuid4().hex}"
        try:
            applying.apply(place.database, place.name)
            place.say(f"CREATE ROLE {user} LOGIN PASSWORD 'hush'")
            url = place.url.replace("chatstore:made-up@", f"{user}:hush@")
            with open_store(url) as store:
                with pytest.raises(BackendAuthError):
                    store.create("ana")
                place.say(f"GRANT USAGE ON SCHEMA {place.schema} TO {user}")
                with pytest.raises(BackendAuthError):
                    store.ping()
                place.say(
                    "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA "
                    f"{place.schema} TO {user}"
                )
                place.say(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA {place.schema} TO {user}")
                store.ping()
                message = Message(type="user", content="hello")
                session = store.create("ana", messages=[message])
                store.append(session.session_id, Message(type="user", content="more"))
                store.amend(session.session_id, message.model_copy(update={"content": "hi"}))
                store.restore(session, overwrite=True)
                store.rewrite(session.session_id, [], if_version=None)
                assert store.delete(session.session_id)
                assert store.delete_user("ana") == 0
                assert store.purge_expired() == 0
        finally:
            place.say(f"DROP OWNED BY {user}")
            place.close()
            with connected(read_url(legs.url_of("postgresql"))) as connection:
                connection.execute(f"DROP ROLE {user}".encode())

    def test_the_driver_s_exception_is_the_cause(self) -> None:
        """Nothing of the driver's escapes but as a cause."""
        url = f"{legs.url_of('postgresql')}?schema=not_there"
        with open_store(url) as store, pytest.raises(SchemaError) as raised:
            store.get("s")
        assert isinstance(raised.value.__cause__, psycopg.Error)
