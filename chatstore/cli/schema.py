"""`chatstore schema`: what an engine needs made before it is used. Each backend brings its own
commands, through the entry points of group `chatstore.schemas`; the URL's scheme chooses."""

import os
from functools import cache
from importlib.metadata import entry_points
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_group

from chatstore.cli.extensions import unavailable_reason
from chatstore.cli.verbosity import with_verbose
from chatstore.environment import URL_VARIABLE
from chatstore.errors import ConfigurationError

ENTRY_POINT_GROUP = "chatstore.schemas"
_DEFAULT = "dynamodb"
_OPTION = "--url"


class _ByScheme(TyperGroup):
    """The commands of the backend that the URL names; without a URL, those of DynamoDB."""

    @property
    def commands(self) -> Any:  # pyright: ignore[reportIncompatibleVariableOverride]  likewise
        return _commands(_DEFAULT).commands

    @commands.setter
    def commands(self, _none: Any) -> None:
        """Those that typer knows of are none."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        return _commands(_scheme(args)).resolve_command(ctx, args)


application = typer.Typer(
    cls=_ByScheme,
    help="Tables: write their files, create them, check live ones. For dynamodb:// and "
    "postgresql:// URLs; --help of a command beside a --url tells of that backend's options.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)


@application.callback()
def _root() -> None:
    """Nothing is done before a command."""


def _scheme(arguments: list[str]) -> str:
    """The scheme of the URL that the arguments or the environment give."""
    given = ""
    for index, argument in enumerate(arguments):
        if argument == _OPTION:
            given = "".join(arguments[index + 1 : index + 2])
        elif argument.startswith(f"{_OPTION}="):
            given = argument.removeprefix(f"{_OPTION}=")
    scheme, separator, _ = (given or os.environ.get(URL_VARIABLE, "")).partition("://")
    known = {each.name for each in entry_points(group=ENTRY_POINT_GROUP)}
    # What is no URL, or another's, is for the default's own words.
    return scheme.lower() if separator and scheme.lower() in known else _DEFAULT


@cache
def _commands(scheme: str) -> Any:
    """The commands for a scheme, imported now."""
    (entry_point,) = entry_points(group=ENTRY_POINT_GROUP, name=scheme)
    try:
        application = entry_point.load()
    except (ImportError, AttributeError) as error:
        raise ConfigurationError(f"schema: {unavailable_reason(entry_point, error)}") from error
    # Whoever puts the option on every command sees those of one backend alone.
    return with_verbose(get_group(application))
