"""Where a command works: the place it says, the one it was given, and no other."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from chatstore import BackendAuthError, SchemaError
from chatstore.cli.application import application
from chatstore.memory import MemoryEngine

from .conftest import Terminal
from .test_failures import failing

COMMANDS = [
    ("sessions", "list", "ana"),
    ("sessions", "list", "ana", "--all", "--json"),
    ("sessions", "show", "s"),
    ("sessions", "messages", "s"),
    ("sessions", "messages", "s", "--all", "--json"),
    ("sessions", "append", "s", "Hello"),
    ("sessions", "set", "s"),
    ("sessions", "delete", "s"),
    ("users", "erase", "ana", "--yes"),
    ("purge",),
    ("ping",),
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("url", [(), ("--url", "sqlite:///mistyped.db")])
def test_no_command_but_new_makes_a_file(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: tuple[str, ...],
    url: tuple[str, ...],
) -> None:
    """On a path that is not there, mistyped or the default one, a command says so, with exit code
    5: it makes nothing, and reports no erasure of nothing."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CHATSTORE_URL", raising=False)
    result = CliRunner().invoke(application, [*command, *url])
    assert (result.exit_code, result.stdout) == (5, "")
    assert "there is no such file" in result.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", COMMANDS[:-1], ids=" ".join)
def test_finding_nothing_is_believed_of_a_store_that_is_there(
    terminal: Terminal, command: tuple[str, ...]
) -> None:
    """What is missing makes an empty answer an error; who may not ask for it has the answer."""
    plain = terminal.run(*command)
    assert plain.code in {0, 1}

    class NotThere(MemoryEngine):
        def ping(self) -> None:
            raise SchemaError("there is nothing")

    terminal.engine_class = NotThere
    assert terminal.run(*command).code == 5

    class NotAllowed(MemoryEngine):
        def ping(self) -> None:
            raise BackendAuthError("not allowed")

    terminal.engine_class = NotAllowed
    assert terminal.run(*command) == plain


@pytest.mark.parametrize("command", [*COMMANDS, ("demo",)], ids=" ".join)
def test_an_empty_url_is_no_wish_for_the_default(
    terminal: Terminal, command: tuple[str, ...]
) -> None:
    """A script's forgotten variable, --url "", is wrong usage, and nothing is opened."""
    answer = terminal.run(*command, "--url", "")
    assert (answer.code, answer.out, terminal.urls) == (2, "", [])
    assert "--url is empty" in answer.err


def test_ping_and_demo_say_where(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """The place is the store's own word for it, without credentials and printable."""
    monkeypatch.setattr(MemoryEngine, "place", "db://me:hush@h:1/\x1b[2J")
    assert terminal.run("ping").out == "the store answers: db://***@h:1/\\x1b[2J\n"
    assert terminal.run("ping", "--json").document["place"] == "db://***@h:1/\\x1b[2J"
    demo = terminal.run("demo", "--url", "memory://")
    assert demo.out.startswith("chatstore, on db://***@h:1/\\x1b[2J\n")


def test_ping_of_a_cached_store_is_about_the_store() -> None:
    """A cache keeps no sessions: what is asked, and told, is the store behind it."""
    result = CliRunner().invoke(application, ["ping", "--url", "memory://", "--cache", "memory://"])
    assert (result.exit_code, result.stdout) == (0, "the store answers: memory\n")


def test_a_ping_that_fails_names_no_place_as_answering(terminal: Terminal) -> None:
    """The place is told of a store that answers alone."""
    terminal.engine_class = failing(SchemaError("no table"))
    assert terminal.run("ping").out == ""


def test_a_bad_url_of_the_environment_is_named_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who gave no URL learns that the one at fault is the environment's; who gave one does not."""
    monkeypatch.setenv("CHATSTORE_URL", "nosuch://x")
    result = CliRunner().invoke(application, ["ping"])
    assert (result.exit_code, "the URL is that of CHATSTORE_URL" in result.stderr) == (5, True)
    result = CliRunner().invoke(application, ["ping", "--url", "nosuch://y"])
    assert (result.exit_code, "CHATSTORE_URL" in result.stderr) == (5, False)
