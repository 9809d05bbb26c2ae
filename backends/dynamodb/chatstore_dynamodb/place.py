"""Where a table is, for texts that people read and commands that they run."""

from dataclasses import dataclass
from urllib.parse import quote, urlencode, urlsplit

from chatstore_dynamodb.client.interface import Client
from chatstore_dynamodb.items import DEFAULT_INDEX

_AWS = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws", ".on.aws")


@dataclass(frozen=True, slots=True)
class Place:
    """A table, without credentials: in no part of it may any be."""

    table_name: str
    region: str | None = None
    endpoint_url: str | None = None
    """None: AWS's own."""
    index_name: str = DEFAULT_INDEX
    history_table: str | None = None
    """None: none is named, or the naming rule's."""

    @classmethod
    def of(
        cls,
        client: Client,
        table_name: str,
        index_name: str = DEFAULT_INDEX,
        history_table: str | None = None,
    ) -> "Place":
        """Where a client looks for a table."""
        endpoint: str = client.meta.endpoint_url
        host = urlsplit(endpoint).hostname or ""
        return cls(
            table_name,
            client.meta.region_name,
            None if host.endswith(_AWS) else endpoint,
            index_name,
            history_table,
        )

    def __str__(self) -> str:
        text = f"dynamodb table {self.table_name!r}"
        if self.region is not None:
            text += f" in {self.region}"
        return text if self.endpoint_url is None else f"{text} at {self.endpoint_url}"

    @property
    def url(self) -> str:
        """The URL that opens the table."""
        options = {
            "region": self.region,
            "endpoint_url": self.endpoint_url,
            "index": None if self.index_name == DEFAULT_INDEX else self.index_name,
            "history": self.history_table,
        }
        given = {name: value for name, value in options.items() if value is not None}
        query = f"?{urlencode(given, safe=':/')}" if given else ""
        return f"dynamodb://{quote(self.table_name, safe='')}{query}"

    def schema_command(self, name: str, *options: str) -> str:
        """The command that does something to this table's schema: `apply` or `verify`."""
        words = " ".join([name, *options])
        return f"`chatstore schema {words} --url '{self.url}'`"
