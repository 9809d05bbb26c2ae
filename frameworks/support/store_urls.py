"""Which stores there are to run on: SQLite, and the servers that the environment names."""

import contextlib
import os
from functools import cache
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from chatstore_dynamodb.cli import apply as apply_tables
from chatstore_sql.postgresql.cli import apply as apply_schema

SQLITE = "sqlite"
VARIABLES = {
    "redis": "CHATSTORE_TEST_REDIS_URL",
    "redis-cluster": "CHATSTORE_TEST_REDIS_CLUSTER_URL",
    "dynamodb": "CHATSTORE_TEST_DYNAMODB_URL",
    "postgresql": "CHATSTORE_TEST_POSTGRESQL_URL",
    "pgbouncer": "CHATSTORE_TEST_PGBOUNCER_URL",
}


def store_names() -> list[str]:
    """The stores that tests run on: all there are, or the one that CHATSTORE_FRAMEWORKS_STORE
    names."""
    chosen = os.environ.get("CHATSTORE_FRAMEWORKS_STORE")
    return [chosen] if chosen else [SQLITE, *server_urls()]


def server_urls() -> dict[str, str]:
    """The URL of each server that the environment names. They are shared: whoever uses one makes
    up users and sessions that nobody else has."""
    found = {name: os.environ.get(variable, "") for name, variable in VARIABLES.items()}
    return {name: url for name, url in found.items() if url}


@cache
def prepared(url: str) -> str:
    """The URL of a store on that server that has what chatstore needs: tables of these tests' own
    on DynamoDB, a schema of their own on PostgreSQL."""
    parts = urlsplit(url)
    if parts.scheme == "dynamodb":
        tables = parts._replace(netloc="chatstore-frameworks", query=_with_history(parts.query))
        with contextlib.redirect_stdout(None):
            apply_tables(url=tables.geturl(), history=True, yes=True)
        return tables.geturl()
    if parts.scheme == "postgresql":
        schema = parts._replace(query="schema=chatstore_frameworks").geturl()
        with contextlib.redirect_stdout(None):
            apply_schema(url=schema)
        return schema
    return url


def with_address(url: str, host: str, port: int) -> str:
    """The URL of the same store, reached elsewhere."""
    parts = urlsplit(url)
    if parts.scheme == "dynamodb":
        options = dict(parse_qsl(parts.query)) | {"endpoint_url": f"http://{host}:{port}"}
        return parts._replace(query=urlencode(options, safe=":/")).geturl()
    who = parts.netloc.rpartition("@")[0]
    return parts._replace(netloc=f"{who}@{host}:{port}" if who else f"{host}:{port}").geturl()


def address_of(url: str) -> tuple[str, int]:
    """Where the server of a URL listens."""
    parts = urlsplit(url)
    if parts.scheme == "dynamodb":
        parts = urlsplit(dict(parse_qsl(parts.query))["endpoint_url"])
    if parts.hostname is None or parts.port is None:
        raise ValueError("the URL of a server that tests run on names its host and its port")
    return parts.hostname, parts.port


def _with_history(query: str) -> str:
    options = dict(parse_qsl(query)) | {"history": "chatstore-frameworks-history"}
    return urlencode(options, safe=":/", quote_via=quote)
