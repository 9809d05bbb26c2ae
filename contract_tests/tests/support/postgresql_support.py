"""PostgreSQL for tests: one schema for each process of them, emptied for each test."""

import atexit
from dataclasses import replace
from functools import cache
from uuid import uuid4

import legs
from chatstore_sql.postgresql.address import Address, read_url
from chatstore_sql.postgresql.harness import PostgreSQLHarness


def real_postgresql(leg: str = "postgresql") -> PostgreSQLHarness:
    """A harness on the real server of a leg, with nothing stored there. One at a time."""
    return PostgreSQLHarness(leg, _address_of(leg), owned=False)


def own_schema(leg: str = "postgresql") -> PostgreSQLHarness:
    """A harness with a schema that no other test has."""
    return PostgreSQLHarness(leg, _new_address(leg))


@cache
def _address_of(leg: str) -> Address:
    address = _new_address(leg)
    maker = PostgreSQLHarness(leg, address)
    atexit.register(maker.close)
    return address


def _new_address(leg: str) -> Address:
    return replace(read_url(legs.url_of(leg)), schema_name=f"test_{uuid4().hex}")
