"""What the operators' calls do with more than one answer holds, and with what changes under way."""

from collections.abc import Callable

import pytest

from chatstore import (
    BackendAuthError,
    InvalidCursorError,
    JsonObject,
    MaintainedSessionStore,
    ManualClock,
)
from chatstore.engine.cursor import encode_scan_cursor

from .counting import counted
from .dynamodb_harness import TableHarness
from .faking import refusing
from .rivals import anticipated

REMOVALS: dict[str, Callable[[MaintainedSessionStore], int]] = {
    "Query": lambda store: store.delete_user("ana"),
    "Scan": lambda store: store.purge_expired(),
}
"""The calls that remove what they find, by the operation that finds it."""


def session(clock: ManualClock, session_id: str = "s", **attributes: object) -> JsonObject:
    """A record of ana's that has expired."""
    return {
        "sessionId": session_id,
        "userId": "ana",
        "createdAt": "2026-02-28T10:00:00.123Z",
        "ttl": int(clock().timestamp()),
        **attributes,
    }


@pytest.mark.parametrize("operation", REMOVALS)
def test_what_several_answers_hold_is_all_removed(
    table: TableHarness, clock: ManualClock, operation: str
) -> None:
    """An answer ends after 1 MB; `delete_user` and `purge_expired` go on behind it until nothing is
    left."""
    for number in range(5):
        table.raw_write(session(clock, f"{number}", blob="x" * 390_000))
    with counted(table.client) as counts:
        REMOVALS[operation](table.open(clock=clock))
    assert counts[operation] > 1
    assert table.client.scan(TableName=table.table_name)["Items"] == []


@pytest.mark.parametrize(
    ("operation", "change"),
    [("Query", {"userId": "ben"}), ("Scan", {"ttl": 4_000_000_000})],
    ids=["went to another user", "was renewed"],
)
def test_what_changed_since_it_was_found_stays(
    table: TableHarness, clock: ManualClock, operation: str, change: JsonObject
) -> None:
    """A session that is another user's, or alive again, by the time that it would be removed is
    neither removed nor counted."""
    table.raw_write(session(clock))
    changed = session(clock) | change
    with anticipated(table.client, "DeleteItem", lambda: table.raw_write(changed)):
        assert REMOVALS[operation](table.open(clock=clock)) == 0
    stored = table.raw_read("s")
    table.raw_write(changed)
    assert stored == table.raw_read("s")


@pytest.mark.parametrize("call", REMOVALS.values(), ids=["delete_user", "purge_expired"])
def test_a_refused_removal_is_typed(
    local: TableHarness, clock: ManualClock, call: Callable[[MaintainedSessionStore], int]
) -> None:
    """Who may find sessions and not remove them is told so, instead of a count of none."""
    local.raw_write(session(clock))
    with (
        refusing(local.client, "AccessDeniedException", operation="DeleteItem"),
        pytest.raises(BackendAuthError, match="AccessDeniedException"),
    ):
        call(local.open(clock=clock))
    assert local.raw_read("s") is not None


def test_a_cursor_behind_no_possible_id(local: TableHarness) -> None:
    """A cursor whose form is right, but which names what no table could have as a key, is an
    `InvalidCursorError`, as any other that no store returned."""
    with pytest.raises(InvalidCursorError):
        local.open().scan(cursor=encode_scan_cursor(""))
