"""`chatstore users`: what concerns everything of one user."""

from typing import Annotated

import typer

from chatstore.cli import asking, options, output
from chatstore.cli.printable import printable

users = typer.Typer(help="Erase everything of one user.", rich_markup_mode=None)


@users.callback()
def _group() -> None:
    """Erase everything of one user."""


@users.command("erase")
def erase(
    user: options.UserId,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    url: options.Url = None,
    cache: options.Cache = None,
    as_json: options.AsJson = False,
) -> None:
    """Erase every session of a user.

    Expired and unreadable ones too. It asks first; where nobody can answer, it refuses without
    --yes.
    """
    if not yes:
        asking.confirm(
            f"Erase every session of {printable(user)}, for good?",
            "erasing cannot be undone, and nobody is there to be asked: nothing was erased; "
            "add --yes to erase without a question",
        )
    with options.opened(url, cache) as store:
        erased = store.delete_user(user)
    if as_json:
        output.write(output.json_line({"userId": user, "erased": erased}))
    else:
        output.write(f"erased {erased} live sessions of {printable(user)}\n")
