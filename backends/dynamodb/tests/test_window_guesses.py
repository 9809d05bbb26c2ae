"""A process that has seen a window, of whatever length, can append to it under any policy."""

import pytest

from chatstore import Message, RetentionPolicy
from chatstore_dynamodb import DynamoDBSessionStore

from .counting import counted
from .dynamodb_harness import TableHarness


def messages(first: int, count: int) -> list[Message]:
    return [
        Message(message_id=f"m{number}", type="user_query", content=f"{number}")
        for number in range(first, first + count)
    ]


@pytest.mark.parametrize("limit", [1, 10, 99, 150, None])
@pytest.mark.parametrize("length", [99, 150, 300, 450])
@pytest.mark.parametrize("batch", [1, 50, 100])
def test_a_window_that_was_seen_before(
    local: TableHarness, length: int, limit: int | None, batch: int
) -> None:
    """A window that was read first, of 99 messages and of many more, is appended to by a writer of
    any limit, which acknowledges it, in two requests at the most, and leaves exactly its window."""
    stored = messages(0, length)
    local.open(policy=RetentionPolicy(max_messages=None)).create(
        "ana", session_id="s", messages=stored
    )
    writer: DynamoDBSessionStore = local.open(policy=RetentionPolicy(max_messages=limit))
    writer.get("s")
    for round_ in range(2):
        new = messages(length + round_ * batch, batch)
        stored += new
        with counted(local.client) as counts:
            after = writer.append_and_get("s", *new)
        assert counts.total() <= 2
        assert after.message_count == len(stored)
        kept = stored if limit is None else stored[-limit:]
        assert [each.message_id for each in after.messages] == [each.message_id for each in kept]
