"""Commands that an error or a difference advises: whole ones, which a shell runs as they stand."""

import json
import shlex
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

from chatstore_dynamodb.schema.definition import TableDefinition

_USUAL_INDEX = TableDefinition("").index_name


def table_url(client: Any, table_name: str, index_name: str = _USUAL_INDEX) -> str:
    """The URL of a table that `client` reaches, in which region and endpoint are named: nothing is
    left to the settings of whoever runs it. Without credentials."""
    region, endpoint = region_of(client), endpoint_of(client)
    options: dict[str, str] = {}
    if region is not None:
        options["region"] = region
    # AWS's own endpoint follows from the region.
    if endpoint is not None and endpoint != f"https://dynamodb.{region}.amazonaws.com":
        options["endpoint_url"] = endpoint
    if index_name != _USUAL_INDEX:
        options["index"] = index_name
    query = "&".join(f"{name}={quote(value, safe=':/')}" for name, value in options.items())
    return f"dynamodb://{quote(table_name, safe='')}{'?' if query else ''}{query}"


def region_of(client: Any) -> str | None:
    """The region that a client asks; None if it does not say."""
    region: str | None = getattr(getattr(client, "meta", None), "region_name", None)
    return region


def endpoint_of(client: Any) -> str | None:
    """Where a client's requests go, without credentials; None if it does not say."""
    endpoint: str | None = getattr(getattr(client, "meta", None), "endpoint_url", None)
    if endpoint is None:
        return None
    parts = urlsplit(endpoint)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def schema_command(verb: str, url: str) -> str:
    """`chatstore schema VERB` for the table of a URL."""
    return f"chatstore schema {verb} --url {shlex.quote(url)}"


def aws_command(client: Any, operation: str, table_name: str, *options: str) -> str:
    """`aws dynamodb OPERATION` on a table that `client` reaches."""
    words = ["aws", "dynamodb", operation, "--table-name", table_name, *options]
    if (region := region_of(client)) is not None:
        words += ["--region", region]
    endpoint = endpoint_of(client)
    if endpoint is not None and endpoint != f"https://dynamodb.{region}.amazonaws.com":
        words += ["--endpoint-url", endpoint]
    return shlex.join(words)


def delete_index_command(client: Any, table_name: str, index_name: str) -> str:
    """The command of AWS's that deletes an index, and nothing else of the table."""
    deletion = json.dumps([{"Delete": {"IndexName": index_name}}], separators=(",", ":"))
    return aws_command(
        client, "update-table", table_name, "--global-secondary-index-updates", deletion
    )
