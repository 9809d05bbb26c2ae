"""Messages in chunks, for what is written by many transactions."""

from collections.abc import Iterator

from chatstore.engine import StoredMessage
from chatstore.errors import BackendUnavailableError

RESERVED_SECONDS = 86_400
"""After so long, whoever purges erases what was written of a session that is none yet."""
CHUNK = 500
"""How many messages one transaction writes."""
CHUNK_BYTES = 1_000_000
"""How much they may weigh together, unless it is one alone."""


def purged_meanwhile(place: str) -> BackendUnavailableError:
    """The error for a restore whose first chunks were purged before it had its last."""
    return BackendUnavailableError(
        f"{place}: the restore of this session took longer than a day, and what it had written was "
        "purged; send the call again"
    )


def chunks(messages: Iterator[StoredMessage]) -> Iterator[list[StoredMessage]]:
    """The messages in chunks; the last one may be empty."""
    chunk: list[StoredMessage] = []
    weight = 0
    for message in messages:
        if len(chunk) == CHUNK or (chunk and weight + message.weight > CHUNK_BYTES):
            yield chunk
            chunk, weight = [], 0
        chunk.append(message)
        weight += message.weight
    yield chunk
