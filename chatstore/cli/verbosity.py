"""`--verbose`, an option of every command, extensions' commands too, and of the root."""

from typing import Annotated, Any

import typer
from typer.main import get_command

_NAME = "--verbose"
_HELP = "Of an error, show what caused it, and where."

Verbose = Annotated[
    bool,
    typer.Option(_NAME, help=_HELP, show_default=False),
]


def with_verbose(command: Any) -> Any:
    """The command, and all below it, with the option; one that has such an option keeps its own."""
    if not any(_NAME in each.opts for each in command.params):
        command.params.append(_option())
    for below in getattr(command, "commands", {}).values():
        with_verbose(below)
    return command


def _option() -> Any:
    """Made by typer itself: the classes behind an option differ by its version. Nothing is passed
    to the command; whoever reports the error looks at the command line."""
    model = typer.Typer(add_completion=False)

    @model.command()
    def _(
        verbose: Annotated[bool, typer.Option(_NAME, help=_HELP, expose_value=False)] = False,
    ) -> None: ...

    (option,) = (each for each in get_command(model).params if _NAME in each.opts)
    return option
