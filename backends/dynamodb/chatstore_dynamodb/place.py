"""Where a table is, for texts that people read and commands that they run."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from chatstore_dynamodb.api import Client
from chatstore_dynamodb.items import DEFAULT_INDEX
from chatstore_dynamodb.schema.advice import endpoint_of, region_of, schema_command, table_url

_AWS = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws", ".on.aws")


@dataclass(frozen=True, slots=True)
class Place:
    """A table: in no part of this are there credentials."""

    table_name: str
    region: str | None = None
    endpoint_url: str | None = None
    """None: AWS's own."""
    url: str = ""
    """What opens the table; without one there is no command to advise."""

    @classmethod
    def of(cls, client: Client, table_name: str, index_name: str = DEFAULT_INDEX) -> "Place":
        """Where a client looks for a table."""
        endpoint = endpoint_of(client) or ""
        is_aws = (urlsplit(endpoint).hostname or "").endswith(_AWS)
        return cls(
            table_name,
            region_of(client),
            None if is_aws else endpoint,
            table_url(client, table_name, index_name),
        )

    def __str__(self) -> str:
        text = f"dynamodb table {self.table_name!r}"
        if self.region is not None:
            text += f" in {self.region}"
        return text if self.endpoint_url is None else f"{text} at {self.endpoint_url}"

    def advice(self, *, creates: bool) -> str:
        """Which commands say what differs, and create what is missing."""
        if not self.url:
            return ""
        text = f": `{schema_command('verify', self.url)}` says what differs"
        if creates:
            text += f", `{schema_command('apply', self.url)}` creates what is missing"
        return text
