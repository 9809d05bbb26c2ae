"""The command line as a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

_MAIN = "import sys; from chatstore.cli import main; main()"
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
    shown = _run("sessions", "show", "s1", "--json", directory=tmp_path)
    assert [each["content"] for each in json.loads(shown.stdout)["messages"]] == ["Hello"]
