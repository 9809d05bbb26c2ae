"""How many HTTP requests each call takes."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from chatstore import (
    BackendThrottledError,
    InvalidInputError,
    ManualClock,
    Message,
    RetentionPolicy,
    SessionExistsError,
    SessionNotFoundError,
    VersionConflictError,
)
from chatstore_dynamodb import DynamoDBSessionStore
from chatstore_dynamodb.items import key

from .counting import answers_changed, counted
from .dynamodb_harness import TableHarness

POLICIES = {
    "by count": RetentionPolicy(),
    "by count and bytes": RetentionPolicy(max_messages=20),
    "more than one slide": RetentionPolicy(max_messages=150),
    "unlimited": RetentionPolicy(max_messages=None),
}


def message(content: str = "hello") -> Message:
    return Message(type="user_query", content=content)


def requests(table: TableHarness, call: Callable[[], object]) -> int:
    with counted(table.client) as counts:
        call()
    return sum(counts.values())


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
def test_a_call_on_one_session_is_one_request(table: TableHarness, policy: RetentionPolicy) -> None:
    """Promise 5: one round trip for each call, whether the window grows or slides."""
    store = table.open(policy=policy)
    calls: dict[str, Callable[[], object]] = {
        "create": lambda: store.create("ana", session_id="s", metadata={"title": "x"}),
        **{f"append {number}": lambda: store.append("s", message()) for number in range(25)},
        "append two": lambda: store.append("s", message(), message(), user_id="ana"),
        "append_and_get": lambda: store.append_and_get("s", message()),
        "get": lambda: store.get("s", user_id="ana"),
        "update": lambda: store.update("s", user_preferences={"a": 1}, metadata={"title": None}),
        "touch": lambda: store.update("s"),
        "rewrite": lambda: store.rewrite("s", [message(), message()], if_version=30),
        "append after it": lambda: store.append("s", message(), if_version=31),
        "empty": lambda: store.rewrite("s", [], if_version=32),
        "append to nothing": lambda: store.append("s", message()),
        "delete": lambda: store.delete("s", user_id="ana", if_version=34),
        "delete nothing": lambda: store.delete("s"),
    }
    taken = {name: requests(table, call) for name, call in calls.items()}
    assert {name: count for name, count in taken.items() if count != 1} == {}


def test_named_exceptions(table: TableHarness) -> None:
    """`get_or_create` that creates takes one more than `create`, a rewrite of any version 2."""
    store = table.open()
    create = lambda: store.get_or_create("s", user_id="ana")  # noqa: E731
    assert requests(table, create) == 2
    assert requests(table, create) == 1
    assert requests(table, lambda: store.rewrite("s", [message()], if_version=None)) == 2


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
def test_a_cold_process_needs_two_at_most(table: TableHarness, policy: RetentionPolicy) -> None:
    """The first append of a process that never saw the session, to a full window: at most 2
    requests; and 1 from then on."""
    table.open(policy=policy).create(
        "ana", session_id="s", messages=[message(f"{number}") for number in range(30)]
    )
    cold = table.open(policy=policy)
    assert requests(table, lambda: cold.append("s", message())) <= 2
    assert requests(table, lambda: cold.append("s", message())) == 1
    assert table.open(policy=policy).get("s").message_count == 32


def test_a_page_among_many_is_one_request(table: TableHarness, clock: ManualClock) -> None:
    """A page of 20 among 1,000 sessions with distinct times is one request, and no message is
    read for it."""
    store = table.open(clock=clock)
    for number in range(1_000):
        store.create("ana", session_id=f"{number:04}", messages=[message("secret")])
        clock.advance(timedelta(seconds=1))
    seen: list[dict[str, Any]] = []
    with answers_changed(table.client, "Query", seen.append), counted(table.client) as counts:
        page = store.list_sessions("ana", limit=20)
        second = store.list_sessions("ana", limit=20, cursor=page.next_cursor)
        store.list_sessions("ana", limit=20, newest_first=False)
    assert dict(counts) == {"Query": 3}
    assert "secret" not in str(seen)
    listed = [each.session_id for each in [*page.items, *second.items]]
    assert listed == [f"{number:04}" for number in range(999, 959, -1)]


def test_a_batch_of_many_is_a_request_for_each_hundred(table: TableHarness) -> None:
    """`get_many` asks for 100 ids at a time, each once."""
    store = table.open()
    ids = [store.create("ana").session_id for _ in range(230)]
    asked = [*ids, *ids[:50], "missing"]
    with counted(table.client) as counts:
        found = store.get_many(asked)
    assert [each.session_id for each in found] == [*ids, *ids[:50]]
    assert dict(counts) == {"BatchGetItem": 3}


def test_unprocessed_keys_are_asked_for_again(table: TableHarness) -> None:
    """What a busy table leaves out of a batch is asked for again, until it is all there."""
    store = table.open()
    ids = [store.create("ana").session_id for _ in range(10)]

    def leave_out_all_but_three(parsed: dict[str, Any]) -> None:
        items = parsed["Responses"][table.table_name]
        left = [key(item["sessionId"]["S"]) for item in items[3:]]
        del items[3:]
        parsed["UnprocessedKeys"] = {table.table_name: {"Keys": left}} if left else {}

    with (
        answers_changed(table.client, "BatchGetItem", leave_out_all_but_three),
        counted(table.client) as counts,
    ):
        assert [each.session_id for each in store.get_many(ids)] == ids
    assert counts["BatchGetItem"] == 4


def test_a_batch_that_never_comes_is_given_up(
    moto_table: TableHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A table that processes no key of a batch is throttled, not asked for ever."""
    monkeypatch.setattr("chatstore_dynamodb.table.back_off", lambda _: None)
    store = moto_table.open()
    store.create("ana", session_id="s")

    def leave_out_all(parsed: dict[str, Any]) -> None:
        parsed["Responses"] = {}
        parsed["UnprocessedKeys"] = {moto_table.table_name: {"Keys": [key("s")]}}

    with (
        answers_changed(moto_table.client, "BatchGetItem", leave_out_all),
        counted(moto_table.client) as counts,
        pytest.raises(BackendThrottledError),
    ):
        store.get_many(["s"])
    assert counts["BatchGetItem"] == 10


