"""The command tree, put together."""

from typing import Annotated

import typer

from chatstore.cli import maintenance, output
from chatstore.cli.demo import demo
from chatstore.cli.exit_codes import MEANINGS, ExitCode
from chatstore.cli.group import CommandLine
from chatstore.cli.sessions import sessions
from chatstore.cli.users import users
from chatstore.cli.verbosity import Verbose
from chatstore.runtime.distribution import installed_version

application = typer.Typer(
    name="chatstore",
    cls=CommandLine,
    help="Chat sessions, the same on every backend.",
    # \b keeps the lines apart in the help.
    epilog="\b\nExit codes:\n"
    + "\n".join(f"{code.value:3}  {meaning}" for code, meaning in MEANINGS.items()),
    # Markup would take the brackets of an extra's name, and what is in them, out of the help.
    rich_markup_mode=None,
    invoke_without_command=True,
    add_completion=False,
    # A defect is reported by `CommandLine`, without the values of local variables.
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
application.command("demo")(demo)
application.add_typer(sessions, name="sessions")
application.add_typer(users, name="users")
application.command("purge")(maintenance.purge)
application.command("ping")(maintenance.ping)


def _print_version(wanted: bool) -> None:
    if wanted:
        output.write(f"chatstore {installed_version()}\n")
        raise typer.Exit


@application.callback()
def _root(
    context: typer.Context,
    _version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version.", is_eager=True, callback=_print_version
        ),
    ] = False,
    _verbose: Verbose = False,
) -> None:
    if context.invoked_subcommand is None:
        output.write(context.get_help() + "\n")
        raise typer.Exit(ExitCode.USAGE)
