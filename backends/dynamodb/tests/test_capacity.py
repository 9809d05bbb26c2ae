"""What each access costs in capacity units: the figures of the README's table."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from chatstore import ManualClock
from chatstore_dynamodb import DynamoDBSessionStore

from .dynamodb_harness import TableHarness, local_harness
from .metering import README, Metered, message


@pytest.fixture(params=["ALL", "INCLUDE"])
def metered(request: pytest.FixtureRequest, dynamodb_local: str) -> Iterator[TableHarness]:
    """A table with an index of either projection."""
    harness = local_harness(dynamodb_local, projection=request.param)
    yield harness
    harness.close()


def units(number: float) -> str:
    """A number of units as the README writes it."""
    return f"{number:g}"


def test_consumed_capacity(metered: TableHarness, clock: ManualClock) -> None:
    """Append to a full session of 10 messages of 200 bytes, get, and a page of 20: as many units
    as the README says."""
    store = DynamoDBSessionStore(metered.client, metered.table_name, clock=clock)
    client: Any = Metered(store.engine.table.client)
    store.engine.table.client = client
    plain = metered.open(clock=clock)
    for number in range(30):
        plain.create("ana", session_id=f"{number:036}", messages=map(message, range(10)))
        clock.advance(timedelta(seconds=1))
    session_id = f"{29:036}"
    store.get(session_id)
    store.append(session_id, message(10))
    store.list_sessions("ana", limit=20)
    get, append, page = client.units
    index = append["GlobalSecondaryIndexes"]["userId-index"]["CapacityUnits"]
    figures = {
        "append to a full session": (
            f"{units(append['CapacityUnits'])} write "
            f"({units(append['Table']['CapacityUnits'])} table, {units(index)} index)"
        ),
        "get": f"{units(get['CapacityUnits'])} read",
        "page of 20": f"{units(page['CapacityUnits'])} read",
    }
    column = ["ALL", "INCLUDE"].index(metered.definition.projection)
    rows = [line for line in README.read_text().splitlines() if line.startswith("| measured: ")]
    told = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    assert {name.removeprefix("measured: "): cells[column] for name, *cells in told} == figures
