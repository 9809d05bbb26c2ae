"""Chunks: some messages in a row, as one compressed item of the history table. Pure.

A chunk is known by the life of its session, `historyId`, and the position of its first message. Its
edition `e` is the session's number of `edits` at which it was cut out of the item: where chunks
overlap, what has the later edition holds.
"""

import json
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from chatstore.errors import CorruptSessionError
from chatstore.models import JsonObject
from chatstore.values.json_values import json_bytes
from chatstore_dynamodb.attribute_values import Item
from chatstore_dynamodb.items import BACKEND, HISTORY_ID

POSITION = "position"
EDITION = "e"
WRITTEN_AT = "writtenAt"
"""In a chunk that was written before its session could be seen: when that was, in Unix seconds."""

MOST_MESSAGES = 50
"""How many messages a chunk has at most: so a reader knows how far back those may begin that reach
to a position."""

MOST_BYTES = 200_000
"""How much the messages of a chunk weigh at most, unless it is one alone: within an item's 400 KB,
however badly they compress."""


class Life(NamedTuple):
    """One life of a session with history, and whose it is."""

    history_id: str
    session_id: str
    user_id: str


class Chunk(NamedTuple):
    """Some messages in a row."""

    position: int
    edition: int
    messages: Sequence[JsonObject]

    @property
    def end(self) -> int:
        """The position after the last of its messages."""
        return self.position + len(self.messages)


def chunk_key(history_id: str, position: int) -> Item:
    """The primary key of a chunk."""
    return {HISTORY_ID: {"S": history_id}, POSITION: {"N": str(position)}}


def chunk_item(life: Life, chunk: Chunk, written_at: int | None = None) -> Item:
    """A chunk as it is stored."""
    return {
        **chunk_key(life.history_id, chunk.position),
        "sessionId": {"S": life.session_id},
        "userId": {"S": life.user_id},
        EDITION: {"N": str(chunk.edition)},
        "messages": {"B": zlib.compress(json_bytes(chunk.messages))},
        **({} if written_at is None else {WRITTEN_AT: {"N": str(written_at)}}),
    }


def read_chunk(session_id: str, item: Mapping[str, Any]) -> Chunk:
    """A stored chunk. Raises `CorruptSessionError` if it can't be read."""
    try:
        messages = json.loads(zlib.decompress(item["messages"]["B"]))
        if isinstance(messages, list) and all(isinstance(each, dict) for each in messages):
            return Chunk(int(item[POSITION]["N"]), int(item[EDITION]["N"]), messages)
    except (KeyError, TypeError, ValueError, zlib.error, RecursionError):
        # What was wrong with it may quote what is stored.
        pass
    position = item.get(POSITION, {}).get("N")
    raise CorruptSessionError(
        BACKEND, session_id, f"the chunk of its history at position {position} can't be read"
    )


def chunks_of(
    position: int, edition: int, messages: Iterable[tuple[JsonObject, int]]
) -> Iterator[Chunk]:
    """Messages in a row, each with its weight, as chunks from a position on."""
    taken: list[JsonObject] = []
    room = MOST_BYTES
    for document, weight in messages:
        if taken and (len(taken) == MOST_MESSAGES or weight > room):
            yield Chunk(position, edition, taken)
            position, taken, room = position + len(taken), [], MOST_BYTES
        taken.append(document)
        room -= weight
    if taken:
        yield Chunk(position, edition, taken)


class Coverage(NamedTuple):
    """What some chunks have at the positions that are asked for."""

    messages: Mapping[int, JsonObject]
    is_torn: bool
    """Whether a chunk ends within another one: which of them holds is told by their editions as
    long as none was removed."""


def coverage(chunks: Iterable[Chunk], wanted: range) -> Coverage:
    """At each position the message of the latest edition."""
    found: dict[int, JsonObject] = {}
    is_torn = False
    for chunk in sorted(chunks, key=lambda each: each.edition):
        for position in range(max(chunk.position, wanted.start), min(chunk.end, wanted.stop)):
            is_torn = is_torn or position in found
            found[position] = chunk.messages[position - chunk.position]
    return Coverage(found, is_torn)
