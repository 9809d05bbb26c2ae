"""URLs, engines and errors of PostgreSQL."""

import socket
import time

import pytest
import sqlalchemy
from sqlalchemy import create_engine

import legs
from chatstore import (
    BackendAuthError,
    BackendUnavailableError,
    ConfigurationError,
    Message,
    open_store,
)
from chatstore_sql.postgresql import PostgreSQLSessionStore
from chatstore_sql.postgresql.address import read_url
from postgresql_support import real_postgresql

SECRET = "hush-hush"  # noqa: S105  made up


def test_what_a_url_says() -> None:
    """Every part is read, percent-encoded or not; what is left out is libpq's to find."""
    address = read_url(
        "postgresql://us%40er:p%2Fw@[::1]:5433/my%20db?schema=my_chat&pool_size=3&deadline=2"
        "&connect_timeout=7&sslmode=require&application_name=bot"
    )
    assert (address.user, address.password) == ("us@er", "p/w")
    assert (address.host, address.port, address.database) == ("::1", 5433, "my db")
    assert (address.schema_name, address.pool_size, address.deadline) == ("my_chat", 3, 2.0)
    assert (address.connect_timeout, address.application_name) == (7, "bot")
    assert address.tls == {"sslmode": "require"}
    assert address.place == "postgresql://[::1]:5433/my db"
    assert "p/w" not in repr(address)
    bare = read_url("postgresql:///db")
    assert (bare.host, bare.port, bare.user, bare.database) == (None, None, None, "db")
    socket_folder = read_url("postgresql://%2Fvar%2Frun%2Fpostgresql/db")
    assert socket_folder.host == "/var/run/postgresql"


@pytest.mark.parametrize(
    "rest",
    [
        "/db?colour=red",
        "/db?schema=Upper",
        "/db?schema=pg_mine",
        "/db?schema=a&schema=b",
        "/db?schema=",
        "/db?pool_size=0",
        "/db?connect_timeout=soon",
        "/db?deadline=never",
        "/db?sslmode=maybe",
        "/db?sslrootcert=/not/there",
        "/db?nothing",
        "/db#fragment",
        ":port/db",
    ],
)
def test_a_bad_url_is_refused_without_its_password(rest: str) -> None:
    """What can't be read is `ConfigurationError`, which never repeats a password."""
    with pytest.raises(ConfigurationError) as raised:
        open_store(f"postgresql://ana:{SECRET}@127.0.0.1{rest}")
    assert SECRET not in str(raised.value)


@pytest.mark.parametrize("scheme", ["mysql", "mysql+pymysql", "cockroachdb", "oracle", "mssql"])
def test_other_databases_are_refused(scheme: str) -> None:
    """A URL of another database of SQLAlchemy's is one clear error, which names those that
    there are."""
    with pytest.raises(ConfigurationError, match="postgresql") as raised:
        open_store(f"{scheme}://ana:{SECRET}@host/db")
    assert SECRET not in str(raised.value)


def test_other_engines_are_refused() -> None:
    """An engine of another database or driver, or what is none, is one clear error."""
    for engine in (
        create_engine("sqlite://"),
        sqlalchemy.create_mock_engine("postgresql+psycopg://", lambda *_: None),
        f"postgresql://ana:{SECRET}@host/db",
    ):
        with pytest.raises(ConfigurationError) as raised:
            PostgreSQLSessionStore(engine)  # type: ignore[arg-type]  # on purpose
        assert SECRET not in str(raised.value)


def test_nobody_there_is_unavailable() -> None:
    """A server that refuses, or never answers, is `BackendUnavailableError`, in time."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        url = f"postgresql://ana:{SECRET}@127.0.0.1:{port}/db?deadline=1"
        began = time.monotonic()
        with open_store(url) as store, pytest.raises(BackendUnavailableError) as raised:
            store.get("s")
        assert time.monotonic() - began < 5
    assert SECRET not in f"{raised.value} {raised.value.__cause__}"
    with open_store(url) as store, pytest.raises(BackendUnavailableError) as refused:
        store.get("s")
    assert SECRET not in f"{refused.value} {refused.value.__cause__}"


@legs.on("postgresql")
class TestServer:
    """What a real server says."""

    def test_a_wrong_password_is_not_repeated(self) -> None:
        """A login that fails is `BackendAuthError`, without the password."""
        url = legs.url_of("postgresql").replace("made-up", SECRET)
        with open_store(url) as store, pytest.raises(BackendAuthError) as raised:
            store.ping()
        assert SECRET not in f"{raised.value} {raised.value.__cause__} {store!r}"

    def test_a_database_that_is_not_there(self) -> None:
        """It is `ConfigurationError`."""
        url = legs.url_of("postgresql").rpartition("/")[0] + "/nowhere"
        with open_store(url) as store, pytest.raises(ConfigurationError, match="no such database"):
            store.ping()

    def test_tls_that_the_server_lacks(self) -> None:
        """`sslmode=require` at a server without TLS is `ConfigurationError`."""
        url = f"{legs.url_of('postgresql')}?sslmode=require"
        with open_store(url) as store, pytest.raises(ConfigurationError, match="TLS"):
            store.ping()

    def test_an_engine_of_the_caller_s(self) -> None:
        """The caller's engine stays the caller's: its pool gets every connection back, in no
        transaction and in the caller's own mode, and `close` leaves it open."""
        harness = real_postgresql()
        address = harness.address
        engine = create_engine(
            sqlalchemy.URL.create(
                "postgresql+psycopg",
                username=address.user,
                password=address.password,
                host=address.host,
                port=address.port,
                database=address.database,
            ),
            pool_size=1,
            max_overflow=0,
        )
        try:
            with PostgreSQLSessionStore(engine, schema=address.schema_name) as store:
                for number in range(20):
                    store.create("ana", session_id=str(number))
                    store.append(str(number), Message(type="user", content="hello"))
                    with engine.connect() as connection:
                        connection.execute(sqlalchemy.text("SELECT 1"))
                        connection.rollback()
                assert len(store.list_sessions("ana").items) == 20
            with engine.connect() as connection:
                assert connection.execute(sqlalchemy.text("SELECT 1")).scalar() == 1
        finally:
            engine.dispose()
            harness.close()
