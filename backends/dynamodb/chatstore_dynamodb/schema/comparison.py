"""How a live table differs from the one that is needed, and what mends each difference."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from chatstore_dynamodb.items import HISTORY
from chatstore_dynamodb.place import Place
from chatstore_dynamodb.schema.advice import aws_command, delete_index_command
from chatstore_dynamodb.schema.definition import TTL_ATTRIBUTE, TableDefinition

_INDEX_KEYS = {"HASH": "userId", "RANGE": "createdAt"}


class Step(Enum):
    """What `chatstore schema apply` can do."""

    CREATE_TABLE = "create the table"
    CREATE_INDEX = "create the index"
    ENABLE_EXPIRY = "enable time to live"


@dataclass(frozen=True, slots=True)
class Difference:
    """One way in which the live table is not what is needed."""

    what: str
    mend: str
    step: Step | None = None
    """The step that mends it; None: people must."""
    harmless: bool = False
    """Whether `apply` may go on although it stays."""


class Comparison:
    """A live table, as DescribeTable gives it, beside what it must be."""

    def __init__(
        self, place: Place, table: Mapping[str, Any], *, keeps_histories: bool = False
    ) -> None:
        self._place = place
        self._table = table
        self._keeps_histories = keeps_histories
        self._apply = f"run {place.schema_command('apply')}"

    def differences(self, expiry: tuple[str, str | None]) -> list[Difference]:
        """All that differs, `expiry` being the state and the attribute of its time to live."""
        found = [
            *self.of_status(),
            *self.of_billing(),
            *self.of_index(),
            *expiry_differences(self._place, expiry),
        ]
        keys = list(self.of_keys())
        if not keys:
            return found
        # No advice may lead to a change of a table that belongs to somebody else.
        moot = "nothing, as long as the table has other keys: it may be another application's"
        return [*keys, *(replace(each, mend=moot, step=None) for each in found)]

    def of_keys(self) -> Iterator[Difference]:
        """What differs in the table's keys, which nothing can change."""
        yield from self._key_differences(
            "the table", self._table["KeySchema"], {"HASH": "sessionId"}, self._another_table()
        )

    def of_status(self) -> Iterator[Difference]:
        """What differs in the state of the table."""
        status = self._table.get("TableStatus")
        if status == "DELETING":
            yield Difference("the table is DELETING", f"when it is gone, {self._apply}")
        elif status != "ACTIVE":
            yield Difference(f"the table is {status}", "wait until it is ACTIVE")

    def of_billing(self) -> Iterator[Difference]:
        """What differs in how the table is paid for."""
        mode = self._table.get("BillingModeSummary", {}).get("BillingMode", "PROVISIONED")
        if mode != "PAY_PER_REQUEST":
            change = aws_command(self._place, "update-table", "--billing-mode", "PAY_PER_REQUEST")
            yield Difference(
                f"the billing mode is {mode}, not PAY_PER_REQUEST", f"run {change}", harmless=True
            )

    def of_index(self) -> Iterator[Difference]:
        """What differs in the user index, or in its absence."""
        name = self._place.index_name
        found: list[dict[str, Any]] = self._table.get("GlobalSecondaryIndexes", [])
        index = {each["IndexName"]: each for each in found}.get(name)
        if index is None:
            # The table's other indexes may have declared the keys already, by another type.
            undeclared = {**dict.fromkeys(_INDEX_KEYS.values(), "S"), **self._types()}
            wrong = list(self._type_differences(f"index {name}", _INDEX_KEYS, undeclared))
            what = f"index {name} does not exist"
            yield from wrong or [Difference(what, self._apply, Step.CREATE_INDEX)]
            return
        if (status := index.get("IndexStatus")) == "DELETING":
            yield Difference(f"index {name} is DELETING", f"when it is gone, {self._apply}")
            return
        if status != "ACTIVE":
            yield Difference(f"index {name} is {status}", "wait until it is ACTIVE")
        again = self._another_index()
        yield from self._key_differences(f"index {name}", index["KeySchema"], _INDEX_KEYS, again)
        projection = index.get("Projection", {})
        kind = projection.get("ProjectionType")
        if kind != "ALL":
            included = set(projection.get("NonKeyAttributes", ()))
            wanted = TableDefinition(self._place.table_name, projection="INCLUDE").index_projection
            missing = [each for each in wanted["NonKeyAttributes"] if each not in included]
            if missing == [HISTORY] and not self._keeps_histories:
                # An index from before there were any serves as well.
                missing = []
            if missing:
                yield Difference(
                    f"index {name} projects {kind}, without {', '.join(missing)}", again
                )

    def _key_differences(
        self, where: str, schema: list[dict[str, str]], needed: Mapping[str, str], mend: str
    ) -> Iterator[Difference]:
        found = {each["KeyType"]: each["AttributeName"] for each in schema}
        if found != needed:
            yield Difference(f"{where} has the keys {_keys(found)}, not {_keys(needed)}", mend)
            return
        for each in self._type_differences(where, needed, self._types()):
            yield replace(each, mend=mend)

    def _type_differences(
        self, where: str, needed: Mapping[str, str], types: Mapping[str, str]
    ) -> Iterator[Difference]:
        for name in needed.values():
            if types.get(name) != "S":
                what = f"{where} has the key {name} of type {types.get(name)}, not S"
                yield Difference(what, self._another_table())

    def _types(self) -> dict[str, str]:
        declared: list[dict[str, str]] = self._table.get("AttributeDefinitions", [])
        return {each["AttributeName"]: each["AttributeType"] for each in declared}

    def _another_table(self) -> str:
        other = replace(self._place, table_name=f"{self._place.table_name[:240]}-chat-sessions")
        return (
            "keys can't be changed: name another table in the URL; to create one, run "
            f"{other.schema_command('apply')}"
        )

    def _another_index(self) -> str:
        other = replace(self._place, index_name=f"chat-{self._place.index_name[:240]}")
        return (
            "leave it to whom it serves and name another, here and in the application: run "
            f"{other.schema_command('apply')}; or, if it serves nobody, run "
            f"{delete_index_command(self._place)} and then {self._place.schema_command('apply')}"
        )


def expiry_differences(place: Place, expiry: tuple[str, str | None]) -> Iterator[Difference]:
    """What differs in the time to live, given its state and its attribute."""
    state, attribute = expiry
    apply = f"run {place.schema_command('apply')}"
    if state == "DISABLING":
        yield Difference(
            "time to live is DISABLING, which takes up to an hour", f"when it is done, {apply}"
        )
    elif state == "DISABLED":
        yield Difference(
            "time to live is DISABLED: expired sessions are hidden, and never removed",
            apply,
            Step.ENABLE_EXPIRY,
        )
    elif attribute != TTL_ATTRIBUTE:
        specification = f"AttributeName={attribute},Enabled=false"
        disable = aws_command(
            place, "update-time-to-live", "--time-to-live-specification", specification
        )
        yield Difference(
            f"time to live goes by the attribute {attribute}, not by {TTL_ATTRIBUTE}",
            f"if nothing else counts on that, run {disable}; an hour later, {apply}",
        )


def missing_table(place: Place) -> Difference:
    """What differs where there is no table."""
    return Difference(
        f"table {place.table_name} does not exist",
        f"run {place.schema_command('apply')}",
        Step.CREATE_TABLE,
    )


def _keys(keys: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {kind}" for kind, name in sorted(keys.items()))
