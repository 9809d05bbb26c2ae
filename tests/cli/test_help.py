"""The help as it is really laid out."""

import re
from importlib.metadata import EntryPoint, EntryPoints
from typing import Any

import pytest
import typer
from typer.main import get_command

from chatstore.cli import extensions
from chatstore.cli.application import application
from chatstore.runtime.distribution import EXTRAS, install_line

from .conftest import Terminal

_WIDTHS = ["30", "40", "60", "80", "120", "200"]


def _commands(command: Any, words: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], Any]]:
    below = getattr(command, "commands", {})
    return [
        (words, command),
        *(each for name in below for each in _commands(below[name], (*words, name))),
    ]


def _everything() -> list[tuple[tuple[str, ...], Any]]:
    found = _commands(get_command(application))
    for name in extensions.extension_names():
        found += _commands(extensions.load_extension(name), (name,))
    return found


def _squeezed(text: str) -> str:
    """Without the spaces, and the line ends at which a line may be folded."""
    return re.sub(r"[\s\b]+", "", text)


@pytest.mark.parametrize("width", _WIDTHS)
@pytest.mark.parametrize(
    ("words", "command"),
    [pytest.param(*each, id=" ".join(each[0]) or "chatstore") for each in _everything()],
)
def test_nothing_of_a_help_text_is_lost(
    terminal: Terminal, words: tuple[str, ...], command: Any, width: str, monkeypatch: Any
) -> None:
    """Every character of a command's help, brackets among them, is in what is shown of it, at any
    width; so is the help of each of its options and arguments."""
    monkeypatch.setenv("COLUMNS", width)
    monkeypatch.setenv("TERMINAL_WIDTH", width)
    answer = terminal.run(*words, "--help")
    assert (answer.code, answer.err) == (0, "")
    shown = _squeezed(answer.out)
    for text in [command.help, *(getattr(each, "help", None) for each in command.params)]:
        # Below the options' names a line may be folded within a word.
        assert text is None or _squeezed(text) in shown
    assert all(each.isascii() for each in answer.out)


@pytest.mark.parametrize("width", _WIDTHS)
@pytest.mark.parametrize("module", sorted(EXTRAS))
def test_a_missing_extra_can_be_copied(
    terminal: Terminal, module: str, width: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a module is missing, the help of the command has the line that installs it whole, in
    brackets, on a line of its own; the error has it too."""
    monkeypatch.setenv("COLUMNS", width)

    def entry_points(**selection: Any) -> EntryPoints:
        entry_point = EntryPoint("some", "some:application", extensions.ENTRY_POINT_GROUP)
        return EntryPoints([entry_point]).select(**selection)

    def load(_: EntryPoint) -> typer.Typer:
        raise ModuleNotFoundError(f"No module named {module!r}", name=module)

    monkeypatch.setattr(extensions, "entry_points", entry_points)
    monkeypatch.setattr(EntryPoint, "load", load)
    line = install_line(EXTRAS[module])
    assert re.fullmatch(r"pip install '[\w-]+\[[\w-]+\]'", line)
    lines = [each.strip() for each in terminal.run("some", "--help").out.splitlines()]
    assert line in lines
    assert line in terminal.run("some").err
