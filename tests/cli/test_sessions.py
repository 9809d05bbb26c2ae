import time
from collections.abc import Iterator
from datetime import timedelta

import pytest

from .conftest import Terminal


@pytest.fixture
def far_from_utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The machine's own time zone is nine hours from UTC."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "XYZ-9")
        time.tzset()
        yield
    time.tzset()


def test_new_prints_the_record_in_its_stored_shape(terminal: Terminal) -> None:
    """`sessions new --json` writes one document with the stored, camelCase names, and that is what
    the store holds."""
    answer = terminal.run(
        *("sessions", "new", "ana", "--id", "s1", "--status", "closed", "--json"),
        *("--preference", 'genres=["drama"]', "--preference", "year=1999"),
        *("--metadata", 'title="A night"', "--metadata", "nothing=null"),
        *("--message", "Hello", "--message", "Anybody?", "--type", "user"),
    )
    assert (answer.code, answer.err) == (0, "")
    assert answer.document == terminal.storage.documents["s1"]
    assert answer.document["userPreferences"] == {"genres": ["drama"], "year": 1999}
    assert answer.document["metadata"] == {"title": "A night"}
    assert answer.document["sessionStatus"] == "closed"
    written = [(each["type"], each["content"]) for each in answer.document["messages"]]
    assert written == [("user", "Hello"), ("user", "Anybody?")]


def test_new_with_a_taken_id_is_a_conflict(terminal: Terminal) -> None:
    """Exit code 3 tells a script that the session exists already."""
    assert terminal.run("sessions", "new", "ana", "--id", "s1").code == 0
    again = terminal.run("sessions", "new", "ana", "--id", "s1")
    assert again.code == 3
    assert "exists already" in again.err


@pytest.mark.parametrize(
    "given",
    ["genre", "=1", "genre=drama", "genre=NaN", "genre=", "genre=1e400", "genre=" + "[" * 5000],
)
def test_an_entry_that_is_not_json_is_refused(terminal: Terminal, given: str) -> None:
    """A KEY=JSON option that can't be read is exit code 2, one line, and nothing is written."""
    answer = terminal.run("sessions", "new", "ana", "--preference", given)
    assert answer.code == 2
    assert answer.err.count("\n") == 1
    assert terminal.storage.documents == {}


def test_a_key_given_twice_is_refused(terminal: Terminal) -> None:
    """Of two values for one key neither is silently lost."""
    answer = terminal.run("sessions", "new", "ana", "--metadata", "a=1", "--metadata", "a=2")
    assert answer.code == 2
    assert "given twice" in answer.err


def test_list_pages_newest_first_with_a_cursor(terminal: Terminal) -> None:
    """`sessions list` gives a page, and `--cursor` goes on after it; the last page has none."""
    _make(terminal, 5)
    first = terminal.run("sessions", "list", "ana", "--limit", "3", "--json").document
    assert [each["sessionId"] for each in first["items"]] == ["s4", "s3", "s2"]
    cursor = first["nextCursor"]
    second = terminal.run("sessions", "list", "ana", "--cursor", cursor, "--json").document
    assert [each["sessionId"] for each in second["items"]] == ["s1", "s0"]
    assert second["nextCursor"] is None


def test_the_text_of_a_list_carries_the_whole_cursor(terminal: Terminal) -> None:
    """People get a table that fits 80 columns, and a cursor on one line, to be copied."""
    _make(terminal, 2, prefix="c0ffee00-0000-4000-8000-00000000000")
    answer = terminal.run("sessions", "list", "ana", "--limit", "1")
    rows = answer.out.splitlines()
    assert "c0ffee00-0000-4000-8000-000000000001" in rows[1]
    assert max(map(len, rows[:2])) <= 80
    cursor = rows[-1].removeprefix("more follow: --cursor ")
    rest = terminal.run("sessions", "list", "ana", "--cursor", cursor)
    assert "000000000000" in rest.out
    assert "more follow" not in rest.out


