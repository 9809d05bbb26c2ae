"""What docs/command-line.md says, held against the code."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from typer.main import get_command

from chatstore.cli.application import application
from chatstore.cli.exit_codes import MEANINGS
from chatstore.cli.extensions import load_extension

from .conftest import Terminal

TEXT = (Path(__file__).parents[2] / "docs" / "command-line.md").read_text(encoding="utf-8")
_ROW = re.compile(r"^\| `chatstore ([a-z ]+?)( [A-Z ]+)?` \| (.*) \|$", re.MULTILINE)


def _all_commands() -> Iterator[tuple[str, Any]]:
    """The built-in ones, and the contract's, which its own package brings."""
    yield from _commands(get_command(application))
    yield "contract", load_extension("contract")


def _commands(command: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    built_in = getattr(command, "commands", None)
    if built_in is None:
        yield " ".join(words), command
        return
    for name, each in built_in.items():
        yield from _commands(each, (*words, name))


def test_the_page_has_every_command_and_no_other() -> None:
    """Each command is in the page's table with its arguments, and each in the table exists."""
    written = {row[1]: (row[2] or "").split() for row in _ROW.finditer(TEXT)}
    real = {
        name: [each.metavar for each in command.params if each.param_type_name == "argument"]
        for name, command in _all_commands()
    }
    assert written == real


def test_the_page_has_every_option_and_no_other() -> None:
    """Each option of a command is on the page, in the command's row or in the text that is about
    several commands; and each that the page names exists."""
    general = _ROW.sub("", TEXT)
    rows = {row[1]: row[3] for row in _ROW.finditer(TEXT)}
    real = {"--version", "--help"}
    for name, command in _all_commands():
        options = {option for each in command.params for option in each.opts if option[0] == "-"}
        real |= options
        in_its_row = set(re.findall(r"--[a-z-]+", rows[name]))
        assert in_its_row <= options
        assert options - in_its_row <= set(re.findall(r"--[a-z-]+", general))
    assert set(re.findall(r"--[a-z][a-z-]*", TEXT)) <= real


def test_page_and_help_give_the_exit_codes(terminal: Terminal) -> None:
    """The page and `chatstore --help` have every exit code with the meaning that the code gives
    it."""
    rows = re.findall(r"^\| (\d+) \| (.*) \|$", TEXT, re.MULTILINE)
    assert [(int(code), meaning) for code, meaning in rows] == list(MEANINGS.items())
    # Older versions of typer fold the lines of an epilogue into one paragraph.
    shown = " ".join(terminal.run("--help").out.split())
    assert all(f"{code.value} {meaning}" in shown for code, meaning in MEANINGS.items())


def test_a_bare_command_shows_the_help(terminal: Terminal) -> None:
    """`chatstore` alone tells what there is, as wrong usage."""
    bare = terminal.run()
    assert bare.code == 2
    for name in ("demo", "sessions", "users", "purge", "ping"):
        assert name in bare.out
