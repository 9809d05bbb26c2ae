"""The command line as a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from chatstore.cli.application import application

_MAIN = "import sys; from chatstore.cli import main; main()"
_HEEDING = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
"""What a script runs in its background ignores interrupts, and so does all that is run by it."""
_ENVIRONMENT = {
    name: value for name, value in os.environ.items() if not name.startswith("CHATSTORE_")
}


def _run(
    *arguments: str,
    command: tuple[str, ...] = (sys.executable, "-c", _MAIN),
    typed: bytes = b"",
    directory: Path | None = None,
) -> subprocess.CompletedProcess[bytes]:
    home = {} if directory is None else {"TMPDIR": str(directory)}
    return subprocess.run(
        [*command, *arguments],
        input=typed,
        capture_output=True,
        check=False,
        timeout=60,
        cwd=directory,
        env=_ENVIRONMENT | home,
    )


def _python(code: str) -> tuple[str, ...]:
    return (sys.executable, "-c", code)


def test_a_process_exits_with_its_code() -> None:
    """A real process writes JSON to standard output, errors to standard error, and exits with the
    code, with the text of its message taken from a pipe."""
    made = _run("sessions", "new", "ana", "--json", "--url", "memory://")
    assert (made.returncode, made.stderr) == (0, b"")
    assert json.loads(made.stdout)["userId"] == "ana"
    lost = _run("sessions", "append", "s1", "-", "--json", "--url", "memory://", typed=b"Hello\n")
    assert (lost.returncode, lost.stdout) == (1, b"")
    assert json.loads(lost.stderr)["error"]["type"] == "SessionNotFoundError"


def test_the_script_is_installed() -> None:
    """`chatstore` is a command, beside the interpreter that the package is installed for."""
    script = Path(sys.executable).with_name("chatstore")
    found = _run("--version", command=(str(script),))
    assert found.returncode == 0
    assert found.stdout.startswith(b"chatstore ")


def test_erase_without_a_terminal_refuses() -> None:
    """In a real process with its input from a pipe nobody is asked, and the exit code is 2."""
    answer = _run("users", "erase", "ana", "--url", "memory://", typed=b"y\n")
    assert answer.returncode == 2
    assert b"add --yes" in answer.stderr


def test_help_imports_no_driver() -> None:
    """`chatstore --help` starts quickly: no backend and no driver is imported."""
    code = (
        "import sys; from chatstore.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "drivers = {'sqlalchemy', 'sqlite3', 'redis', 'boto3', 'botocore'}\n"
        "found = drivers & {name.partition('.')[0] for name in sys.modules}\n"
        "sys.stderr.write(' '.join(sorted(found)))\n"
    )
    answer = _run("--help", command=_python(code))
    assert b"Exit codes" in answer.stdout
    assert answer.stderr == b""


@pytest.mark.parametrize("missing", ["typer", "rich"])
def test_without_the_extra_it_says_what_to_install(missing: str) -> None:
    """Chatstore itself works without typer and rich; the command line names the extra and exits
    5."""
    code = f"import sys; sys.modules[{missing!r}] = None; import chatstore; {_MAIN}"
    answer = _run("--help", command=_python(code))
    assert answer.returncode == 5
    assert answer.stderr.count(b"\n") == 1
    assert b"pip install 'chatstore-sessions[cli]'" in answer.stderr


def test_a_reader_that_goes_away_is_no_error() -> None:
    """When the other end of the pipe closes, there is no traceback, and the code is the shell's
    own for it."""
    code = "import os, sys\nread, write = os.pipe(); os.close(read); os.dup2(write, 1)\n" + _MAIN
    answer = _run("sessions", "new", "ana", "--json", "--url", "memory://", command=_python(code))
    assert (answer.returncode, answer.stderr) == (141, b"")


def test_help_for_a_reader_that_goes_away() -> None:
    """The help, which typer writes, meets a closed pipe as any other output does."""
    code = "import os, sys\nread, write = os.pipe(); os.close(read); os.dup2(write, 1)\n" + _MAIN
    for arguments in (("--help",), ("sessions", "list", "--help")):
        answer = _run(*arguments, command=_python(code))
        assert (answer.returncode, answer.stderr) == (141, b"")


@pytest.mark.parametrize(
    "asked",
    [
        "ping --url memory:// >&-",
        "ping --url memory:// --json >&-",
        "ping --url memory:// >/dev/full",
        "ping --url memory:// --json >/dev/full",
        "--help >/dev/full",
    ],
)
def test_output_that_goes_nowhere_is_an_error(asked: str) -> None:
    """Onto a full disk or a closed stream nothing is written: that has an exit code of its own,
    and one line; it is no defect."""
    command = f'{sys.executable} -c "{_MAIN}" {asked}'
    answer = _run(command=("/bin/sh", "-c", command))
    assert answer.returncode == 74
    assert answer.stderr.startswith(b"chatstore: what was asked is done, but standard output ")
    assert answer.stderr.count(b"\n") == 1


def test_closed_error_output_changes_no_exit_code() -> None:
    """Where nobody can read the error, the exit code still tells it."""
    for redirection in ("2>&-", "2>/dev/full", ">&- 2>&- <&-"):
        command = f'{sys.executable} -c "{_MAIN}" sessions show s --url memory:// {redirection}'
        answer = _run(command=("/bin/sh", "-c", command))
        assert (answer.returncode, answer.stdout, answer.stderr) == (1, b"", b"")


def test_closed_input_is_wrong_usage() -> None:
    """A message that was to come from a closed standard input is no defect."""
    command = f'{sys.executable} -c "{_MAIN}" sessions append s - --url memory:// <&-'
    answer = _run(command=("/bin/sh", "-c", command))
    assert (answer.returncode, answer.stdout) == (2, b"")
    assert b"standard input is closed" in answer.stderr


@pytest.mark.parametrize("json_too", [(), ("--json",)])
def test_an_interrupt_is_no_missing_session(json_too: tuple[str, ...]) -> None:
    """An interrupt from the keyboard ends a command with 130, in one line that says what is not
    known."""
    code = (
        f"{_HEEDING}from chatstore.cli import options\n"
        "options.open_store = lambda *_, **__: signal.raise_signal(signal.SIGINT)\n" + _MAIN
    )
    answer = _run("sessions", "new", "ana", *json_too, command=_python(code))
    assert (answer.returncode, answer.stdout) == (130, b"")
    assert b"a write may have happened or not" in answer.stderr
    assert answer.stderr.count(b"\n") == 1


def test_an_interrupt_before_the_command_runs() -> None:
    """While the command line is being loaded an interrupt ends it as well, without a traceback."""
    code = (
        f"{_HEEDING}import sys\n"
        "class Finder:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'chatstore.cli.application': signal.raise_signal(signal.SIGINT)\n"
        "sys.meta_path.insert(0, Finder())\n" + _MAIN
    )
    answer = _run("ping", command=_python(code))
    assert (answer.returncode, answer.stdout, answer.stderr) == (130, b"", b"")


@pytest.mark.parametrize(
    "more",
    [
        {"NO_COLOR": "1"},
        {"LANG": "C", "LC_ALL": "C"},
        {"TERM": "dumb"},
        {"PYTHONIOENCODING": "cp437"},
    ],
)
def test_no_terminal_of_any_kind_breaks_a_list(tmp_path: Path, more: dict[str, str]) -> None:
    """Wide and hostile titles are listed whatever the environment says of colours and
    characters, without an escape sequence."""
    url = ("--url", f"sqlite:///{tmp_path}/x.db")
    title = json.dumps("映画 \x1b[31m 👩\u200d🚀")
    made = CliRunner().invoke(
        application, ["sessions", "new", "ana", *url, "--metadata", f"title={title}"]
    )
    assert made.exit_code == 0
    listed = subprocess.run(
        [*_python(_MAIN), "sessions", "list", "ana", *url],
        capture_output=True,
        check=False,
        timeout=60,
        env=_ENVIRONMENT | more,
    )
    assert (listed.returncode, listed.stderr) == (0, b"")
    assert b"\x1b" not in listed.stdout
    assert b"\\x1b[31m" in listed.stdout


def test_a_stream_that_knows_no_unicode_gets_escapes() -> None:
    """On a terminal of plain ASCII, what it can't show is written as an escape."""
    code = "import sys; sys.stdout.reconfigure(encoding='ascii')\n" + _MAIN
    answer = _run("sessions", "list", "éva", "--url", "memory://", command=_python(code))
    assert (answer.returncode, answer.stdout) == (0, b"no sessions of \\xe9va\n")


def test_the_demo_runs_on_sqlite_twice(tmp_path: Path) -> None:
    """`chatstore demo` exits 0, a second time too, and leaves no file behind."""
    for _ in range(2):
        answer = _run("demo", directory=tmp_path)
        assert (answer.returncode, answer.stderr) == (0, b"")
        assert b"8 checks held, 0 failed" in answer.stdout
        assert list(tmp_path.iterdir()) == []


def test_a_session_outlives_the_process_that_made_it(tmp_path: Path) -> None:
    """Without any URL, commands one after another share chatstore.db in the directory."""
    made = _run("sessions", "new", "ana", "--id", "s1", directory=tmp_path)
    assert (made.returncode, made.stderr) == (0, b"")
    assert (tmp_path / "chatstore.db").exists()
    _run("sessions", "append", "s1", "-", typed=b"Hello\n", directory=tmp_path)
    listed = _run("sessions", "messages", "s1", "--json", directory=tmp_path)
    assert [each["content"] for each in json.loads(listed.stdout)["items"]] == ["Hello"]
    shown = _run("sessions", "show", "s1", "--json", directory=tmp_path)
    assert [each["content"] for each in json.loads(shown.stdout)["messages"]] == ["Hello"]
