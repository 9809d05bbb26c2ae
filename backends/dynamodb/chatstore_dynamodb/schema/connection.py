"""A client for one command, and a driver's exceptions as the errors that a store's calls have."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from chatstore_dynamodb.client import new_client
from chatstore_dynamodb.client.interface import Client
from chatstore_dynamodb.errors import translate
from chatstore_dynamodb.url import Address


@contextmanager
def connected(address: Address, table_name: str) -> Iterator[Client]:
    """A client of the address's region and endpoint, closed in the end."""
    with translated(table_name):
        client = new_client(
            region=address.region, endpoint_url=address.endpoint_url, retry_mode=address.retry_mode
        )
    try:
        yield client
    finally:
        client.close()


@contextmanager
def translated(table_name: str, done: Sequence[str] = ()) -> Iterator[None]:
    """A driver's exception becomes the error that a store's calls have, with its notes, and what
    was done to other tables before."""
    try:
        yield
    except Exception as error:
        if done:
            error.add_note(f"other tables before: {'; '.join(done)}")
        known = translate(error, table_name)
        if known is None:
            raise
        for note in getattr(error, "__notes__", ()):
            known.add_note(note)
        raise known from error
