"""`chatstore schema`: the table's files, the table, and whether a live one is as it must be."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from chatstore.cli import output
from chatstore.cli.failures import ExitCode, UsageError
from chatstore.cli.printable import printable
from chatstore.errors import ConfigurationError
from chatstore_dynamodb.client import Client, new_client
from chatstore_dynamodb.errors import translate
from chatstore_dynamodb.schema.applying import apply as apply_definition
from chatstore_dynamodb.schema.definition import (
    PROJECTIONS,
    TableDefinition,
    definition_from,
    table_name_of,
)
from chatstore_dynamodb.schema.files import CREATE_PREFIX, deployment_files
from chatstore_dynamodb.schema.verifying import verify as differences_of
from chatstore_dynamodb.url import Address, read_url

DEFAULT_REGION = "eu-west-1"

application = typer.Typer(
    help="DynamoDB tables: write their files, create them, check a live one.",
    no_args_is_help=True,
    add_completion=False,
)

Url = Annotated[
    str | None,
    typer.Option(
        "--url",
        metavar="URL",
        help="The table, as dynamodb://TABLE?region=eu-west-1. Default: the stage's.",
        show_default=False,
    ),
]
Stage = Annotated[
    str,
    typer.Option(
        "--stage", metavar="STAGE", help=f"Without --url: {table_name_of('STAGE')} in eu-west-1."
    ),
]
Projection = Annotated[
    str,
    typer.Option(
        "--projection",
        metavar="PROJECTION",
        help="ALL: whole sessions in the user index; INCLUDE: all but their messages.",
    ),
]
AsJson = Annotated[
    bool, typer.Option("--json", help="One JSON document instead of text, errors as well.")
]


@application.command("emit")
def emit(
    url: Url = None,
    stage: Stage = "dev",
    projection: Projection = "ALL",
    to: Annotated[
        Path, typer.Option("--to", metavar="DIR", help="The folder to write the files to.")
    ] = Path(),
    as_json: AsJson = False,
) -> None:
    """Write the files that a table is deployed from.

    For `aws dynamodb create-table` and `update-time-to-live` (--cli-input-json), for
    CloudFormation and for Terraform. What is there under these names is written anew.
    """
    definition = _definition(_address(url, stage), projection)
    written: list[str] = []
    try:
        to.mkdir(parents=True, exist_ok=True)
        for name, text in deployment_files(definition).items():
            (to / name).write_text(text)
            written.append(str(to / name))
    except OSError as error:
        raise UsageError(f"--to: {to} can't be written to ({error.strerror})") from error
    _tell({"files": written}, written, as_json=as_json)


@application.command("apply")
def apply(
    url: Url = None,
    stage: Stage = "dev",
    projection: Projection = "ALL",
    every: Annotated[
        Path | None,
        typer.Option(
            "--all",
            metavar="DIR",
            help=f"Each table that a {CREATE_PREFIX}*.json in this folder describes; of the URL, "
            "only region and endpoint are used.",
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Create what is missing: the table, its user index, its time to live.

    Waits until they are active. Run again it changes nothing; it never deletes.
    """
    address = _address(url, stage)
    definitions = [_definition(address, projection)] if every is None else _in_folder(every)
    documents: list[dict[str, object]] = []
    lines: list[str] = []
    for definition in definitions:
        with _connected(address, definition.table_name) as client:
            done = apply_definition(client, definition)
        documents.append({"table": definition.table_name, "done": done})
        lines += [f"{definition.table_name}: {each}" for each in done or ["nothing to do"]]
    _tell({"tables": documents}, lines, as_json=as_json)


@application.command("verify")
def verify(url: Url = None, stage: Stage = "dev", as_json: AsJson = False) -> None:
    """Compare a live table with what chatstore needs.

    Names each difference and what mends it; exit code 5 if there is one. What the caller may do is
    tried on a session that nobody has; nothing is changed.
    """
    address = _address(url, stage)
    definition = _definition(address, "ALL")
    with _connected(address, definition.table_name) as client:
        found = differences_of(client, definition)
    document = {
        "table": definition.table_name,
        "differences": [{"what": each.what, "mend": each.mend} for each in found],
    }
    lines = [f"{each.what}\n    {each.mend}" for each in found]
    _tell(document, lines or [f"{definition.table_name} is as it must be"], as_json=as_json)
    if found:
        raise typer.Exit(ExitCode.FAILED)


def _address(url: str | None, stage: str) -> Address:
    if url is None:
        return Address(table_name_of(stage), DEFAULT_REGION)
    address = read_url(url)
    # A local endpoint takes any region, but boto3 wants one.
    return replace(
        address, region=address.region or DEFAULT_REGION if address.endpoint_url else address.region
    )


def _definition(address: Address, projection: str) -> TableDefinition:
    if projection.upper() not in PROJECTIONS:
        raise UsageError(f"--projection: {projection!r} is not one of {', '.join(PROJECTIONS)}")
    return TableDefinition(address.table_name, address.index_name, projection.upper())


def _in_folder(folder: Path) -> list[TableDefinition]:
    files = sorted(folder.glob(f"{CREATE_PREFIX}*.json"))
    if not files:
        raise UsageError(f"--all: no {CREATE_PREFIX}*.json in {folder}; `schema emit` writes one")
    definitions: list[TableDefinition] = []
    for file in files:
        try:
            definitions.append(definition_from(json.loads(file.read_text())))
        except (OSError, ValueError) as error:
            raise ConfigurationError(f"{file}: can't be read ({error})") from error
        except ConfigurationError as error:
            raise ConfigurationError(f"{file}: {error}") from error
    return definitions


@contextmanager
def _connected(address: Address, table_name: str) -> Iterator[Client]:
    client = new_client(
        region=address.region, endpoint_url=address.endpoint_url, retry_mode=address.retry_mode
    )
    try:
        yield client
    except Exception as error:
        translated = translate(error, table_name)
        if translated is None:
            raise
        raise translated from error
    finally:
        client.close()


def _tell(document: object, lines: list[str], *, as_json: bool) -> None:
    if as_json:
        output.write(output.json_line(document))
    else:
        text = "\n".join(lines)
        output.write("".join(f"{printable(line)}\n" for line in text.split("\n")))
