"""Sessions with history: the same as the reference store's, whatever is called."""

import itertools
from datetime import timedelta
from typing import Any

import pytest

from chatstore import (
    CorruptSessionError,
    InvalidInputError,
    MaintainedSessionStore,
    ManualClock,
    Message,
    RetentionPolicy,
    SchemaError,
    SessionExistsError,
    SessionNotFoundError,
)
from chatstore_dynamodb.harness import contract_store
from chatstore_dynamodb.items import key

from .dynamodb_harness import TableHarness, local_harness
from .events import handled
from .history_model import Schedule, outcome, stores
from .stepping import CrashError


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


def filled(store: MaintainedSessionStore, count: int, session_id: str = "s") -> None:
    """A session of `ana` with so many messages."""
    store.create("ana", session_id=session_id)
    for number in range(count):
        store.append(session_id, message(f"{number}"))


def message(content: str) -> Message:
    return Message(message_id=f"m{content}", type="user_query", content=content)


def contents(store: MaintainedSessionStore, session_id: str = "s") -> list[object]:
    """All that is kept, oldest first, in both directions alike."""
    forward = [each.content for each in store.iter_messages(session_id, newest_first=False)]
    back = [each.content for each in store.iter_messages(session_id, page_size=7)]
    assert back == forward[::-1]
    return list(forward)


def stored_rows(table: TableHarness) -> tuple[int, int]:
    """How many items and chunks lie in the two tables."""
    tables = table.table_name, table.history.table_name
    items, chunks = (table.client.scan(TableName=name)["Count"] for name in tables)
    return items, chunks


KEEPING = RetentionPolicy(keep_history=True)


def test_a_narrow_writer_without_history_loses_nothing(
    table: TableHarness, clock: ManualClock
) -> None:
    """A policy of 3 that keeps no history writes to a session that does, from a process that has
    never seen it and from one that has: nothing leaves, and its own window is what it is shown."""
    keeping = table.open(policy=KEEPING, clock=clock)
    keeping.create("ana", session_id="s")
    for number in range(60):
        narrow = table.open(policy=RetentionPolicy(max_messages=3), clock=clock)
        shown = narrow.append_and_get("s", message(f"{2 * number}"))
        narrow.append("s", message(f"{2 * number + 1}"))
        assert len(shown.messages) <= 3
    assert contents(keeping) == [f"{number}" for number in range(120)]
    assert len(keeping.get("s").messages) == 10


@pytest.mark.parametrize("how", ["delete", "delete_user", "expire", "time to live"])
def test_nothing_is_left_of_a_session(table: TableHarness, clock: ManualClock, how: str) -> None:
    """However a session ends: it is not seen any more at once, and after `purge_expired` nothing
    of it is stored; another one beside it is whole."""
    store = table.open(policy=KEEPING, clock=clock)
    filled(store, 45)
    store.create("ben", session_id="other", messages=[message(f"{n}") for n in range(100)])
    if how == "delete":
        assert store.delete("s")
    elif how == "delete_user":
        table.settle()
        assert store.delete_user("ana") == 1
    else:
        clock.advance(timedelta(days=29))
        store.update("other")
        clock.advance(timedelta(days=2))
    with pytest.raises(SessionNotFoundError):
        store.list_messages("s")
    if how == "time to live":
        table.client.delete_item(TableName=table.table_name, Key=key("s"))
    assert store.purge_expired() == (how == "expire")
    items, chunks = stored_rows(table)
    assert (items, chunks > 0) == (1, True)
    assert contents(store, "other") == [f"{number}" for number in range(100)]
    assert store.delete("other")
    assert stored_rows(table) == (0, 0)


@pytest.mark.parametrize("after", [0, 1, 2, 3])
def test_a_deletion_that_was_cut_short(table: TableHarness, clock: ManualClock, after: int) -> None:
    """A process that ends in the middle of `delete` leaves nothing that anybody sees, and nothing
    that `purge_expired` does not find; in its place another session can be made."""
    store = table.open(policy=KEEPING, clock=clock)
    filled(store, 45)
    sent = itertools.count()

    def end(**_: Any) -> None:
        if next(sent) > after:
            raise CrashError

    # The first of them finds out that there is a history.
    with handled(table.client, "before-call.dynamodb", end), pytest.raises(CrashError):
        store.delete("s")
    if after:
        with pytest.raises(SessionNotFoundError):
            store.get("s")
        again = table.open(policy=KEEPING, clock=clock)
        assert again.create("ana", session_id="s").message_count == 0
        assert contents(again) == []
        again.delete("s")
        assert stored_rows(table) == (0, 0)
    else:
        assert len(contents(store)) == 45


def test_an_old_life_does_not_shine_through(table: TableHarness, clock: ManualClock) -> None:
    """A session that takes the place of an expired or an overwritten one has nothing of its
    history, and leaves nothing of it stored."""
    store = table.open(policy=KEEPING, clock=clock)
    filled(store, 45)
    clock.advance(timedelta(days=31))
    filled(store, 15)
    assert contents(store) == [f"{number}" for number in range(15)]
    session = store.get("s")
    before = list(store.iter_messages("s", newest_first=False))[:-10]
    store.restore(session, history=before, overwrite=True)
    assert contents(store) == [f"{number}" for number in range(15)]
    store.rewrite("s", [message("a")], if_version=None, whole=True)
    assert contents(store) == ["a"]
    plain = table.open(clock=clock)
    clock.advance(timedelta(days=31))
    plain.create("ana", session_id="s")
    assert contents(store) == []
    assert stored_rows(table) == (1, 0)


