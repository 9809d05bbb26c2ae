"""The table that chatstore needs. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chatstore.errors import ConfigurationError
from chatstore_dynamodb.history.chunks import POSITION
from chatstore_dynamodb.items import DEFAULT_INDEX, HISTORY_ID, LISTED, OTHER_NAMES
from chatstore_dynamodb.naming import history_table_of

_ENTITY = "trinity-chat-sessions"
TTL_ATTRIBUTE = "ttl"
PROJECTIONS = ("ALL", "INCLUDE")

_KEYS = frozenset({"sessionId", "userId", "createdAt"})


def table_name_of(stage: str) -> str:
    """The customary name of a stage's table: `trinity-chat-sessions-dev`."""
    return f"{_ENTITY}-{stage}"


@dataclass(frozen=True, slots=True)
class TableDefinition:
    """One table of chat sessions, with its user index.

    `projection`: `ALL` copies whole sessions into the index, as the table's other readers may
    expect; `INCLUDE` copies only what listings read, and so spares each write the messages.
    """

    table_name: str
    index_name: str = DEFAULT_INDEX
    projection: str = "ALL"

    def __post_init__(self) -> None:
        if self.projection not in PROJECTIONS:
            raise ConfigurationError(
                f"projection {self.projection!r}: write one of {', '.join(PROJECTIONS)}"
            )

    @property
    def create_table(self) -> dict[str, Any]:
        """What CreateTable takes."""
        return {
            "TableName": self.table_name,
            "AttributeDefinitions": [
                {"AttributeName": name, "AttributeType": "S"}
                for name in ("sessionId", "userId", "createdAt")
            ],
            "KeySchema": [{"AttributeName": "sessionId", "KeyType": "HASH"}],
            "BillingMode": "PAY_PER_REQUEST",
            "GlobalSecondaryIndexes": [self.index],
        }

    @property
    def index(self) -> dict[str, Any]:
        """The user index, as CreateTable and UpdateTable take it."""
        return {
            "IndexName": self.index_name,
            "KeySchema": [
                {"AttributeName": "userId", "KeyType": "HASH"},
                {"AttributeName": "createdAt", "KeyType": "RANGE"},
            ],
            "Projection": self.index_projection,
        }

    @property
    def index_projection(self) -> dict[str, Any]:
        """What the index holds beside the keys."""
        if self.projection == "ALL":
            return {"ProjectionType": "ALL"}
        return {
            "ProjectionType": "INCLUDE",
            "NonKeyAttributes": [name for name in (*LISTED, OTHER_NAMES) if name not in _KEYS],
        }

    @property
    def time_to_live(self) -> dict[str, Any]:
        """What UpdateTimeToLive takes."""
        return {
            "TableName": self.table_name,
            "TimeToLiveSpecification": {"AttributeName": TTL_ATTRIBUTE, "Enabled": True},
        }


@dataclass(frozen=True, slots=True)
class HistoryDefinition:
    """The table of what sessions with history keep beyond their windows."""

    table_name: str

    @classmethod
    def beside(cls, table_name: str) -> "HistoryDefinition":
        """The one that belongs to a table of sessions, by the naming rule."""
        return cls(history_table_of(table_name))

    @property
    def create_table(self) -> dict[str, Any]:
        """What CreateTable takes."""
        return {
            "TableName": self.table_name,
            "AttributeDefinitions": [
                {"AttributeName": HISTORY_ID, "AttributeType": "S"},
                {"AttributeName": POSITION, "AttributeType": "N"},
            ],
            "KeySchema": [
                {"AttributeName": HISTORY_ID, "KeyType": "HASH"},
                {"AttributeName": POSITION, "KeyType": "RANGE"},
            ],
            "BillingMode": "PAY_PER_REQUEST",
        }


AnyDefinition = TableDefinition | HistoryDefinition


def definition_from(create_table: Mapping[str, Any]) -> AnyDefinition:
    """The definition that a create-table file was written from. Raises `ConfigurationError` if
    it holds anything that chatstore would not write."""
    definition: AnyDefinition
    try:
        if "GlobalSecondaryIndexes" not in create_table:
            definition = HistoryDefinition(create_table["TableName"])
            if definition.create_table == create_table:
                return definition
        [index] = create_table["GlobalSecondaryIndexes"]
        definition = TableDefinition(
            create_table["TableName"],
            index["IndexName"],
            index["Projection"]["ProjectionType"],
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigurationError(f"not a create-table file of chatstore's ({error!r})") from error
    if definition.create_table != create_table:
        raise ConfigurationError(
            f"the file of table {definition.table_name!r} is not what `chatstore schema emit` "
            f"writes; `chatstore schema emit --url dynamodb://{definition.table_name}` writes it "
            "anew"
        )
    return definition
