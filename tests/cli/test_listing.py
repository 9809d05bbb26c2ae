"""`sessions list` as people read it."""

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from chatstore import SessionInfo, utc_now
from chatstore.cli.listing import SessionsList, title_of

from .conftest import Terminal


def _laid_out(sessions: list[SessionInfo], width: int) -> list[str]:
    console = Console(width=width, markup=False, highlight=False, emoji=False, color_system=None)
    with console.capture() as captured:
        console.print(SessionsList(sessions))
    return captured.get().splitlines()


def _session(**fields: Any) -> SessionInfo:
    given: dict[str, Any] = {"session_id": "s", "user_id": "ana", "created_at": utc_now()}
    return SessionInfo(**{**given, **fields})


def test_a_list_shows_titles_and_last_updates(terminal: Terminal) -> None:
    """Each session has its title, if it has one, and both its times, in 80 columns."""
    identifier = "c0ffee00-0000-4000-8000-000000000000"
    title = 'title="A quiet film"'
    terminal.run("sessions", "new", "ana", "--id", identifier, "--metadata", title)
    terminal.clock.advance(timedelta(hours=5, minutes=7))
    terminal.run("sessions", "append", identifier, "Hello")
    terminal.clock.advance(timedelta(minutes=1))
    terminal.run("sessions", "new", "ana", "--id", "untitled")
    assert terminal.run("sessions", "list", "ana").out == (
        "SESSION                               UPDATED (UTC)        COUNT  STATUS\n"
        "untitled                              2026-01-01 05:08:00      0  active\n"
        "    created 2026-01-01 05:08:00\n"
        "c0ffee00-0000-4000-8000-000000000000  2026-01-01 05:07:00      1  active\n"
        "    created 2026-01-01 00:00:00  A quiet film\n"
    )


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("A night", "A night"),
        (None, ""),
        ("", ""),
        (7, "7"),
        ({"a": "é"}, '{"a": "é"}'),
        ("two\nlines \x1b[31m\u202e", r"two\nlines \x1b[31m\u202e"),
        ("[red]no markup[/red] :bomb:", "[red]no markup[/red] :bomb:"),
    ],
)
def test_any_title_is_one_printable_line(title: object, shown: str) -> None:
    """A title is whatever JSON somebody put there; controls are escaped, markup is text."""
    assert title_of(_session(metadata={"title": title})) == shown
    assert shown in _laid_out([_session(metadata={"title": title})], 80)[2]


_TEXT = st.text(st.sampled_from("aé映画👩🚀\u200d[/]\\ \x1b\u202e\n:"), max_size=90)


@given(
    st.lists(st.tuples(_TEXT, _TEXT.filter(bool), _TEXT.filter(bool)), min_size=1, max_size=4),
    st.integers(60, 200),
)
def test_no_line_is_wider_than_the_terminal(texts: list[tuple[str, str, str]], width: int) -> None:
    """Whatever ids, titles and statuses are made of, wide characters among them, each line has at
    most the terminal's cells, nothing that it would obey, and each session its two times."""
    sessions = [
        _session(session_id=identifier, metadata={"title": title}, session_status=status)
        for title, identifier, status in texts
    ]
    lines = _laid_out(sessions, width)
    assert max(map(cell_len, lines)) <= width
    assert all(each.replace("\u200d", "").isprintable() for each in lines)
    assert sum("    created 20" in each for each in lines) >= len(sessions)


def test_a_list_as_json_is_whole(terminal: Terminal) -> None:
    """What the table cuts is in the document."""
    title = "long " * 50
    terminal.run("sessions", "new", "ana", "--metadata", f"title={json.dumps(title)}")
    assert title not in terminal.run("sessions", "list", "ana").out
    (item,) = terminal.run("sessions", "list", "ana", "--json").document["items"]
    assert item["metadata"] == {"title": title}
