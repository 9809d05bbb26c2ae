from importlib.metadata import EntryPoint, EntryPoints
from typing import Any

import pytest
import typer

from chatstore.cli import extensions

from .conftest import Terminal

schema = typer.Typer(help="Tables of some engine.")


@schema.command("apply")
def apply() -> None:
    """Make the tables."""
    typer.echo("applied")


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch) -> list[EntryPoint]:
    """What is registered in the group, for the test to fill."""
    found: list[EntryPoint] = []

    def entry_points(**selection: Any) -> EntryPoints:
        return EntryPoints(found).select(**selection)

    monkeypatch.setattr(extensions, "entry_points", entry_points)
    return found


def _register(registered: list[EntryPoint], name: str, value: str) -> None:
    registered.append(EntryPoint(name, value, extensions.ENTRY_POINT_GROUP))


def test_an_extension_is_a_command_of_its_own(
    terminal: Terminal, registered: list[EntryPoint], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A typer application registered in chatstore.commands is a group of commands under its name,
    even if it has one command only, and is in the help."""
    monkeypatch.setattr(EntryPoint, "load", lambda _: schema)
    _register(registered, "schema", "some_package:schema")
    assert terminal.run("schema", "apply").out == "applied\n"
    assert "Tables of some engine." in terminal.run("schema", "--help").out
    assert "chatstore schema --help" in terminal.run("--help").out


def test_a_single_command_needs_no_group(
    terminal: Terminal, registered: list[EntryPoint], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An application with one command, called as the extension, is that command."""
    monkeypatch.setattr(EntryPoint, "load", lambda _: schema)
    _register(registered, "apply", "some_package:schema")
    assert terminal.run("apply").out == "applied\n"


def test_an_extension_is_imported_only_when_it_is_named(
    terminal: Terminal, registered: list[EntryPoint], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another command loads no extension, and neither does the help."""
    loaded: list[str] = []

    def load(self: EntryPoint) -> typer.Typer:
        loaded.append(self.name)
        return schema

    monkeypatch.setattr(EntryPoint, "load", load)
    _register(registered, "schema", "some_package:schema")
    _register(registered, "other", "some_package:schema")
    assert terminal.run("ping").code == terminal.run("--help").code == 0
    assert loaded == []
    assert terminal.run("schema", "apply").code == 0
    assert set(loaded) == {"schema"}


@pytest.mark.parametrize("arguments", [("apply", "--table", "t"), (), ("apply", "--json")])
def test_a_missing_extra_gives_the_line_that_installs_it(
    terminal: Terminal,
    registered: list[EntryPoint],
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
) -> None:
    """A command whose driver is not installed says what to install, whatever was asked of it."""

    def load(_: EntryPoint) -> typer.Typer:
        raise ModuleNotFoundError("No module named 'boto3'", name="boto3")

    monkeypatch.setattr(EntryPoint, "load", load)
    _register(registered, "schema", "chatstore_dynamodb.commands:schema")
    answer = terminal.run("schema", *arguments)
    assert (answer.code, answer.out) == (5, "")
    assert "pip install 'chatstore-sessions[dynamodb]'" in answer.err
    assert "pip install" in terminal.run("schema", "--help").out


def test_the_contract_names_its_extra(
    terminal: Terminal, registered: list[EntryPoint], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the test tools, `chatstore contract` says which extra brings them."""

    def load(_: EntryPoint) -> typer.Typer:
        raise ModuleNotFoundError("No module named 'pytest'", name="pytest")

    monkeypatch.setattr(EntryPoint, "load", load)
    _register(registered, "contract", "chatstore_contract_tests.live.command:application")
    answer = terminal.run("contract", "memory://")
    assert (answer.code, answer.out) == (5, "")
    assert "needs pytest: pip install 'chatstore-sessions[contract-tests]'" in answer.err


@pytest.mark.parametrize("value", ["no_such_package:schema", "json:no_such_name", "json:dumps"])
def test_a_broken_extension_harms_no_other_command(
    terminal: Terminal, registered: list[EntryPoint], value: str
) -> None:
    """It is reported, in one line, by itself alone; the help and the rest go on."""
    _register(registered, "broken", value)
    answer = terminal.run("broken")
    assert answer.code == 5
    assert answer.err.count("\n") == 1
    assert terminal.run("--help").code == 0
    assert terminal.run("ping").code == 0


def test_a_built_in_name_can_not_be_taken(terminal: Terminal, registered: list[EntryPoint]) -> None:
    """An extension called as a built-in command is ignored."""
    _register(registered, "ping", "no_such_package:schema")
    assert terminal.run("ping").out == "the store answers: memory\n"
    assert terminal.run("--help").out.count("│ ping ") <= 1
