"""`sessions messages`, and messages of several parts wherever they are shown."""

from typing import Any

import pytest

from chatstore import (
    BackendUnavailableError,
    JsonObject,
    MemorySessionStore,
    Message,
    Page,
    RetentionPolicy,
)

from .conftest import Terminal

HISTORY = RetentionPolicy(max_messages=3, keep_history=True)


def _make(terminal: Terminal, count: int) -> MemorySessionStore:
    """A session "s1" of "ana" with history, and messages "m0", "m1" and so on."""
    store = MemorySessionStore(terminal.storage, policy=HISTORY, clock=terminal.clock)
    sent = [
        Message(message_id=f"m{number}", type="user", content=f"said {number}")
        for number in range(count)
    ]
    store.create("ana", session_id="s1", messages=sent)
    return store


def _ids(document: Any) -> list[str]:
    return [each["messageId"] for each in document["items"]]


@pytest.mark.parametrize("size", [1, 2, 3, 8])
@pytest.mark.parametrize("order", [(), ("--oldest-first",)])
def test_pages_in_either_order_go_on_at_their_cursor(
    terminal: Terminal, size: int, order: tuple[str, ...]
) -> None:
    """Whatever a page holds: page after page, each message of a history comes once and in order,
    with the session's version, and as it is stored."""
    _make(terminal, 7)
    found: list[str] = []
    cursor: list[str] = []
    while True:
        answer = terminal.run(
            *("sessions", "messages", "s1", "--limit", f"{size}", "--json", *order, *cursor)
        )
        assert (answer.code, answer.err) == (0, "")
        assert answer.document["version"] == 1
        found += _ids(answer.document)
        if answer.document["nextCursor"] is None:
            break
        assert len(answer.document["items"]) == size
        cursor = ["--cursor", answer.document["nextCursor"]]
    expected = [f"m{number}" for number in range(7)]
    assert found == (expected if order else expected[::-1])
    stored = {each["messageId"]: each for each in terminal.storage.documents["s1"]["messages"]}
    assert all(each == stored[each["messageId"]] for each in answer.document["items"])


def test_all_leaves_no_message_out(terminal: Terminal) -> None:
    """--all walks every page, for people and programs, from the cursor on if there is one; it does
    not go with --limit."""
    _make(terminal, 1_003)
    newest_first = [f"m{number}" for number in range(1_002, -1, -1)]
    everything = terminal.run("sessions", "messages", "s1", "--all", "--json").document
    assert _ids(everything) == newest_first
    assert everything["nextCursor"] is None
    cursor = terminal.run(*("sessions", "messages", "s1", "--limit", "2", "--json")).document
    rest = terminal.run(
        *("sessions", "messages", "s1", "--all", "--json", "--cursor", cursor["nextCursor"])
    )
    assert _ids(rest.document) == newest_first[2:]
    assert terminal.run("sessions", "messages", "s1", "--all", "--limit", "2").code == 2


def test_the_text_is_a_block_for_each_message_and_a_cursor(terminal: Terminal) -> None:
    """People see a page of 50, each message as `show` prints it, and how to go on; the last page
    does not say so."""
    _make(terminal, 52)
    first = terminal.run("sessions", "messages", "s1")
    assert first.code == 0
    blocks = first.out.split("\n\n")
    assert len(blocks) == 51
    assert blocks[0].endswith("user  m51\n    said 51")
    assert blocks[0] in terminal.run("sessions", "show", "s1").out
    cursor = blocks[-1].removeprefix("more follow: --cursor ").strip()
    last = terminal.run("sessions", "messages", "s1", "--cursor", cursor)
    assert [each.splitlines()[-1] for each in last.out.split("\n\n")] == [
        "    said 1",
        "    said 0",
    ]


def test_a_page_is_shown_before_the_next_is_read(terminal: Terminal) -> None:
    """With --all memory need not hold a long history: what was read before a failure is on standard
    output, and the exit code tells of the failure."""

    class Breaking(MemorySessionStore):
        def list_messages(self, session_id: str, **options: Any) -> Page[Message]:
            if options["cursor"] is not None:
                raise BackendUnavailableError("the second page")
            return super().list_messages(session_id, **options)

    _make(terminal, 1_001)
    terminal.store_class = Breaking
    answer = terminal.run("sessions", "messages", "s1", "--all", "--oldest-first")
    assert answer.code == 4
    assert answer.out.count("said ") == 1_000
    assert "the second page" in answer.err
    assert terminal.run("sessions", "messages", "s1", "--all", "--json").out == ""