@pytest.mark.parametrize("count", [0, 10, 19, 20, 300])
def test_a_restored_session_is_whole(table: TableHarness, clock: ManualClock, count: int) -> None:
    """`create` with many messages and `restore` with what `list_messages` gave: all is there, and
    goes on; a history that breaks off leaves nothing."""
    store = table.open(policy=KEEPING, clock=clock)
    names = [f"{number}" for number in range(count)]
    session = store.create("ana", session_id="s", messages=map(message, names))
    assert (session.message_count, len(session.messages)) == (count, min(count, 10))
    assert contents(store) == names
    before = list(store.iter_messages("s", newest_first=False))[: -len(session.messages) or None]
    store.delete("s")
    with pytest.raises(InvalidInputError):
        store.restore(session, history=[*before, message("more")])
    assert stored_rows(table) == (0, 0)
    store.restore(session, history=iter(before))
    assert store.get("s") == session
    with pytest.raises(SessionExistsError):
        store.restore(session, history=iter(before))
    for number in range(count, count + 30):
        store.append("s", message(f"{number}"))
    assert contents(store) == [f"{number}" for number in range(count + 30)]


def test_a_lost_chunk_is_corruption(table: TableHarness, clock: ManualClock) -> None:
    """A page of which a chunk is gone, or can't be read, is a typed error and never a short page;
    the window is as it was."""
    store = table.open(policy=KEEPING, clock=clock)
    filled(store, 60)
    chunk = table.client.scan(TableName=table.history.table_name)["Items"][1]
    place = {name: chunk[name] for name in ("historyId", "position")}
    table.client.put_item(
        TableName=table.history.table_name, Item={**chunk, "messages": {"B": b"no"}}
    )
    with pytest.raises(CorruptSessionError, match="can't be read"):
        list(store.iter_messages("s"))
    table.client.delete_item(TableName=table.history.table_name, Key=place)
    for newest_first in (True, False):
        with pytest.raises(CorruptSessionError, match="no message at position"):
            list(store.iter_messages("s", newest_first=newest_first))
    assert len(store.get("s").messages) == 10


def test_a_history_table_that_is_missing(table: TableHarness, clock: ManualClock) -> None:
    """Whoever keeps no history needs no such table; who wants to keep one is told at `create` and
    at `ping` what makes it, before anything is promised."""
    options: dict[str, Any] = {"history_table": "nowhere", "clock": clock}
    plain = contract_store(table.client, table.table_name, clock=clock)
    plain.engine.histories.chunks.name = "nowhere"
    plain.create("ana", session_id="plain")
    plain.ping()
    assert plain.purge_expired() == 0
    keeping = contract_store(table.client, table.table_name, policy=KEEPING, **options)
    for call in (lambda: keeping.create("ana", session_id="s"), keeping.ping):
        with pytest.raises(SchemaError, match=r"'nowhere' is missing.*schema apply --history"):
            call()
    assert table.raw_read("s") is None


def test_what_could_not_be_moved_is_moved_later(
    table: TableHarness, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    """While the history table refuses, appends succeed as long as the item has room; a log says
    so, and once it takes writes again all is moved."""
    store = table.open(policy=KEEPING, clock=clock)
    filled(store, 19)
    name = store.engine.histories.chunks.name
    store.engine.histories.chunks.name = "nowhere"
    for number in range(19, 50):
        store.append("s", message(f"{number}"))
    assert "could not be moved to its history" in caplog.text
    store.engine.histories.chunks.name = name
    for number in range(50, 60):
        store.append("s", message(f"{number}"))
    assert contents(store) == [f"{number}" for number in range(60)]
    item: Any = table.raw_read("s")
    assert len(item["messages"]["L"]) <= 20


def test_old_items_get_what_they_lack(table: TableHarness, clock: ManualClock) -> None:
    """An item from before there were bounds of the state: updates and appends with a patch go by
    the new limits, and its bound appears when it is needed."""
    store = table.open(clock=clock)
    store.create("ana", session_id="s", metadata={f"{n}": "x" * 1_000 for n in range(30)})
    item: Any = table.raw_read("s")
    assert "metadataBytes" not in item
    store.append("s", message("0"), metadata={"large": "x" * 2_500})
    item = table.raw_read("s")
    assert int(item["metadataBytes"]["N"]) == 30 * 1_000 + 2_500 + 5 + 10 + 20 * 2
    with pytest.raises(InvalidInputError, match="32768 bytes"):
        store.append("s", message("1"), metadata={"more": "x" * 1_000})
    assert store.get("s").message_count == 1
    store.update("s", metadata={"large": None, "29": None})
    store.append("s", message("1"), metadata={"more": "x" * 3_000})
    assert set(store.get("s").metadata) == {*(f"{n}" for n in range(29)), "more"}


def test_an_index_from_before_there_were_histories(dynamodb_local: str, clock: ManualClock) -> None:
    """An index with projection INCLUDE that lacks `history` still serves listings; `ping` accepts
    it as long as no histories are kept, and says what is missing where they are."""
    table = local_harness(dynamodb_local, projection="INCLUDE")
    try:
        table.client.delete_table(TableName=table.table_name)
        old = table.definition.create_table
        old["GlobalSecondaryIndexes"][0]["Projection"]["NonKeyAttributes"].remove("history")
        table.client.create_table(**old)
        store = table.open(clock=clock)
        store.create("ana", session_id="s")
        assert [each.session_id for each in store.list_sessions("ana").items] == ["s"]
        store.ping()
        with pytest.raises(SchemaError, match="without history"):
            table.open(policy=KEEPING, clock=clock).ping()
    finally:
        table.close()
