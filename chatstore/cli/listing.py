"""A page of sessions as people read it: two lines for each, which fit 80 columns."""

import json
from collections.abc import Sequence

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from chatstore.cli.printable import printable
from chatstore.models import SessionInfo

_HEADS = ("SESSION", "UPDATED (UTC)", "COUNT", "STATUS")
_TIME = "%Y-%m-%d %H:%M:%S"
_GAP = 2
_WIDEST_STATUS = 12
_NARROWEST_ID = 8
_INDENT = 4


class SessionsList:
    """The head of the table, then of each session its id, last update, count and status, and below
    them when it was made, by which it is listed, and its title."""

    def __init__(self, sessions: Sequence[SessionInfo]) -> None:
        self._rows = [_cells(each) for each in sessions]
        self._below = [
            f"created {each.created_at:{_TIME}}  {title_of(each)}".rstrip() for each in sessions
        ]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Lay it out in the width that there is."""
        widths = self._widths(options.max_width)
        yield _line(_HEADS, widths, style="bold")
        for row, below in zip(self._rows, self._below, strict=True):
            yield _line(row, widths)
            # A title is cut, by the cells that it takes: people know one by its beginning.
            text = Text(below, style="dim", no_wrap=True, overflow="ellipsis")
            yield Padding(text, (0, 0, 0, _INDENT))

    def _widths(self, available: int) -> list[int]:
        wanted = [max(map(cell_len, column)) for column in zip(_HEADS, *self._rows, strict=True)]
        wanted[-1] = min(wanted[-1], _WIDEST_STATUS)
        left = available - sum(wanted[1:]) - _GAP * (len(wanted) - 1)
        return [min(wanted[0], max(_NARROWEST_ID, left)), *wanted[1:]]


def title_of(session: SessionInfo) -> str:
    """The title that the metadata give, on one line; "" if they give none."""
    title = session.metadata.get("title")
    if title is None:
        return ""
    return printable(title if isinstance(title, str) else json.dumps(title, ensure_ascii=False))


def _cells(session: SessionInfo) -> tuple[str, ...]:
    return (
        printable(session.session_id),
        f"{session.updated_at:{_TIME}}",
        str(session.message_count),
        printable(session.session_status),
    )


def _line(cells: Sequence[str], widths: Sequence[int], *, style: str = "") -> Table:
    """One line with columns of these widths; what is longer is folded."""
    grid = Table.grid(padding=(0, _GAP, 0, 0))
    for head, width in zip(_HEADS, widths, strict=True):
        justify = "right" if head == "COUNT" else "left"
        grid.add_column(width=width, overflow="fold", justify=justify, style=style)  # type: ignore[arg-type]
    grid.add_row(*map(Text, cells))
    return grid
