"""What sessions with history cost: requests on the wire, and the README's capacity units."""

import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest

from chatstore import ManualClock, RetentionPolicy
from chatstore_dynamodb import DynamoDBSessionStore

from .counting import counted
from .dynamodb_harness import TableHarness, local_harness
from .metering import README, Metered, message

KEEPING = RetentionPolicy(keep_history=True)


@pytest.fixture
def store(table: TableHarness, clock: ManualClock) -> DynamoDBSessionStore:
    """A store that has found its history table already."""
    store = table.open(policy=KEEPING, clock=clock)
    store.create("ana", session_id="s")
    return store


def test_requests_of_a_long_session(table: TableHarness, store: DynamoDBSessionStore) -> None:
    """Amortised over 300 appends, each with a change of the state, at most 1.25 requests; a `get`
    is one, and a page from anywhere two at the most, in either direction, however long the session
    is."""
    with counted(table.client) as counts:
        for number in range(300):
            store.append("s", message(number), metadata={"step": number})
    assert counts.total() <= 1.25 * 300, counts
    with counted(table.client) as counts:
        assert store.get("s").metadata == {"step": 299}
        assert store.get("s", last=3).message_count == 300
    assert counts == {"GetItem": 2}
    for newest_first in (True, False):
        cursor: str | None = None
        while True:
            with counted(table.client) as counts:
                page = store.list_messages("s", newest_first=newest_first, limit=70, cursor=cursor)
            assert counts.total() <= 2, counts
            if (cursor := page.next_cursor) is None:
                break


def test_requests_of_six_appenders(local: TableHarness) -> None:
    """Six who append to one session at once need at most 1.4 requests each time."""
    stores = [local.open(policy=KEEPING) for _ in range(6)]
    stores[0].create("ana", session_id="s")
    for each in stores:
        each.get("s")

    def append(store: DynamoDBSessionStore, first: int) -> None:
        for number in range(first, first + 50):
            store.append("s", message(number))

    with counted(local.client) as counts:
        threads = [
            threading.Thread(target=append, args=(each, 1_000 * number))
            for number, each in enumerate(stores)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert stores[0].get("s").message_count == 300
    assert counts.total() <= 1.4 * 300, counts
    kept = [int(str(each.content)) for each in stores[0].iter_messages("s", newest_first=False)]
    assert sorted(kept) == [1_000 * who + number for who in range(6) for number in range(50)]
    for who in range(6):
        own = [number for number in kept if number // 1_000 == who]
        assert own == sorted(own)


def test_other_writes_of_a_session_with_history(
    table: TableHarness, store: DynamoDBSessionStore
) -> None:
    """An amended message costs one read more; a rewrite by a version that is known too, and a
    Query where messages slide into view."""
    for number in range(25):
        store.append("s", message(number))
    newest = store.get("s").messages[-1]
    with counted(table.client) as counts:
        session = store.amend("s", newest.model_copy(update={"content": "complete"}))
    assert counts == {"GetItem": 1, "UpdateItem": 1}
    with counted(table.client) as counts:
        again = newest.model_copy(update={"content": "complete"})
        assert store.amend("s", again).version == session.version
    assert counts == {"GetItem": 1}
    with counted(table.client) as counts:
        store.rewrite("s", session.messages[:-1], if_version=session.version)
    assert counts["UpdateItem"] == counts["GetItem"] == 1
    assert counts["Query"] <= 1


@pytest.fixture(params=["ALL", "INCLUDE"])
def metered(request: pytest.FixtureRequest, dynamodb_local: str) -> Iterator[TableHarness]:
    """A table with an index of either projection."""
    harness = local_harness(dynamodb_local, projection=request.param)
    yield harness
    harness.close()


def test_consumed_capacity(metered: TableHarness, clock: ManualClock) -> None:
    """Appends of messages of 200 bytes to a session with history, a hundred of them: as many units
    each as the README says."""
    store = DynamoDBSessionStore(metered.client, metered.table_name, policy=KEEPING, clock=clock)
    store.create("ana", session_id=f"{29:036}")
    for number in range(20):
        store.append(f"{29:036}", message(number))
        clock.advance(timedelta(seconds=1))
    client = Metered(store.engine.table.client)
    client.measure(store.engine)
    for number in range(20, 120):
        store.append(f"{29:036}", message(number))
    units = sum(each["CapacityUnits"] for each in client.units) / 100
    column = ["ALL", "INCLUDE"].index(metered.definition.projection)
    [row] = [line for line in README.read_text().splitlines() if "an append with history" in line]
    told = [cell.strip() for cell in row.strip("|").split("|")][1:]
    assert told[column] == f"{units:.1f} write, {len(client.units) / 100:.1f} requests"
