"""Counts the HTTP requests of a client, those that botocore sends again included."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from chatstore_dynamodb.client import Client

from .events import handled


@contextmanager
def counted(client: Client) -> Iterator[Counter[str]]:
    """The requests that are sent inside, by operation."""
    counts: Counter[str] = Counter()

    def count(event_name: str, **_: Any) -> None:
        counts[event_name.rpartition(".")[2]] += 1

    with handled(client, "before-send.dynamodb", count):
        yield counts


@contextmanager
def answers_changed(client: Client, operation: str, change: Any) -> Iterator[None]:
    """Let `change` alter the parsed answer of an operation, as another engine might answer."""

    def alter(parsed: dict[str, Any], **_: Any) -> None:
        change(parsed)

    with handled(client, f"after-call.dynamodb.{operation}", alter):
        yield