def test_a_cursor_stays_good_while_messages_arrive(terminal: Terminal) -> None:
    """What is appended between two pages moves nothing."""
    store = _make(terminal, 4)
    page = terminal.run(*("sessions", "messages", "s1", "--limit", "2", "--json")).document
    store.append("s1", Message(message_id="later", type="user", content="later"))
    rest = terminal.run("sessions", "messages", "s1", "--cursor", page["nextCursor"], "--json")
    assert _ids(page) + _ids(rest.document) == ["m3", "m2", "m1", "m0"]


def test_a_session_without_history_shows_its_window(terminal: Terminal) -> None:
    """What left the window is gone; a session without messages says so."""
    terminal.run("sessions", "new", "ana", "--id", "s1")
    empty = terminal.run("sessions", "messages", "s1")
    assert (empty.code, empty.out) == (0, "no messages in s1\n")
    for number in range(12):
        terminal.run("sessions", "append", "s1", "x", "--message-id", f"m{number}")
    found = terminal.run("sessions", "messages", "s1", "--oldest-first", "--json").document
    assert _ids(found) == [f"m{number}" for number in range(2, 12)]


@pytest.mark.parametrize(
    "options", [("--limit", "0"), ("--limit", "1001"), ("--cursor", "x"), ("--cursor", "")]
)
def test_what_no_page_takes_is_refused(terminal: Terminal, options: tuple[str, str]) -> None:
    """Invalid input is exit code 2 and one line on standard error."""
    _make(terminal, 1)
    answer = terminal.run("sessions", "messages", "s1", *options)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.count("\n") == 1


def test_a_history_is_told_of(terminal: Terminal) -> None:
    """`show` says that all is kept, how much that is, and how large the window is; an append says
    how many there are."""
    _make(terminal, 8)
    shown = terminal.run("sessions", "show", "s1").out
    assert "8 kept" in shown
    assert "kept whole; the window holds 3" in shown
    assert shown.count("said ") == 3
    assert terminal.run("sessions", "show", "s1", "--json").document["history"] == 3
    appended = terminal.run("sessions", "append", "s1", "x")
    assert "9 counted, 9 kept" in appended.out


def test_parts_and_tool_calls_are_shown(terminal: Terminal) -> None:
    """Text parts are shown as text and all others as JSON, below the head and indented; then what
    else there is, tool calls for one; a message without content has its head alone."""
    parts: list[JsonObject] = [
        {"type": "text", "text": "Look at\nthis"},
        {"type": "image_url", "image_url": {"url": "https://example.com/é.png"}},
        {"type": "text", "text": "cached", "cache_control": {"type": "ephemeral"}},
        {"type": "text", "text": 5},
    ]
    calls = [{"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{}"}}]
    messages = [
        Message(message_id="m1", type="user", content=parts),
        Message(message_id="m2", type="assistant", tool_calls=calls),
        Message(message_id="m3", type="note"),
        Message(message_id="m4", type="tool", content="7", tool_call_id="c1", name="look"),
    ]
    terminal.store().create("ana", session_id="s1", messages=messages)
    for command in ("show", "messages --oldest-first"):
        out = terminal.run("sessions", *command.split()[:1], "s1", *command.split()[1:]).out
        # Folded at the terminal's width.
        flat = out.replace("\n    ", " ")
        assert "m1 Look at this {" in flat
        assert '{"type": "image_url", "image_url": {"url": "https://example.com/é.png"}}' in flat
        assert '{"type": "text", "text": "cached", "cache_control": {"type": "ephemeral"}}' in flat
        assert '{"type": "text", "text": 5}' in flat
        assert 'm2 {"toolCalls": [{"id": "c1", "type": "function", "function": {"name":' in flat
        assert "  note  m3\n\n" in out
        assert 'm4 7 {"toolCallId": "c1", "name": "look"}' in flat
    document = terminal.run("sessions", "show", "s1", "--json").document
    assert document == terminal.storage.documents["s1"]
