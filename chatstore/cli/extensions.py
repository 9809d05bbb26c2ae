"""Commands that other packages bring, through the entry points of group `chatstore.commands`."""

from importlib.metadata import EntryPoint, entry_points
from typing import Any

import typer
from typer.main import get_command, get_group

from chatstore.cli.printable import printable
from chatstore.errors import ConfigurationError
from chatstore.runtime.distribution import needs

ENTRY_POINT_GROUP = "chatstore.commands"


def extension_names() -> list[str]:
    """The names of the installed extensions; none of them is imported."""
    return sorted({entry_point.name for entry_point in entry_points(group=ENTRY_POINT_GROUP)})


def extension_line(name: str) -> Any:
    """What stands for an extension in the list of commands; it is not imported."""
    line = typer.Typer(add_completion=False, rich_markup_mode=None)
    line.command(name, help=f"An extension: chatstore {printable(name)} --help says what it does.")(
        lambda: None
    )
    return get_command(line)


def load_extension(name: str) -> Any:
    """The command of that name, imported now; None if nobody registered one.

    An application with one command that is called as the extension is that command; any other is a
    group of commands. One that can't be imported is a command that says why, in its help and when
    it is run.
    """
    found = entry_points(group=ENTRY_POINT_GROUP, name=name)
    if not found:
        return None
    entry_point = next(iter(found))
    try:
        application = entry_point.load()
    # AttributeError: the module is there but the application is not.
    except (ImportError, AttributeError) as error:
        return _unavailable(name, unavailable_reason(entry_point, error))
    if not isinstance(application, typer.Typer):
        return _unavailable(name, f"{entry_point.value} is not a typer application")
    group = get_group(application)
    if list(group.commands) == [name]:
        return group.commands[name]
    group.name = name
    return group


def unavailable_reason(entry_point: EntryPoint, error: Exception) -> str:
    """Why an extension can't run, with the line that mends a missing module."""
    if not isinstance(error, ModuleNotFoundError) or error.name is None:
        return f"{entry_point.value} can't be loaded: {error}"
    return needs(error.name)


def _unavailable(name: str, reason: str) -> Any:
    # \b keeps a command to be copied on a line of its own.
    shown = printable(reason).replace(": pip install", ":\n\n\b\npip install")
    placeholder = typer.Typer(add_completion=False, rich_markup_mode=None)

    # Whatever was asked of the command, this is the answer.
    @placeholder.command(
        name,
        help=f"(not available) {shown}",
        context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
    )
    def refuse() -> None:
        raise ConfigurationError(f"{name}: {reason}")

    return get_command(placeholder)
