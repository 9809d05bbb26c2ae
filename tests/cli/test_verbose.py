"""`--verbose`: what lies behind an error, and never a credential or a message's content."""

import json
import subprocess
import sys
from typing import Any, NoReturn
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError
from typer.main import get_command

from chatstore import BackendError, BackendUnavailableError, MemorySessionStore
from chatstore.cli.application import application
from chatstore.cli.causes import cause_lines, causes, text_of, traceback_text
from chatstore.cli.extensions import extension_names, load_extension
from chatstore.cli.printable import printable
from chatstore.cli.reporting import Report
from chatstore.cli.secrecy import Secrecy
from chatstore.cli.verbosity import with_verbose
from chatstore.memory import MemoryEngine

from .conftest import Terminal

HOST = "redis.example:6379"


class Failing(MemoryEngine):
    """Fails as a driver does: with an exception behind an exception."""

    def ping(self) -> NoReturn:
        try:
            try:
                raise ConnectionRefusedError(111, "refused\x1b[2J")
            except OSError as error:
                raise TimeoutError(f"no answer of {HOST}") from error
        except TimeoutError as error:
            raise BackendUnavailableError("out of reach") from error


@pytest.mark.parametrize(
    "arguments", [("ping", "--verbose"), ("--verbose", "ping"), ("ping", "--verbose", "--json")]
)
def test_verbose_shows_the_chain_of_causes(terminal: Terminal, arguments: tuple[str, ...]) -> None:
    """Before or after the command it shows each cause's type and text, host and port among them,
    printable, and a traceback; with --json in the one document."""
    terminal.engine_class = Failing
    answer = terminal.run(*arguments)
    assert (answer.code, answer.out) == (4, "")
    for text in ("TimeoutError", HOST, "ConnectionRefusedError", "Traceback", "test_verbose.py"):
        assert text in answer.err
    assert all(each.isprintable() or each == "\n" for each in answer.err)
    if "--json" in arguments:
        assert [each["type"] for each in answer.error["causes"]] == [
            "TimeoutError",
            "ConnectionRefusedError",
        ]
        assert "Traceback" in answer.error["traceback"]
        assert answer.error["message"] == "out of reach"
    else:
        assert answer.err.startswith("chatstore: out of reach\n  caused by TimeoutError: no answer")


def test_without_it_a_line_says_that_there_is_more(terminal: Terminal) -> None:
    """An error with a cause is still one line, which names the option; its document is as ever."""
    terminal.engine_class = Failing
    answer = terminal.run("ping")
    assert answer.err == "chatstore: out of reach (--verbose shows the cause)\n"
    assert "causes" not in terminal.run("ping", "--json").error


def _all_paths(command: Any, words: tuple[str, ...]) -> list[tuple[str, ...]]:
    below = getattr(command, "commands", {})
    return [words, *(path for name in below for path in _all_paths(below[name], (*words, name)))]


def test_every_command_has_the_option(terminal: Terminal) -> None:
    """Built-in commands, groups and extensions' commands take --verbose, and their help says so."""
    paths = _all_paths(get_command(application), ())
    for name in extension_names():
        paths += _all_paths(load_extension(name), (name,))
    assert len(paths) > 15
    for path in paths:
        answer = terminal.run(*path, "--help")
        assert (answer.code, "--verbose" in answer.out) == (0, True), path


def test_an_option_of_an_extensions_own_is_kept() -> None:
    """Put on twice, or on a command that has one of that name, it is there once."""
    command = with_verbose(with_verbose(get_command(application)))
    assert sum("--verbose" in each.opts for each in command.params) == 1


def test_a_defect_is_shown_whole(terminal: Terminal) -> None:
    """An exception that is no store's comes with its causes and its traceback, asked for or
    not."""

    class Defective(MemorySessionStore):
        def ping(self) -> NoReturn:
            try:
                raise LookupError("first")
            except LookupError:
                raise RuntimeError("then")  # noqa: B904 - the context is what is tested

    terminal.store_class = Defective
    answer = terminal.run("ping")
    assert answer.code == 70
    assert answer.err.startswith("chatstore: a defect, please report it: RuntimeError: then\n")
    assert "caused by LookupError: first" in answer.err


@given(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    st.sampled_from(["--url", "--cache", "CHATSTORE_URL", "CHATSTORE_CACHE_URL"]),
)
def test_a_password_is_nowhere(rest: str, given_by: str) -> None:
    """Whatever a driver puts into its text, the password of a URL is not in what is shown: not as
    it was given, decoded, made printable, or as the repr of a text. The host stays."""
    secret = f"Zq9{rest}"
    raw = quote(secret, safe="")
    url = f"redis://user:{raw}@{HOST}/0"
    arguments = [given_by, url] if given_by.startswith("--") else []
    secrecy = Secrecy(arguments, {} if arguments else {given_by: url})
    for form in (secret, raw, repr(secret), printable(secret), url):
        shown = secrecy.without(f"AUTH <{form}> at {HOST}")
        assert "Zq9" not in shown
        assert "***" in shown
        assert shown.endswith(f"> at {HOST}")


