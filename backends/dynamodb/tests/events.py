"""Handlers of botocore's events, for as long as a test needs them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from chatstore_dynamodb.client import Client


@contextmanager
def handled(client: Client, event: str, handler: Callable[..., Any]) -> Iterator[None]:
    """Call a handler, before any other, at each event of that name."""
    events = client.meta.events
    events.register_first(event, handler)
    try:
        yield
    finally:
        events.unregister(event, handler)
