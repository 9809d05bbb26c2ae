"""`chatstore schema` for PostgreSQL: the file of statements, the tables, and whether live ones are
as they must be."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from chatstore import BackendError
from chatstore.cli import options, output
from chatstore.cli.failures import ExitCode, UsageError
from chatstore.environment import URL_VARIABLE
from chatstore.errors import ChatStoreError
from chatstore.runtime import deadline
from chatstore_sql.postgresql.address import Address, read_url
from chatstore_sql.postgresql.database import Database
from chatstore_sql.postgresql.engine import PostgreSQLEngine
from chatstore_sql.postgresql.errors import translate
from chatstore_sql.postgresql.schema import apply as applying
from chatstore_sql.postgresql.schema import definition
from chatstore_sql.postgresql.schema.verify import differences
from chatstore_sql.postgresql.sqlalchemy_engine import engine_for

application = typer.Typer(
    help="PostgreSQL tables: write their file, create them, check live ones.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)

Url = Annotated[
    str | None,
    typer.Option(
        "--url",
        metavar="URL",
        help="The database, as postgresql://USER:PASSWORD@HOST/DATABASE?schema=SCHEMA. Default: "
        f"${URL_VARIABLE}.",
        show_default=False,
    ),
]


@application.command("emit")
def emit(
    url: Url = None,
    to: Annotated[
        Path, typer.Option("--to", metavar="DIR", help="The folder to write the file to.")
    ] = Path(),
    as_json: options.AsJson = False,
) -> None:
    """Write the file that the tables are made from: for review, and for psql.

    It makes all in one transaction, for a schema where nothing of it is yet. The server is not
    asked. A file of this name is written anew.
    """
    address = _address(url)
    file = to / f"chatstore-{address.schema_name}.sql"
    try:
        to.mkdir(parents=True, exist_ok=True)
        file.write_text(definition.script(address.schema_name), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"--to: {to} can't be written to ({error.strerror})") from error
    output.tell({"files": [str(file)]}, [str(file)], as_json=as_json)


@application.command("apply")
def apply(
    url: Url = None,
    _yes: Annotated[
        bool, typer.Option("--yes", help="As for other backends; nothing is asked here.")
    ] = False,
    as_json: options.AsJson = False,
) -> None:
    """Make what is missing: the schema, its tables and indexes, and the functions.

    All of it in one transaction, under a lock by which others who do the same wait. Tables of an
    older format are brought to this one. It never drops anything, and refuses tables that are not
    chatstore's, exit code 5, before anything is changed. Run again it changes nothing.
    """
    address = _address(url)
    with _database(address) as database:
        done = applying.apply(database, address.schema_name)
    document = {"schema": address.schema_name, "place": address.place, "done": done}
    output.tell(document, done or ["nothing to do"], as_json=as_json)


@application.command("verify")
def verify(url: Url = None, as_json: options.AsJson = False) -> None:
    """Compare live tables with what chatstore needs.

    Names each difference and what mends it; exit code 5 if there is one. Nothing is changed.
    """
    address = _address(url)
    with _database(address) as database:
        found = differences(database, address.schema_name)
    document = {
        "schema": address.schema_name,
        "place": address.place,
        "differences": [{"what": each.what, "mend": each.mend} for each in found],
    }
    lines = [f"{each.what}\n    {each.mend}" for each in found]
    output.tell(document, lines or [f"{address.schema_name} is as it must be"], as_json=as_json)
    if found:
        raise typer.Exit(ExitCode.FAILED)


def _address(url: str | None) -> Address:
    chosen = options.given_url(url)
    if not chosen:
        raise UsageError(
            f"no URL: give --url postgresql://USER:PASSWORD@HOST/DATABASE, or set {URL_VARIABLE}"
        )
    return read_url(chosen)


@contextmanager
def _database(address: Address) -> Iterator[Database]:
    """The database, for one command; what the driver raises is typed."""
    engine = PostgreSQLEngine(
        engine_for(address), schema_name=address.schema_name, owned=True, connections=1
    )
    try:
        with deadline.within(address.deadline):
            yield engine.database
    except ChatStoreError:
        raise
    except Exception as error:
        known = translate(error, address.place)
        raise known or BackendError(f"{address.place}: {type(error).__name__}") from error
    finally:
        engine.close()
