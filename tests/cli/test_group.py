"""The command line as a function, and what it does with streams and errors of others."""

import io
import sys

import pytest
import typer

from chatstore import SessionInfo, utc_now
from chatstore.cli import application, group, output, rendering


def test_a_caller_may_ask_for_the_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    """Not standing alone, the command line returns its exit code and ends no process."""
    assert application.application(["nonsense"], standalone_mode=False) == 2
    assert "nonsense" in capsys.readouterr().err


def test_a_usage_error_of_an_extensions_own_is_told_as_it_is() -> None:
    """An error that knows no command has no help to point to."""
    assert "no such place" in group._usage_message(typer.BadParameter("no such place"))
    assert "--help" not in group._usage_message(typer.BadParameter("no such place"))


def test_any_stream_can_be_written_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream in memory, as a program may put in place of standard output, is left as it is."""
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stdout", stream)
    output.prepare_streams()
    output.write("told")
    assert stream.getvalue() == "told"


def test_a_session_without_a_ttl_never_expires() -> None:
    """People read when a session expires; "never" if it does not."""
    info = SessionInfo(session_id="s", user_id="ana", created_at=utc_now())
    assert rendering.expiry_text(info) == "never"
