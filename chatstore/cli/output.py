"""The one way out: what the command line writes to standard output and standard error."""

import io
import json
import os
import sys
from typing import TextIO

import typer
from rich.console import Console, RenderableType

_BROKEN_PIPE = 141
"""What a shell reports of a program that SIGPIPE ended."""


def prepare_streams() -> None:
    """Let no character fail to be written: what a stream's encoding lacks becomes an escape."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def write(text: str) -> None:
    """Write `text`, which must be printable, to standard output."""
    _write(sys.stdout, text)


def write_error(text: str) -> None:
    """Write `text`, which must be printable, to standard error."""
    _write(sys.stderr, text)


def json_line(document: object) -> str:
    """One JSON document on one line. Pure ASCII: every control character is escaped."""
    return json.dumps(document, ensure_ascii=True, allow_nan=False) + "\n"


def show(*renderables: RenderableType, wrapped: bool = True) -> None:
    """Lay out what is shown to people. A str is text and never markup; it must be printable.

    With `wrapped` false a line stays one line, however long, so that it can be copied.
    """
    console = Console(file=sys.stdout, markup=False, highlight=False, emoji=False)
    # Captured, and not printed at once, so that a closed pipe is met in one place.
    with console.capture() as captured:
        for renderable in renderables:
            console.print(renderable, soft_wrap=not wrapped)
    # Tables are filled up with spaces to their width.
    write("\n".join(line.rstrip(" ") for line in captured.get().split("\n")))


def _write(stream: TextIO, text: str) -> None:
    try:
        stream.write(text)
        stream.flush()
    except BrokenPipeError:
        # Whoever reads has gone, `head` for one. Nothing may be written at the process's end.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        raise typer.Exit(_BROKEN_PIPE) from None
