"""Counts the HTTP requests of a client, those that botocore sends again included."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from chatstore_dynamodb.client import Client


@contextmanager
def counted(client: Client) -> Iterator[Counter[str]]:
    """The requests that are sent inside, by operation."""
    counts: Counter[str] = Counter()

    def count(event_name: str, **_: Any) -> None:
        counts[event_name.rpartition(".")[2]] += 1

    events = client.meta.events  # type: ignore[attr-defined]
    events.register_first("before-send.dynamodb", count)
    try:
        yield counts
    finally:
        events.unregister("before-send.dynamodb", count)


@contextmanager
def answers_changed(client: Client, operation: str, change: Any) -> Iterator[None]:
    """Let `change` alter the parsed answer of an operation, as another engine might answer."""
    events = client.meta.events  # type: ignore[attr-defined]
    event = f"after-call.dynamodb.{operation}"

    def alter(parsed: dict[str, Any], **_: Any) -> None:
        change(parsed)

    events.register(event, alter)
    try:
        yield
    finally:
        events.unregister(event, alter)
