"""Commands of AWS's own that a difference advises: whole ones, which a shell runs as they stand."""

import json
import shlex

from chatstore_dynamodb.place import Place


def aws_command(place: Place, operation: str, *options: str) -> str:
    """`aws dynamodb OPERATION` on a table, in its region and at its endpoint."""
    words = ["aws", "dynamodb", operation, "--table-name", place.table_name, *options]
    if place.region is not None:
        words += ["--region", place.region]
    if place.endpoint_url is not None:
        words += ["--endpoint-url", place.endpoint_url]
    return f"`{shlex.join(words)}`"


def delete_index_command(place: Place) -> str:
    """The command that deletes the user index, and nothing else of the table."""
    deletion = json.dumps([{"Delete": {"IndexName": place.index_name}}], separators=(",", ":"))
    return aws_command(place, "update-table", "--global-secondary-index-updates", deletion)
