"""Questions before what can't be undone."""

import sys

import typer

from chatstore.cli import output
from chatstore.cli.failures import UsageError


def confirm(question: str, refusal: str) -> None:
    """Ask on standard error, and leave by `typer.Abort` for any answer but yes. Where nobody can
    answer, raise `UsageError` with `refusal`. Both must be printable."""
    if not somebody_can_answer():
        raise UsageError(refusal)
    # typer's own question would write a part of itself to standard output.
    output.write_error(f"{question} [y/N] ")
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        raise typer.Abort


def somebody_can_answer() -> bool:
    """Whether a person sees what is asked, and can answer it."""
    # A stream that the caller closed is None.
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stderr))