@pytest.mark.usefixtures("far_from_utc")
def test_list_filters_and_turns_round(terminal: Terminal) -> None:
    """--oldest-first, --from (included), --before (excluded) and --status are the store's own; a
    time without a zone is UTC, wherever the machine stands."""
    _make(terminal, 4)
    terminal.run("sessions", "set", "s2", "--status", "closed")
    assert _listed(terminal, "--oldest-first") == ["s0", "s1", "s2", "s3"]
    assert _listed(terminal, "--from", "2026-01-01T00:01:00") == ["s3", "s2", "s1"]
    assert _listed(terminal, "--from", "2026-01-01T01:02:00+01:00") == ["s3", "s2"]
    assert _listed(terminal, "--before", "2026-01-01T00:01:00Z") == ["s0"]
    assert _listed(terminal, "--before", "2026-01-01") == []
    assert _listed(terminal, "--status", "closed") == ["s2"]


def test_list_all_walks_every_page(terminal: Terminal) -> None:
    """--all leaves no session out, whatever a page holds, and no cursor over."""
    _make(terminal, 1003)
    answer = terminal.run("sessions", "list", "ana", "--all", "--json").document
    assert [each["sessionId"] for each in answer["items"]] == [f"s{n}" for n in range(1002, -1, -1)]
    assert answer["nextCursor"] is None
    assert terminal.run("sessions", "list", "ana", "--all", "--limit", "3").code == 2


@pytest.mark.parametrize(
    "options",
    [("--limit", "0"), ("--limit", "x"), ("--cursor", "x"), ("--from", "soon"), ("--status", "")],
)
def test_list_refuses_what_no_listing_takes(terminal: Terminal, options: tuple[str, str]) -> None:
    """Invalid input is exit code 2 and one line on standard error."""
    answer = terminal.run("sessions", "list", "ana", *options)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.count("\n") == 1


def test_show_tells_everything_of_a_session(terminal: Terminal) -> None:
    """`sessions show` has the session's attributes and its messages, for people and programs."""
    terminal.run("sessions", "new", "ana", "--id", "s1", "--metadata", 'title="Été"')
    terminal.run("sessions", "append", "s1", "Hello\nthere", "--message-id", "m1")
    terminal.storage.documents["s1"]["channel"] = "mobile"
    shown = terminal.run("sessions", "show", "s1", "--user", "ana")
    assert shown.code == 0
    for text in (
        "ana",
        "active",
        '{"title": "Été"}',
        "2026-01-31 00:00:00 UTC",
        "m1",
        "1 kept",
        "mobile",
    ):
        assert text in shown.out
    assert "    Hello\n    there\n" in shown.out
    document = terminal.run("sessions", "show", "s1", "--json").document
    assert document == terminal.storage.documents["s1"]


@pytest.mark.parametrize(
    "command",
    [("show", "s1"), ("messages", "s1"), ("append", "s1", "x"), ("set", "s1"), ("delete", "s1")],
)
def test_another_users_session_is_not_found(terminal: Terminal, command: tuple[str, ...]) -> None:
    """--user is the ownership check: exit code 1, the same as for a session that never was, and
    nothing changes."""
    missing = terminal.run("sessions", *command, "--user", "eve")
    terminal.run("sessions", "new", "ana", "--id", "s1")
    before = dict(terminal.storage.documents["s1"])
    theirs = terminal.run("sessions", *command, "--user", "eve")
    assert (missing.code, missing.err) == (theirs.code, theirs.err)
    assert theirs.code == 1
    assert terminal.storage.documents["s1"] == before


def test_append_with_the_same_id_is_stored_once(terminal: Terminal) -> None:
    """A command that is run again with its --message-id counts once."""
    terminal.run("sessions", "new", "ana", "--id", "s1")
    for _ in range(2):
        answer = terminal.run("sessions", "append", "s1", "Hello", "--message-id", "m1", "--json")
        assert answer.code == 0
        assert answer.document["messageCount"] == 1
        assert [each["messageId"] for each in answer.document["messages"]] == ["m1"]


