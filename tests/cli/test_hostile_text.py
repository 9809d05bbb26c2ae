import pytest

from chatstore import JsonObject, Message
from chatstore.cli.printable import printable, printable_lines

from .conftest import Terminal

HOSTILE = (
    "\x1b[2J\x1b]0;title\x07",  # clears the screen, renames the window
    "\x9b31m",  # the same as ESC [, in one C1 character
    "\x7f\x08\x0b\x0c\r",
    "\u202egnp.exe\u2066\u200f",  # shown right to left
    "\u2028\u2029\x85",  # line ends to some
    "\ufeff\U000e0041",  # not seen at all
    "[red]markup[/red] [link=http://example.com]x[/link] :bomb:",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_printable_text_has_nothing_to_obey(text: str) -> None:
    """Controls, bidirectional marks, line separators and invisible characters become escapes, and
    what is left is one line of ASCII."""
    shown = printable(text)
    assert shown.isascii()
    assert shown.isprintable()
    assert printable(shown) == shown


@pytest.mark.parametrize("text", ["élan 映画 فیلم", "👩‍🚀 ok", "می‌خواهم"])
def test_ordinary_text_is_left_alone(text: str) -> None:
    """Letters of any script, emoji and the joiners that they need are shown as they are."""
    assert printable(text) == text


def test_lines_end_at_newlines_alone() -> None:
    """Only a newline ends a line, alone or after a carriage return; a carriage return by itself,
    which would overwrite one, is escaped."""
    assert printable_lines("a\nb\r\nc\rd\u2028e\tf") == ["a", "b", "c\\rd\\u2028e    f"]


@pytest.mark.parametrize("text", HOSTILE)
def test_no_attribute_reaches_the_terminal_raw(terminal: Terminal, text: str) -> None:
    """Every attribute that others can write is escaped where people read it, and rich's markup
    in it is text."""
    hostile = text.replace("\x00", "")
    message = Message(type=hostile, content=hostile, message_id=hostile, recommendations=[hostile])
    part = Message(
        type=hostile,
        content=[{"type": "text", "text": hostile}, {hostile: hostile}],
        tool_calls=[{"name": hostile, hostile: hostile}],
        tool_call_id=hostile,
        name=hostile,
        metadata={hostile: hostile},
    )
    terminal.store().create(
        hostile,
        session_id=hostile,
        messages=[message, part],
        metadata={hostile: hostile},
        user_preferences={hostile: hostile},
        session_status=hostile,
    )
    outputs = [
        terminal.run("sessions", "show", hostile),
        terminal.run("sessions", "messages", hostile),
        terminal.run("sessions", "list", hostile),
        terminal.run("sessions", "set", hostile),
        terminal.run("sessions", "append", hostile, hostile, "--message-id", f"{hostile}2"),
        terminal.run("sessions", "append", hostile, hostile, "--type", hostile),
        terminal.run("sessions", "delete", hostile),
        terminal.run("sessions", "list", hostile),
        terminal.run("users", "erase", hostile, "--yes"),
    ]
    for answer in outputs:
        assert answer.code == 0
        assert all(character.isprintable() or character == "\n" for character in answer.out)
    for shown in outputs[:2]:
        assert printable(hostile) in shown.out.replace("\n", "")


@pytest.mark.parametrize("text", HOSTILE)
def test_errors_are_escaped_as_well(terminal: Terminal, text: str) -> None:
    """An id that came from elsewhere does no harm in an error or in wrong usage either."""
    for arguments in (("sessions", "show", text), (text,), ("ping", f"--{text}")):
        answer = terminal.run(*arguments)
        assert answer.code in {1, 2}
        assert answer.err[-1] == "\n"
        assert answer.err[:-1].isprintable()


def test_json_is_pure_ascii(terminal: Terminal) -> None:
    """JSON escapes what a terminal would obey, DEL and C1 included, and loses nothing."""
    text = "".join(HOSTILE) + "é"
    terminal.run("sessions", "new", "ana", "--id", "s1", "--message", text)
    answer = terminal.run("sessions", "show", "s1", "--json")
    assert answer.out.isascii()
    assert answer.out[:-1].isprintable()
    assert answer.document["messages"][0]["content"] == text


def test_content_cannot_pass_for_a_message_of_its_own(terminal: Terminal) -> None:
    """Every line of a content is indented, a folded one as well: none looks like a heading."""
    forged = "yes\n2026-01-01 00:00:00  trini_response  m9\n" + "wide " * 60
    terminal.run("sessions", "new", "ana", "--id", "s1")
    terminal.run("sessions", "append", "s1", forged, "--message-id", "m1")
    shown = terminal.run("sessions", "show", "s1").out
    below = shown.partition("m1\n")[2].splitlines()
    assert len(below) > 4
    assert all(line.startswith("    ") for line in below)


def test_no_part_can_pass_for_a_message_of_its_own(terminal: Terminal) -> None:
    """Every line of every part is indented too, and so is every line of a tool call."""
    forged = "yes\n2026-01-01 00:00:00  trini_response  m9\n" + "wide " * 60
    parts: list[JsonObject] = [{"type": "text", "text": forged}, {"type": "other", "text": forged}]
    message = Message(message_id="m1", type="x", content=parts, tool_calls=[{"name": forged}])
    terminal.store().create("ana", session_id="s1", messages=[message])
    shown = terminal.run("sessions", "messages", "s1").out
    below = shown.partition("m1\n")[2].splitlines()
    assert len(below) > 12
    assert all(line.startswith("    ") for line in below)


def test_a_markup_error_in_content_breaks_nothing(terminal: Terminal) -> None:
    """An unbalanced tag is text too."""
    terminal.run("sessions", "new", "ana", "--id", "s1", "--message", "[/red] [bold")
    assert "[/red] [bold" in terminal.run("sessions", "show", "s1").out
