"""`delete` beside another writer, whose writes come between any two of its requests."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chatstore import Message, VersionConflictError
from chatstore_dynamodb import DynamoDBSessionStore

from .counting import counted
from .dynamodb_harness import TableHarness
from .events import handled

WRITES = ("append", "update", "delete", "create", "rest")


def take_step(store: DynamoDBSessionStore, step: str) -> None:
    match step:
        case "append":
            store.append("s", Message(type="user_query", content="theirs"))
        case "update":
            store.update("s", metadata={"a": 1})
        case "delete":
            store.delete("s")
        case "create":
            store.create("ana", session_id="s")
        case _:
            pass


@settings(
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    steps=st.lists(st.sampled_from(["append", "update", "rest"]), max_size=8),
    asked=st.integers(1, 4),
    version=st.integers(1, 3),
)
def test_a_living_session_is_never_said_to_be_missing(
    local: TableHarness, steps: list[str], asked: int, version: int
) -> None:
    """A session that lives throughout, whatever another writer does to it before each request of
    ours: it is deleted, or it is of another version; never "there is none"."""
    store, theirs = local.open(), local.open()
    store.delete("s")
    store.create("ana", session_id="s")
    for _ in range(version - 1):
        theirs.update("s")
    ahead = list(steps)
    busy = False

    def go_first(**_: object) -> None:
        nonlocal busy
        if not busy and ahead:
            busy = True
            take_step(theirs, ahead.pop(0))
            busy = False

    outcome: object
    with (
        handled(local.client, "before-call.dynamodb.DeleteItem", go_first),
        handled(local.client, "before-call.dynamodb.GetItem", go_first),
    ):
        try:
            outcome = store.delete("s", if_version=asked)
        except VersionConflictError:
            outcome = "conflict"
    if outcome == "conflict":
        assert local.raw_read("s") is not None
    else:
        assert outcome is True
        assert local.raw_read("s") is None


@pytest.mark.parametrize("if_version", [None, 1, 7])
def test_what_is_missing_is_not_there(table: TableHarness, if_version: int | None) -> None:
    """A session that is not there, or another user's, is False at any version; without a version
    that takes one request."""
    store = table.open()
    store.create("bob", session_id="theirs")
    for session_id in ("missing", "theirs"):
        with counted(table.client) as counts:
            assert store.delete(session_id, user_id="ana", if_version=if_version) is False
        if if_version is None:
            assert counts.total() == 1
    assert store.get("theirs").user_id == "bob"