def test_an_engine_that_returns_no_item_costs_one_read_more(
    table: TableHarness, clock: ManualClock
) -> None:
    """Where a failed condition comes without the item, it is read, and all is as it was."""

    def forget(parsed: dict[str, Any]) -> None:
        parsed.pop("Item", None)

    table.open(clock=clock).create(
        "ana", session_id="s", messages=[message(f"{number}") for number in range(10)]
    )
    cold = table.open(clock=clock)
    with answers_changed(table.client, "UpdateItem", forget):
        sent = message("new")
        assert requests(table, lambda: cold.append("s", sent)) == 3
        assert requests(table, lambda: cold.append("s", sent)) == 2
        with pytest.raises(VersionConflictError):
            cold.update("s", metadata={"a": 1}, if_version=7)
        with pytest.raises(VersionConflictError):
            cold.rewrite("s", [], if_version=7)
        with pytest.raises(SessionNotFoundError):
            cold.append("s", sent, user_id="ben")
        with pytest.raises(SessionExistsError):
            cold.create("ana", session_id="s")
        many = {f"{number}": number for number in range(256)}
        cold.update("s", metadata=many)
        cold.update("s", metadata={"0": None, "256": 256})
        assert len(cold.get("s").metadata) == 256
    assert cold.get("s").message_count == 11


def test_sizes_are_forgotten_beyond_the_capacity(table: TableHarness) -> None:
    """A store that serves more sessions than it remembers is slower for them, and right."""
    from chatstore_dynamodb.conditional_write import SeenSessions

    store = DynamoDBSessionStore(table.client, table.table_name)
    store.engine.writes.sessions = SeenSessions(capacity=2)
    for number in range(4):
        full = [message(f"{each}") for each in range(10)]
        store.create("ana", session_id=f"{number}", messages=full)
    for number in range(4):
        after = store.append_and_get(f"{number}", message("new"))
        assert [each.content for each in after.messages[-2:]] == ["9", "new"]
        assert len(after.messages) == 10


def test_a_key_that_somebody_adds_meanwhile_is_counted(table: TableHarness) -> None:
    """Between the try that met the item and the next one, another writer takes the last place of a
    map: the 257th key is refused all the same."""
    store = table.open()
    store.create("ana", session_id="s", metadata={f"{number}": number for number in range(255)})
    others = [{"theirs": 1}]

    def add_theirs(_: dict[str, Any]) -> None:
        if others:
            table.open().update("s", metadata=others.pop())

    with (
        answers_changed(table.client, "UpdateItem", add_theirs),
        pytest.raises(InvalidInputError, match="256 keys"),
    ):
        store.update("s", metadata={"0": "changed", "mine": 1})
    found = store.get("s").metadata
    assert (len(found), found["0"], "mine" in found) == (256, 0, False)