def test_append_reads_standard_input(terminal: Terminal) -> None:
    """`-` takes the text from standard input, less the one newline that a shell adds."""
    terminal.run("sessions", "new", "ana", "--id", "s1")
    typed = "two\nlines é\n\n"
    answer = terminal.run("sessions", "append", "s1", "-", "--type", "note", typed=typed)
    assert answer.code == 0
    stored = terminal.storage.documents["s1"]["messages"][0]
    assert (stored["content"], stored["type"]) == ("two\nlines é\n", "note")


@pytest.mark.parametrize("typed", [b"\xff\xfe", b"x" * 336_001], ids=["not UTF-8", "too much"])
def test_append_refuses_unusable_standard_input(terminal: Terminal, typed: bytes) -> None:
    """What no message can hold is exit code 2, and nothing is written."""
    terminal.run("sessions", "new", "ana", "--id", "s1")
    answer = terminal.run("sessions", "append", "s1", "-", typed=typed)
    assert answer.code == 2
    assert answer.err.startswith("chatstore: standard input: ")
    assert terminal.storage.documents["s1"]["version"] == 1


@pytest.mark.parametrize("command", [("append", "s1", "x"), ("set", "s1"), ("delete", "s1")])
def test_if_version_makes_a_write_conditional(terminal: Terminal, command: tuple[str, ...]) -> None:
    """--if-version with another version is exit code 3; with the right one the write happens."""
    terminal.run("sessions", "new", "ana", "--id", "s1")
    assert terminal.run("sessions", *command, "--if-version", "7").code == 3
    assert terminal.storage.documents["s1"]["version"] == 1
    assert terminal.run("sessions", *command, "--if-version", "1").code == 0


def test_set_merges_and_removes(terminal: Terminal) -> None:
    """Keys are merged one by one, KEY=null removes one, and the status is set."""
    terminal.run("sessions", "new", "ana", "--id", "s1", *("--preference", "a=1"))
    changed = terminal.run(
        *("sessions", "set", "s1", "--preference", "a=null", "--preference", 'b={"c": 2}'),
        *("--metadata", "d=true", "--status", "archived", "--json"),
    ).document
    assert changed["userPreferences"] == {"b": {"c": 2}}
    assert changed["metadata"] == {"d": True}
    assert changed["sessionStatus"] == "archived"


def test_set_of_nothing_renews_the_time_to_live(terminal: Terminal) -> None:
    """`sessions set ID` alone is the touch."""
    made = terminal.run("sessions", "new", "ana", "--id", "s1", "--json").document
    terminal.clock.advance(timedelta(days=3))
    touched = terminal.run("sessions", "set", "s1", "--json").document
    assert touched["ttl"] == made["ttl"] + 3 * 86_400


def test_delete_removes_once(terminal: Terminal) -> None:
    """`sessions delete` does not ask; the second time there is nothing, which is exit code 1."""
    terminal.run("sessions", "new", "ana", "--id", "s1")
    first = terminal.run("sessions", "delete", "s1", "--json")
    assert (first.code, first.document) == (0, {"sessionId": "s1", "deleted": True})
    second = terminal.run("sessions", "delete", "s1", "--json")
    assert (second.code, second.out, second.error["exitCode"]) == (1, "", 1)


def test_the_url_is_the_options_then_the_environments_then_a_file(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """--url goes before CHATSTORE_URL, and without either it is chatstore.db here."""
    terminal.run("ping")
    monkeypatch.setenv("CHATSTORE_URL", "memory://from-environment")
    terminal.run("ping")
    terminal.run("ping", "--url", "memory://from-option")
    assert terminal.urls == [
        "sqlite:///chatstore.db",
        "memory://from-environment",
        "memory://from-option",
    ]


def _make(terminal: Terminal, count: int, prefix: str = "s") -> None:
    store = terminal.store()
    for number in range(count):
        store.create("ana", session_id=f"{prefix}{number}")
        terminal.clock.advance(timedelta(minutes=1))


def _listed(terminal: Terminal, *options: str) -> list[str]:
    document = terminal.run("sessions", "list", "ana", *options, "--json").document
    return [each["sessionId"] for each in document["items"]]
