"""Two connections that do the same to one file, the second in the middle of what the first does."""

import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path


def done_by_two(
    path: Path,
    moment: int,
    act: Callable[[sqlite3.Cursor], object],
    check: Callable[[sqlite3.Cursor], object],
) -> bool:
    """Act on a file, and at the start of the statement `moment` by a second connection too; then by
    both once more, when none is in the other's way, and check what each of them finds. Whether the
    act had so many statements."""
    seen = 0
    with (
        closing(sqlite3.connect(path, isolation_level=None, timeout=0)) as first,
        closing(sqlite3.connect(path, isolation_level=None, timeout=0)) as second,
    ):

        def interleave(_statement: str) -> None:
            nonlocal seen
            seen += 1
            # While the first one writes, the second one has to wait.
            with suppress(sqlite3.OperationalError):
                if seen == moment:
                    act(second.cursor())

        first.set_trace_callback(interleave)
        with suppress(sqlite3.OperationalError):
            act(first.cursor())
        first.set_trace_callback(None)
        for connection in (first, second):
            act(connection.cursor())
            check(connection.cursor())
    return seen >= moment
