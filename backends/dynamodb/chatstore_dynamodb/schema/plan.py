"""What `chatstore schema apply` would change of a table, and what forbids it. Changes nothing."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from chatstore_dynamodb.client.interface import Client
from chatstore_dynamodb.place import Place
from chatstore_dynamodb.schema.comparison import Comparison, Difference, Step, missing_table
from chatstore_dynamodb.schema.definition import (
    TTL_ATTRIBUTE,
    AnyDefinition,
    HistoryDefinition,
    TableDefinition,
)
from chatstore_dynamodb.schema.history import plan_of_history
from chatstore_dynamodb.schema.live import indexes_of, place_of, settled, time_to_live

_SAMPLE = 100
"""How many items of a table are looked at before it is taken for one of chat sessions."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One table: where it is, what is to be done, and what stands against it."""

    definition: AnyDefinition
    place: Place
    endpoint: str
    """Where requests go, AWS's own included."""
    account: str | None
    """None where there is no table yet: only a table's name tells the account."""
    items: int | None
    """About how many items the table holds; None where there is no table yet."""
    steps: tuple[Step, ...]
    refusals: tuple[Difference, ...]
    """If there is one, nothing may be changed."""

    def __str__(self) -> str:
        """The table, its region, endpoint and account, as far as they are known."""
        text = f"table {self.definition.table_name} in {self.place.region} at {self.endpoint}"
        if self.account is not None:
            text += f", of account {self.account}"
        return text if self.items is None else f"{text} (about {self.items} items)"

    def lines(self) -> list[str]:
        """Each change, as people read it."""
        return [self._line(step) for step in self.steps]

    def _line(self, step: Step) -> str:
        if isinstance(self.definition, HistoryDefinition):
            return "create the table (historyId HASH, position RANGE, PAY_PER_REQUEST)"
        index = (
            f"index {self.definition.index_name} (userId HASH, createdAt RANGE, projection "
            f"{self.definition.projection})"
        )
        return {
            Step.CREATE_TABLE: f"create the table (sessionId HASH, PAY_PER_REQUEST) with {index}",
            Step.CREATE_INDEX: f"create {index}",
            Step.ENABLE_EXPIRY: f"enable time to live: DynamoDB then deletes every item whose "
            f"{TTL_ATTRIBUTE} has passed",
        }[step]


def plan(
    client: Client,
    definition: AnyDefinition,
    *,
    any_projection: bool = False,
    wait: Callable[[float], None] = time.sleep,
) -> Plan:
    """What is missing, once nothing of the table is being created or changed.

    With `any_projection` an index that is there may have the other projection.
    """
    place = place_of(client, definition)
    if isinstance(definition, HistoryDefinition):
        table, differences = plan_of_history(client, definition, wait=wait)
        return _plan(client, definition, place, table, differences)
    table = settled(client, definition, wait=wait)
    if table is None:
        differences = [missing_table(place)]
        steps: tuple[Step, ...] = (Step.CREATE_TABLE, Step.ENABLE_EXPIRY)
    else:
        expiry = time_to_live(client, definition.table_name)
        differences = Comparison(place, table).differences(expiry)
        steps = tuple(each.step for each in differences if each.step is not None)
        if not any_projection:
            differences += _other_projection(table, definition)
    return _plan(client, definition, place, table, differences, steps)


def _plan(
    client: Client,
    definition: AnyDefinition,
    place: Place,
    table: dict[str, Any] | None,
    differences: list[Difference],
    steps: tuple[Step, ...] | None = None,
) -> Plan:
    if steps is None:
        steps = tuple(each.step for each in differences if each.step is not None)
    refusals = [each for each in differences if each.step is None and not each.harmless]
    if isinstance(definition, TableDefinition) and table is not None and steps and not refusals:
        refusals += _strangers(client, definition)
    return Plan(
        definition,
        place,
        client.meta.endpoint_url,
        None if table is None else _account(table),
        None if table is None else table.get("ItemCount"),
        steps,
        tuple(refusals),
    )


def _other_projection(table: dict[str, Any], definition: TableDefinition) -> Iterator[Difference]:
    for index in indexes_of(table):
        kind = index.get("Projection", {}).get("ProjectionType")
        if index["IndexName"] == definition.index_name and kind in {"ALL", "INCLUDE"}:
            if kind == definition.projection:
                continue
            yield Difference(
                f"index {definition.index_name} projects {kind}, and {definition.projection} was "
                "asked for",
                "a projection can't be changed; chatstore works with either: leave --projection "
                "out",
            )


def _strangers(client: Client, definition: TableDefinition) -> Iterator[Difference]:
    """Items that are no chat sessions: time to live would delete them, and their application uses
    the table."""
    sample = client.scan(
        TableName=definition.table_name,
        Limit=_SAMPLE,
        ProjectionExpression="sessionId, userId, createdAt",
    )
    for item in sample["Items"]:
        if missing := [name for name in ("userId", "createdAt") if not _is_text(item, name)]:
            yield Difference(
                "the table holds items that are no chat sessions, such as "
                f"{item['sessionId'].get('S')!r}, which has no {' and no '.join(missing)}",
                "if they are another application's, name another table in the URL; if they are "
                "sessions that were damaged, delete them first",
            )
            return


def _is_text(item: Mapping[str, Any], name: str) -> bool:
    return "S" in item.get(name, {})


def _account(table: Mapping[str, Any]) -> str | None:
    # arn:aws:dynamodb:REGION:ACCOUNT:table/NAME
    parts = str(table.get("TableArn", "")).split(":")
    return parts[4] if len(parts) > 5 else None
