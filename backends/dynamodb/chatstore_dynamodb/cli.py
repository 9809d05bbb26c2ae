"""`chatstore schema`: the table's files, the table, and whether a live one is as it must be."""

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from chatstore.cli import options, output
from chatstore.cli.failures import ExitCode, UsageError
from chatstore.environment import URL_VARIABLE
from chatstore_dynamodb.naming import history_table_of
from chatstore_dynamodb.place import Place
from chatstore_dynamodb.schema.agreement import agreed
from chatstore_dynamodb.schema.apply import perform
from chatstore_dynamodb.schema.connection import connected, translated
from chatstore_dynamodb.schema.definition import (
    PROJECTIONS,
    AnyDefinition,
    HistoryDefinition,
    TableDefinition,
    table_name_of,
)
from chatstore_dynamodb.schema.files import (
    CREATE_PREFIX,
    definitions_in,
    deployment_files,
    history_files,
)
from chatstore_dynamodb.schema.history import verify_history
from chatstore_dynamodb.schema.plan import Plan, plan
from chatstore_dynamodb.schema.verify import verify as differences_of
from chatstore_dynamodb.url import Address, read_url

_LOCAL_REGION = "eu-west-1"
"""An endpoint of one's own takes any region, but boto3 wants one."""

application = typer.Typer(
    help="DynamoDB tables: write their files, create them, check a live one.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)

Url = Annotated[
    str | None,
    typer.Option(
        "--url",
        metavar="URL",
        help=f"The table, as dynamodb://TABLE?region=REGION. Default: ${URL_VARIABLE}.",
        show_default=False,
    ),
]
Projection = Annotated[
    str | None,
    typer.Option(
        "--projection",
        metavar="PROJECTION",
        help="ALL: whole sessions in the user index; INCLUDE: all but their messages. Default: "
        "ALL for an index that is to be made.",
        show_default=False,
    ),
]

WithHistory = Annotated[
    bool,
    typer.Option(
        "--history",
        help="Also the table of what sessions with history keep: the URL's history=TABLE, or "
        f"{history_table_of(table_name_of('STAGE'))} beside {table_name_of('STAGE')}. A URL that "
        "names it says the same.",
    ),
]


@application.command("emit")
def emit(
    url: Url = None,
    stage: Annotated[
        str | None,
        typer.Option(
            "--stage",
            metavar="STAGE",
            help=f"Instead of a URL: the table {table_name_of('STAGE')}.",
            show_default=False,
        ),
    ] = None,
    projection: Projection = None,
    history: WithHistory = False,
    to: Annotated[
        Path, typer.Option("--to", metavar="DIR", help="The folder to write the files to.")
    ] = Path(),
    as_json: options.AsJson = False,
) -> None:
    """Write the files that a table is deployed from.

    For `aws dynamodb create-table` and `update-time-to-live` (--cli-input-json), for
    CloudFormation and for Terraform. What is there under these names is written anew.
    """
    if url is not None and stage is not None:
        raise UsageError("give --url or --stage, not both")
    address = _address(url) if stage is None else Address(table_name_of(stage))
    files = deployment_files(_definition(address, projection))
    for each in _history(address, asked=history):
        files |= history_files(each)
    written: list[str] = []
    try:
        to.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (to / name).write_text(text)
            written.append(str(to / name))
    except OSError as error:
        raise UsageError(f"--to: {to} can't be written to ({error.strerror})") from error
    output.tell({"files": written}, written, as_json=as_json)


@application.command("apply")
def apply(
    url: Url = None,
    projection: Projection = None,
    history: WithHistory = False,
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
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: options.AsJson = False,
) -> None:
    """Create what is missing: the table, its user index, its time to live.

    Shows what it will change, and asks; where nobody can answer, it changes nothing without --yes.
    Then it waits until all is active. It never deletes, and refuses a table that is not
    chatstore's, exit code 5, before anything is changed. Run again it changes nothing.
    """
    address = _address(url)
    if every is not None and projection is not None:
        raise UsageError("give --all or --projection, not both: the files name theirs")
    if every is not None and history:
        raise UsageError("give --all or --history, not both: the files name the tables")
    definitions: list[AnyDefinition] = (
        [_definition(address, projection), *_history(address, asked=history)]
        if every is None
        else _in_folder(every)
    )
    any_projection = every is None and projection is None
    with ExitStack() as opened:
        clients = [
            (opened.enter_context(connected(address, each.table_name)), each)
            for each in definitions
        ]

        def plans() -> list[Plan]:
            found: list[Plan] = []
            for client, each in clients:
                with translated(each.table_name):
                    found.append(plan(client, each, any_projection=any_projection))
            return found

        to_do = agreed(plans, yes=yes, as_json=as_json)
        documents: list[dict[str, object]] = []
        lines: list[str] = []
        for (client, definition), each in zip(clients, to_do, strict=True):
            with translated(definition.table_name, done=lines):
                done = perform(client, each)
            where = {
                "region": each.place.region,
                "endpoint": each.endpoint,
                "account": each.account,
            }
            documents.append({"table": definition.table_name, **where, "done": done})
            lines += [f"{definition.table_name}: {line}" for line in done or ["nothing to do"]]
    output.tell({"tables": documents}, lines, as_json=as_json)


@application.command("verify")
def verify(url: Url = None, history: WithHistory = False, as_json: options.AsJson = False) -> None:
    """Compare a live table with what chatstore needs.

    Names each difference and what mends it; exit code 5 if there is one. What the caller may do is
    tried on a session that nobody has; nothing is changed.
    """
    address = _address(url)
    definition = _definition(address, None)
    histories = _history(address, asked=history)
    with (
        connected(address, definition.table_name) as client,
        translated(definition.table_name),
    ):
        found = differences_of(client, definition, keeps_histories=bool(histories))
        place = Place.of(client, address.table_name, address.index_name, address.history_table)
        for each in histories:
            found += verify_history(client, each, place)
    document = {
        "table": definition.table_name,
        **({"history": histories[0].table_name} if histories else {}),
        "differences": [{"what": each.what, "mend": each.mend} for each in found],
    }
    lines = [f"{each.what}\n    {each.mend}" for each in found]
    names = " and ".join([definition.table_name, *(each.table_name for each in histories)])
    are = "is as it must be" if len(histories) == 0 else "are as they must be"
    output.tell(document, lines or [f"{names} {are}"], as_json=as_json)
    if found:
        raise typer.Exit(ExitCode.FAILED)


def _address(url: str | None) -> Address:
    """The table's address; nothing stands in for a URL that nobody gave."""
    chosen = options.given_url(url)
    if not chosen:
        raise UsageError(
            f"no URL: give --url dynamodb://TABLE?region=REGION, or set {URL_VARIABLE}"
        )
    scheme, separator, _ = chosen.partition("://")
    if separator and scheme.lower() != "dynamodb":
        origin = "" if url else f" of {URL_VARIABLE}"
        raise UsageError(
            "schema is for dynamodb:// and postgresql:// alone, and the URL"
            f"{origin} is a {scheme}:// one: such a store needs no schema command"
        )
    address = read_url(chosen)
    region = address.region or (_LOCAL_REGION if address.endpoint_url else None)
    return replace(address, region=region)


def _definition(address: Address, projection: str | None) -> TableDefinition:
    chosen = PROJECTIONS[0] if projection is None else projection.upper()
    if chosen not in PROJECTIONS:
        raise UsageError(f"--projection: {projection!r} is not one of {', '.join(PROJECTIONS)}")
    return TableDefinition(address.table_name, address.index_name, chosen)


def _history(address: Address, *, asked: bool) -> list[HistoryDefinition]:
    """The history table, if it was asked for or is named."""
    if address.history_table is not None:
        return [HistoryDefinition(address.history_table)]
    return [HistoryDefinition.beside(address.table_name)] if asked else []


def _in_folder(folder: Path) -> list[AnyDefinition]:
    found = definitions_in(folder)
    if not found:
        raise UsageError(
            f"--all: no {CREATE_PREFIX}*.json in {folder}; `chatstore schema emit` writes one"
        )
    return found
