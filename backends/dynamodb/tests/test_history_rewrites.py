"""A rewrite of a whole history that does not come to be, or whose answer is lost."""

from datetime import timedelta
from typing import Any

import pytest

from chatstore import (
    BackendUnavailableError,
    ManualClock,
    Message,
    RetentionPolicy,
    VersionConflictError,
)

from .dynamodb_harness import TableHarness
from .faking import refusing
from .rivals import anticipated

KEEPING = RetentionPolicy(keep_history=True)


def messages(name: str) -> list[Message]:
    return [Message(type="user_query", content=f"{name}{number}") for number in range(60)]


def chunks(table: TableHarness) -> set[str]:
    """The lives that have chunks."""
    items: Any = table.client.scan(TableName=table.history.table_name)["Items"]
    return {item["historyId"]["S"] for item in items}


def test_a_rewrite_that_conflicts_leaves_no_chunk(table: TableHarness, clock: ManualClock) -> None:
    """Another writer is faster: the conflict is told, the history is as it was, and the chunks that
    were written ahead are gone."""
    store = table.open(policy=KEEPING, clock=clock)
    store.create("ana", session_id="s", messages=messages("old"))
    lives = chunks(table)

    def update() -> None:
        store.update("s", metadata={"theirs": 1})

    with (
        anticipated(table.client, "UpdateItem", update),
        pytest.raises(VersionConflictError),
    ):
        store.rewrite("s", messages("new"), if_version=1, whole=True)
    assert chunks(table) == lives
    assert len(list(store.iter_messages("s"))) == 60


def test_a_rewrite_of_unknown_outcome_keeps_its_chunks(
    local: TableHarness, clock: ManualClock
) -> None:
    """The request may still be carried out after its answer was given up: what it would need stays,
    for as long as it may be waiting, and `purge_expired` removes it a day later."""
    store = local.open(policy=KEEPING, clock=clock)
    store.create("ana", session_id="s", messages=messages("old"))
    lives = chunks(local)
    with (
        refusing(local.client, "InternalServerError", status=500, operation="UpdateItem"),
        pytest.raises(BackendUnavailableError),
    ):
        store.rewrite("s", messages("new"), if_version=1, whole=True)
    assert len(chunks(local)) == 2
    store.purge_expired()
    assert len(chunks(local)) == 2
    clock.advance(timedelta(days=1))
    store.purge_expired()
    assert chunks(local) == lives
    assert len(list(store.iter_messages("s"))) == 60
