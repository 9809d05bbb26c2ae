"""The one way out: what the command line writes to standard output and standard error."""

import io
import json
import os
import sys
from collections.abc import Sequence
from typing import TextIO

import typer
from rich.console import Console, RenderableType

from chatstore.cli.exit_codes import ExitCode
from chatstore.cli.printable import printable


def prepare_streams() -> None:
    """Let no character fail to be written: what a stream's encoding lacks becomes an escape."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def write(text: str) -> None:
    """Write `text`, which must be printable, to standard output. Leaves by `typer.Exit` if that
    can't be written to."""
    # A stream that the caller closed is None.
    reason: object = "it is closed"
    try:
        if sys.stdout is not None:
            sys.stdout.write(text)
            sys.stdout.flush()
            return
    except BrokenPipeError:
        # Whoever reads has gone, `head` for one.
        _discard(sys.stdout)
        raise typer.Exit(ExitCode.BROKEN_PIPE) from None
    except OSError as error:
        reason = error.strerror
    raise typer.Exit(unwritten(reason))


def unwritten(reason: object) -> ExitCode:
    """Say that standard output can't be written to; the exit code."""
    _discard(sys.stdout)
    write_error(
        f"chatstore: what was asked is done, but standard output can't be written to: {reason}\n"
    )
    return ExitCode.UNWRITTEN


def write_error(text: str) -> None:
    """Write `text`, which must be printable, to standard error, if anybody can read it."""
    try:
        if sys.stderr is not None:
            sys.stderr.write(text)
            sys.stderr.flush()
    except OSError:
        _discard(sys.stderr)


def json_line(document: object) -> str:
    """One JSON document on one line. Pure ASCII: every control character is escaped."""
    return json.dumps(document, ensure_ascii=True, allow_nan=False) + "\n"


def tell(document: object, lines: Sequence[str], *, as_json: bool) -> None:
    """Write one answer: a JSON document, or its lines for people, made printable."""
    if as_json:
        write(json_line(document))
    else:
        text = "\n".join(lines)
        write("".join(f"{printable(line)}\n" for line in text.split("\n")))


def show(*renderables: RenderableType, wrapped: bool = True) -> None:
    """Lay out what is shown to people. A str is text and never markup; it must be printable.

    With `wrapped` false a line stays one line, however long, so that it can be copied.
    """
    console = Console(file=sys.stdout or io.StringIO(), markup=False, highlight=False, emoji=False)
    # Captured, and not printed at once, so that a closed pipe is met in one place.
    with console.capture() as captured:
        for renderable in renderables:
            console.print(renderable, soft_wrap=not wrapped)
    # Tables are filled up with spaces to their width.
    write("\n".join(line.rstrip(" ") for line in captured.get().split("\n")))


def _discard(stream: TextIO | None) -> None:
    """Let nothing be written at the process's end either, where it would fail again."""
    if stream is None:
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
