"""From a URL to a store: `postgresql://user:password@host/database`."""

from chatstore.clock import Clock
from chatstore.policy import RetentionPolicy
from chatstore_sql.postgresql.address import Address, read_url
from chatstore_sql.postgresql.engine import PostgreSQLEngine
from chatstore_sql.postgresql.sqlalchemy_engine import engine_for
from chatstore_sql.postgresql.store import PostgreSQLSessionStore


def open_url(url: str, *, policy: RetentionPolicy, clock: Clock) -> PostgreSQLSessionStore:
    """Open `postgresql://user:password@host:5432/database`.

    What is left out, libpq finds in its own variables and files (PGHOST, PGPASSWORD, .pgpass). The
    query may hold `schema=` (chatstore), `deadline=` (10) and `connect_timeout=` (5) in seconds,
    `pool_size=` (10), the most connections of this store, `application_name=`, and for TLS libpq's
    `sslmode=`, `sslrootcert=`, `sslcert=` and `sslkey=`. It makes no connection yet. Raises
    `ConfigurationError` for anything else.
    """
    return open_address(read_url(url), policy=policy, clock=clock)


def open_address(
    address: Address, *, policy: RetentionPolicy, clock: Clock
) -> PostgreSQLSessionStore:
    """A store with an engine of its own."""
    engine = PostgreSQLEngine(
        engine_for(address),
        schema_name=address.schema_name,
        owned=True,
        connections=address.pool_size,
    )
    return PostgreSQLSessionStore(engine, policy=policy, clock=clock, deadline=address.deadline)