@pytest.mark.parametrize(
    "url",
    [
        "redis://:hush-hush@h:1/0",
        "redis://me:hush-hush@h:1/0",
        "redis://me:hush/hush-hush@h:1/0",
        "redis://h:1/0?password=hush-hush",
        "rediss://h:1/0?a=b&ssl_password=hush-hush",
        "redis://me:hush%2Dhush@h:1/0",
    ],
)
@pytest.mark.parametrize("form", ["{url}", "could not open {url}!", "password is {password}"])
def test_each_place_of_a_password_is_known(url: str, form: str) -> None:
    """User information and options of a URL, wherever the text has them; the host stays."""
    shown = Secrecy([f"--url={url}"], {}).without(
        form.format(url=url, password="hush/hush-hush" if "/hush-" in url else "hush-hush")
    )
    assert "hush" not in shown
    assert "***" in shown
    assert "h:1/0" in shown or "url" not in form


def test_the_environments_credentials_are_secret() -> None:
    """AWS's secret key and session token are hidden, if they are no everyday words."""
    environment = {"AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI", "AWS_SESSION_TOKEN": "local"}
    shown = Secrecy([], environment).without("signed with wJalrXUtnFEMI on localhost")
    assert shown == "signed with *** on localhost"


def test_a_short_password_is_hidden_as_a_word() -> None:
    """A password of a letter or two does not garble every word that has them."""
    assert Secrecy(["redis://:ab@h"], {}).without("AUTH ab, about") == "AUTH ***, about"


def test_what_a_url_looks_like_stays_readable() -> None:
    """The pattern that an error shows of a URL is no credential."""
    text = "write redis://:password@host:6379/0 or redis://user:PASSWORD@host"
    assert Secrecy([], {}).without(text) == text


def test_a_process_shows_no_password() -> None:
    """In a real process with a wrong port neither output has the password, with --verbose and a
    document too; host and port are there."""
    for more in ((), ("--json",)):
        answer = subprocess.run(
            [
                *(sys.executable, "-c", "from chatstore.cli import main; main()"),
                *("ping", "--verbose", "--url", "redis://me:hush%40hush@127.0.0.1:1/0", *more),
            ],
            capture_output=True,
            check=False,
            timeout=60,
            text=True,
        )
        assert answer.returncode == 4
        assert "127.0.0.1:1" in answer.stderr
        assert "hush" not in answer.stdout + answer.stderr


CONTENT = " ".join(["a", "secret", "message"])


class _Model(BaseModel):
    number: int


def _validation_error() -> ValidationError:
    try:
        _Model.model_validate({"number": CONTENT})
    except ValidationError as error:
        return error
    raise AssertionError


@pytest.mark.parametrize(
    "cause",
    [
        _validation_error(),
        RuntimeError(f"failed\n[SQL: INSERT ?]\n[parameters: ({CONTENT!r}, 1)]\n(Background"),
        RuntimeError(f"failed\n[parameters: ('{CONTENT}\n', 1)]"),
        RuntimeError(f"ERR unknown command 'X', with args beginning with: {CONTENT!r}"),
    ],
    ids=["pydantic", "SQLAlchemy", "SQLAlchemy's end", "Redis"],
)
def test_no_content_comes_with_a_cause(cause: Exception) -> None:
    """Drivers quote what they were given; of that nothing is shown, in no line, text or
    traceback."""
    error = BackendError("failed")
    error.__cause__ = cause
    shown = [text_of(cause), traceback_text(error), *cause_lines(error)]
    assert not [text for text in shown if CONTENT in text]
    assert len(cause_lines(error)) == 1


def test_a_circle_of_causes_ends() -> None:
    """Exceptions that name each other as cause are each shown once."""
    first, second = BackendError("first"), RuntimeError("second")
    first.__cause__, second.__cause__ = second, first
    assert causes(first) == [second]


def test_a_hidden_context_stays_hidden() -> None:
    """What was raised `from None` hides what was there before, as Python does."""
    error = BackendError("told")
    error.__context__ = LookupError()
    assert causes(error) == [error.__context__]
    error.__suppress_context__ = True
    assert causes(error) == []


def test_a_reports_document_is_json_throughout(capsys: pytest.CaptureFixture[str]) -> None:
    """Credentials are hidden inside lists and objects of the document too."""
    error = BackendError("with hush-hush")
    error.__cause__ = RuntimeError("hush-hush")
    report = Report(["--json", "--verbose", "redis://:hush-hush@h"], {})
    assert report.store_error(error) == 5
    written = capsys.readouterr().err
    assert "hush" not in written
    assert json.loads(written)["error"]["causes"][0]["message"] == "***"
