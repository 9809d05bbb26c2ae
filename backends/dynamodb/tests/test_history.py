"""Sessions with history: the same as the reference store's, whatever is called."""

import pytest

from chatstore import ManualClock, RetentionPolicy

from .dynamodb_harness import TableHarness
from .history_model import Schedule, outcome, stores


@pytest.mark.parametrize("window", [1, 4, 10, 50])
def test_history_is_the_reference_stores(
    table: TableHarness, clock: ManualClock, window: int
) -> None:
    """Whatever is appended, rewritten, amended, merged and read: each call ends as on the reference
    store, and so does a page."""
    goes_alike(table, clock, window, largest=200)


@pytest.mark.parametrize("window", [1, 10, 50])
def test_large_messages_are_the_reference_stores(
    local: TableHarness, clock: ManualClock, window: int
) -> None:
    """The same of windows that bytes bound. Not on moto, which counts an item's bytes twice."""
    goes_alike(local, clock, window, largest=30_000)


def goes_alike(table: TableHarness, clock: ManualClock, window: int, *, largest: int) -> None:
    policy = RetentionPolicy(keep_history=True, max_messages=window)
    ours, reference = stores(table, clock, policy)
    for store in (ours, reference):
        store.create("ana", session_id="s")
    schedule = Schedule(window * largest, largest=largest)
    for step in range(60):
        name, call = schedule.call()
        assert outcome(call, ours) == outcome(call, reference), (step, name)
    walked = [[each.content for each in store.iter_messages("s")] for store in (ours, reference)]
    assert walked[0] == walked[1]
